"""A model's file: the one that the settings name, that of an update's active slot, or the one that lpr carries."""

from pathlib import Path

from lpr_edge.config.config import Config
from lpr_edge.base.state_dir import state_folder
from lpr_edge.runtimes.opening import find_runtime
from lpr_edge.runtimes.shipped_models import given_file, shipped_model
from lpr_edge.updates.release import UpdateError
from lpr_edge.updates.release_models import KINDS, model_in
from lpr_edge.updates.slots import FOLDER, Slots


def model_file(config: Config, name: str) -> Path:
    """The file of a model, for every command.

    Raises:
        LprError: there is none.
    """
    return given_file(config, name) or _updated_file(config, name) or shipped_model(name, config.models.runtime)


def open_slots() -> Slots:
    """The slots below the state folder.

    Raises:
        UpdateError: they can't be had.
    """
    folder = state_folder() / FOLDER
    try:
        return Slots(folder)
    except OSError as error:
        raise UpdateError(f"models can't be kept in {folder} ({error.strerror}): set STATE_DIRECTORY") from error


def suffix_of(config: Config) -> str:
    """What the names of files end with that the runtime reads."""
    name = config.models.runtime
    return ".tflite" if name == "auto" else find_runtime(name).suffixes[0]


def _updated_file(config: Config, name: str) -> Path | None:
    """The model in the active slot; None where updates are off or have brought none."""
    if not config.update.models or name not in KINDS:
        return None
    slots = open_slots()
    folder = slots.folder_of(slots.state.active)
    return None if folder is None else model_in(folder, name, suffix_of(config))

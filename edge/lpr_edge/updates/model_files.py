"""Path and runtime of each model, as configured: the user's file, an update's active slot, or the shipped one."""

from pathlib import Path
from typing import Literal

from lpr_edge.base.state_dir import state_folder
from lpr_edge.config.config import Config
from lpr_edge.contract.run.model_types import NAMED_TYPES
from lpr_edge.runtimes.runtime import Runtime, find_runtime
from lpr_edge.runtimes.shipped_models import shipped_model
from lpr_edge.updates.release import KINDS, UpdateError, model_in
from lpr_edge.updates.slots import FOLDER, Slots


def model_file(config: Config, name: str) -> Path:
    """Path of a model, for every command.

    Raises:
        LprError: there is none.
    """
    return given_file(config, name) or _updated_file(config, name) or shipped_model(name, config.models.runtime)


def given_file(config: Config, name: str) -> Path | None:
    """Path of the user's file that replaces a shipped model; None without one."""
    path: Path | None = getattr(config.models, NAMED_TYPES[name].flag.removeprefix("--"))
    return path


def open_slots() -> Slots:
    """Open the slots in the state folder.

    Raises:
        UpdateError: they can't be had.
    """
    folder = state_folder() / FOLDER
    try:
        return Slots(folder)
    except OSError as error:
        raise UpdateError(f"models can't be kept in {folder} ({error.strerror}): set STATE_DIRECTORY") from error


def configured_runtime(config: Config) -> Runtime | Literal["auto"]:
    """The configured runtime with its settings; `auto` if the model's file decides.

    Raises:
        LprError: its package can't be loaded.
    """
    name = config.models.runtime
    return "auto" if name == "auto" else find_runtime(name).with_settings(config.runtimes.get(name))


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

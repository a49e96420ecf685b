"""Open the updated models and the worker for further updates, as configured."""

from collections.abc import Callable
from dataclasses import replace

from lpr_edge.base.board import clock_is_held
from lpr_edge.base.log import log_info
from lpr_edge.config.config import Config
from lpr_edge.config.loading import each_camera
from lpr_edge.contract.base.errors import LprError
from lpr_edge.updates.model_files import configured_runtime, model_file, open_slots, suffix_of
from lpr_edge.updates.release import KINDS, UpdateError
from lpr_edge.updates.release_models import open_models
from lpr_edge.updates.update import UpdateSource
from lpr_edge.updates.update_worker import UpdateWorker


def update_source(config: Config) -> UpdateSource:
    """The configured source of models.

    Raises:
        UpdateError: they name no repository, or models next to it.
    """
    wanted = config.update
    if not wanted.models or wanted.models_root is None:
        raise UpdateError("no repository is given: set --models URL and --models-root FILE, or the keys in --config")
    for key in KINDS:
        if getattr(config.models, key) is not None:
            raise UpdateError(f"`{key}` names a model, and so does the repository: leave out either")
    device, runtime = config.delivery.device_name, config.models.runtime
    return UpdateSource(wanted.models, wanted.models_root, device, wanted.models_channel, runtime, suffix_of(config))


def with_updated_models(config: Config, counts_start: bool = False) -> Config:
    """Replace the shipped models in the settings by those of the active slot, if updates are on.

    Models that can't be opened here are left for those before them.

    Args:
        config: the settings.
        counts_start: whether a run begins, of which a release on probation may spoil few if it reads live frames.

    Raises:
        LprError: the slots can't be had.
    """
    if not config.update.models:
        return config
    update_source(config)
    slots = open_slots()
    if counts_start and _is_live(config):
        slots.note_opening()
    while (folder := slots.folder_of(slots.state.active)) is not None:
        try:
            open_models(folder, configured_runtime(config), suffix_of(config))
        except LprError as error:
            slots.revert(f"it can't be opened: {error}")
            continue
        detector, reader = (model_file(config, kind) for kind in KINDS)
        return replace(config, models=replace(config.models, detector=detector, reader=reader))
    return config


def open_update_worker(config: Config) -> UpdateWorker | None:
    """Open the worker that checks for updates; None if updates are off or impossible."""
    if not (config.update.models and _is_live(config)):
        return None
    # The settings may name the models of the active slot by now.
    source = update_source(replace(config, models=replace(config.models, detector=None, reader=None)))
    is_held: Callable[[], bool | None] = (lambda: True) if config.delivery.trust_clock else clock_is_held
    slots = open_slots()
    log_info(f"model updates: {slots.state.result}")
    return UpdateWorker(source, slots, config.update.models_every.total_seconds(), is_held)


def _is_live(config: Config) -> bool:
    return any(own.capture.is_live for own in each_camera(config))

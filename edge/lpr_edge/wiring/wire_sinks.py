"""Open the configured sinks, and the history that one of them stores."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from lpr_edge.base.state_dir import state_folder
from lpr_edge.config.config import Config
from lpr_edge.contract.country import Country, country_from_dict
from lpr_edge.contract.manifest import read_manifest
from lpr_edge.delivery.sink import SinkSettings, Site, Target
from lpr_edge.history.access import HistoryAccess, Keep
from lpr_edge.history.sink import HistorySettings
from lpr_edge.text.grammar import Grammar
from lpr_edge.updates.model_files import model_file


def open_targets(config: Config) -> list[Target]:
    """Open the targets of the outbox.

    Raises:
        LprError: one of them can't be had.
    """
    sinks = enabled_sinks(config)
    if not sinks:
        return []
    site = site_of(config)
    return [sink.open(site) for sink in sinks]


def enabled_sinks(config: Config) -> list[SinkSettings]:
    """Settings of the sinks that are on."""
    return [sink for sink in config.enabled_sinks if isinstance(sink, SinkSettings)]


def site_of(config: Config) -> Site:
    """What sinks may know of this device."""
    kept, path = config.delivery, outbox_path(config)
    name = read_manifest(model_file(config, "reader")).country.get("name", "")
    cameras = tuple(camera.name for camera in config.cameras)
    load = partial(reader_country, config)
    return Site(kept.device_name, path, kept.largest_file, name, kept.trust_clock, load, cameras)


def reader_country(config: Config) -> Country:
    """Country of the reader, without loading it.

    Raises:
        LprError: its file can't be had.
    """
    return country_from_dict(read_manifest(model_file(config, "reader")).country)


def outbox_path(config: Config) -> Path:
    """Path of the outbox, whether or not events stay in it."""
    return config.delivery.store or state_folder() / "outbox.db"


def history_settings(config: Config) -> HistorySettings:
    """The configured history settings, else their defaults."""
    settings = config.sinks.get("history", HistorySettings())
    assert isinstance(settings, HistorySettings)
    return settings


def history_access(
    config: Config,
    grammar: Grammar,
    hide: Callable[[str], str] | None = None,
    folder: Path | None = None,
    keep: Keep | None = None,
) -> HistoryAccess:
    """Access to the configured history, which may not exist yet.

    Args:
        config: the settings.
        grammar: of the reader's country.
        hide: see `HistoryAccess`.
        folder: in place of that of the settings.
        keep: see `HistoryAccess`.

    Raises:
        LprError: no folder is given, and this user has no state folder.
    """
    return HistoryAccess(folder or history_settings(config).path, grammar, hide, keep)

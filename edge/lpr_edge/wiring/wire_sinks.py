"""The sinks that the settings ask for."""

from pathlib import Path

from lpr_edge.base.config import Config
from lpr_edge.base.state_dir import state_folder
from lpr_edge.contract.manifest import read_manifest
from lpr_edge.delivery.sink import SinkSettings, Site, Target
from lpr_edge.runtimes.shipped_models import model_file


def open_targets(config: Config) -> list[Target]:
    """Where the outbox delivers events.

    Raises:
        LprError: one of them can't be had.
    """
    sinks = wanted_sinks(config)
    if not sinks:
        return []
    site = site_of(config)
    return [sink.open(site) for sink in sinks]


def wanted_sinks(config: Config) -> list[SinkSettings]:
    """The settings of the sinks that are on."""
    return [sink for sink in config.wanted_sinks if isinstance(sink, SinkSettings)]


def site_of(config: Config) -> Site:
    """What sinks know of this device."""
    country = read_manifest(model_file(config, "reader")).country.get("name", "")
    return Site(config.delivery.device_name, outbox_path(config), config.delivery.largest_file, country)


def outbox_path(config: Config) -> Path:
    """The file that events pass, kept or not."""
    return config.delivery.store or state_folder() / "outbox.db"

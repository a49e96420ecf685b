"""`lpr-edge frigate`: reads the snapshots of Frigate's events, and writes each plate as the event's sub label."""

import argparse
import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from lpr_edge.base.log import log_info
from lpr_edge.base.signals import stopping_on_sigterm
from lpr_edge.config.extensions import load_sink
from lpr_edge.config.input_groups import ModelConfig, ReadingConfig
from lpr_edge.config.loading import load_config, with_flags
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.base.units import require_setting
from lpr_edge.contract.settings.fields import settings_in
from lpr_edge.contract.settings.flags import add_flags
from lpr_edge.contract.settings.values import build_settings, check_table
from lpr_edge.frigate.frigate_api import FrigateApi, FrigateUrl

STEP_S = 0.5


@dataclass(frozen=True)
class FrigateSettings:
    """Address of Frigate, and the events to read."""

    url: FrigateUrl | None = None
    """Frigate's address, such as http://frigate:5000, the port that asks for no login"""
    topic: str = "frigate"
    """what Frigate's topics begin with, its `topic_prefix`"""
    labels: tuple[str, ...] = ("car", "motorcycle", "bus", "truck")
    """objects that have plates"""
    cameras: tuple[str, ...] = ()
    """read events of these cameras alone"""
    every: timedelta = timedelta(seconds=2)
    """an object's snapshot is read again after so long at the earliest, and at its end"""

    def __post_init__(self) -> None:
        """Reject settings without an address."""
        require_setting(self.url is not None, "url", "empty", f"Frigate's address, such as {FrigateUrl.example}")


def build_parser() -> argparse.ArgumentParser:
    """The parser of `lpr-edge frigate`."""
    parser = argparse.ArgumentParser(prog="lpr-edge frigate", description=__doc__, allow_abbrev=False)
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings in TOML; LPR_... and flags go over it")
    mqtt = load_sink("mqtt")
    add_flags(parser, settings_in(mqtt, mqtt.key_of), ("mqtt", "mqtt_password", "mqtt_ca"))
    add_flags(parser, FrigateSettings)
    add_flags(parser, ModelConfig, ("detector", "reader", "runtime", "threads"))
    add_flags(parser, ReadingConfig, ("min_confidence", "tta"))
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Read events until a signal ends it.

    Raises:
        LprError: a setting is wrong, a model can't be loaded, or an extra is missing.
    """
    with stopping_on_sigterm():
        label_events(arguments, lambda: False)
    return 0


def label_events(arguments: argparse.Namespace, is_over: Callable[[], bool]) -> None:
    """Read and label events.

    Args:
        arguments: the command's words.
        is_over: asked after each event, and now and then.

    Raises:
        LprError: see `run`.
    """
    from lpr_edge.delivery.sinks.json_lines import JsonLines
    from lpr_edge.delivery.sinks.mqtt_connection import Connection
    from lpr_edge.delivery.sinks.mqtt_login import Login
    from lpr_edge.frigate.plate_labels import PlateLabels, WantedEvents
    from lpr_edge.wiring.wire_pipeline import open_photograph_pipeline

    settings = frigate_settings(arguments)
    config = with_flags(load_config(arguments.config), arguments, [load_sink("mqtt")])
    broker: Any = config.sinks.get("mqtt")  # its class is that of an extension
    if broker is None or not broker.url:
        raise LprError("no broker: give --mqtt mqtt://HOST, where Frigate publishes its events")
    if config.privacy.hash_plates:
        raise LprError("`hash_plates` is on, and Frigate would get plates: turn one of them off")
    assert settings.url is not None
    api = FrigateApi(settings.url)
    pipeline, stdout = open_photograph_pipeline(config), JsonLines(sys.stdout)
    wanted = WantedEvents(settings.labels, settings.cameras)
    labels = PlateLabels(api, pipeline.read, stdout.write, wanted, settings.every.total_seconds())
    topic = f"{settings.topic}/events"

    def greet() -> None:
        connection.subscribe(topic)
        log_info(f"reads the snapshots of {topic}")

    login = Login(broker.url, broker.password, broker.ca)
    connection = Connection(
        login, f"lpr-frigate-{secrets.token_hex(4)}", greet, lambda _, payload: labels.take(payload)
    )
    connection.start()
    try:
        while not is_over():
            labels.step(STEP_S)
    finally:
        connection.close()


def frigate_settings(arguments: argparse.Namespace) -> FrigateSettings:
    """Settings from the flags.

    Raises:
        LprError: a value can't be used.
    """
    known = settings_in(FrigateSettings)
    given = {key: value for key, value in vars(arguments).items() if key in known}
    return build_settings(FrigateSettings, check_table(known, given, ""))

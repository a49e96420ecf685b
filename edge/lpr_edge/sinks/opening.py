"""The sinks that the settings ask for."""

import os
from collections.abc import Mapping
from pathlib import Path

from lpr_edge import amounts
from lpr_edge.config import Config
from lpr_edge.sinks.announcer import Announcer
from lpr_edge.sinks.courier import Courier
from lpr_edge.sinks.files import JsonFile, Table
from lpr_edge.sinks.heard import Heard
from lpr_edge.sinks.heartbeat import Heartbeat
from lpr_edge.sinks.outbox import Outbox
from lpr_edge.sinks.pruning import Pruner
from lpr_edge.sinks.sink import Sink, Target
from lpr_edge.sinks.snapshots import Snapshots, take_pictures
from lpr_edge.vitals import Vitals


def open_sinks(config: Config, stdout: Sink, vitals: Vitals | None = None) -> Sink:
    """Records to stdout alone, or to an outbox before it where the settings ask for more.

    Args:
        config: says which.
        stdout: who hears of a record first.
        vitals: counts events, and is told to the broker.

    Raises:
        LprError: one of them can't be had.
    """
    vitals = vitals or Vitals(config.device_name)
    stdout = Heard(stdout, vitals)
    targets = _open_targets(config)
    if not targets and config.store is None:
        return stdout
    outbox = Outbox(config.store or default_store(), [target.name for target in targets], config.store is not None)
    listers = [target.file.put_by for target in targets if isinstance(target, JsonFile | Table)]
    snapshots = [target for target in targets if isinstance(target, Snapshots)]
    pruner = Pruner(
        outbox, [*listers, *(folder.pictures for folder in snapshots)], config.keep_seconds, config.quota_bytes
    )
    couriers = [Courier(target, outbox) for target in targets]
    heartbeat = _open_heartbeat(config, targets, vitals)
    announcer = Announcer(outbox, stdout, couriers, pruner, take_pictures if snapshots else None, heartbeat)
    vitals.waiting = announcer.waiting
    return announcer


def _open_heartbeat(config: Config, targets: list[Target], vitals: Vitals) -> Heartbeat | None:
    every_s = amounts.seconds(config.mqtt_metrics, "mqtt_metrics")
    if not (config.mqtt and every_s):
        return None
    from lpr_edge.sinks.mqtt import Mqtt

    (broker,) = [target for target in targets if isinstance(target, Mqtt)]
    return Heartbeat(vitals.snapshot, broker.tell_metrics, every_s)


def _open_targets(config: Config) -> list[Target]:
    targets: list[Target] = []
    if config.jsonl:
        targets.append(JsonFile(config.jsonl, config.rotate_bytes))
    if config.csv:
        targets.append(Table(config.csv, config.rotate_bytes))
    if config.snapshots:
        targets.append(Snapshots(config.snapshots))
    if config.webhook:
        from lpr_edge.sinks.webhook import Webhook

        targets.append(Webhook(config.webhook, config.webhook_token))
    if config.mqtt:
        from lpr_edge.sinks.mqtt import Mqtt

        login = config.mqtt_password, config.mqtt_ca
        targets.append(Mqtt(config.mqtt, config.device_name, *login, config.mqtt_topic, config.mqtt_discovery))
    return targets


def default_store(environment: Mapping[str, str] = os.environ) -> Path:
    """Where events wait when no `store` is named: systemd's state folder, else the user's."""
    service, user = environment.get("STATE_DIRECTORY"), environment.get("XDG_STATE_HOME")
    if service:
        return Path(service) / "outbox.db"
    return (Path(user) if user else Path.home() / ".local" / "state") / "lpr" / "outbox.db"

"""The sinks that the settings ask for."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from lpr_edge.base import units
from lpr_edge.base.board import clock_is_held
from lpr_edge.base.config import Config
from lpr_edge.base.log import say
from lpr_edge.base.state_dir import state_folder
from lpr_edge.delivery.delivery_worker import DeliveryWorker
from lpr_edge.delivery.enqueue import EventEnqueuer
from lpr_edge.delivery.event_counter import EventCounter
from lpr_edge.delivery.heartbeat import Heartbeat
from lpr_edge.delivery.outbox import Outbox
from lpr_edge.delivery.retention import Retention
from lpr_edge.delivery.sink import Sink, Target
from lpr_edge.delivery.sinks.home_assistant import DiscoverySettings
from lpr_edge.delivery.sinks.log_files import JsonFile, Table
from lpr_edge.delivery.sinks.mqtt import Mqtt, client_identity
from lpr_edge.delivery.sinks.snapshots import Snapshots, take_frame, take_pictures
from lpr_edge.privacy.hashing_sink import HashingSink
from lpr_edge.service.runtime_stats import RuntimeStats
from lpr_edge.vision.reader import Reader
from lpr_edge.watchlist.fuzzy import FuzzyMatching
from lpr_edge.watchlist.run_command import CommandAction
from lpr_edge.watchlist.watchlist_sink import Action, ActionSink, MatchPublisher, WatchListSink
from lpr_edge.wiring.wire_lists import open_list, wanted_hasher


def open_sinks(
    config: Config, stdout: Sink, reader: Reader, stats: RuntimeStats | None = None, replay: float | None = None
) -> Sink:
    """All that a record passes: watch list, hashing, outbox, stdout, sinks and actions, as the settings ask for them.

    Args:
        config: says which.
        stdout: who hears of a record first.
        reader: knows the labels and the grammar.
        stats: counts events, and is told to the broker.
        replay: see `read_plates`.

    Raises:
        LprError: one of them can't be had.
    """
    hasher = wanted_hasher(config, reader.grammar)
    watched = open_list(config, reader.grammar, hasher) if config.list else None
    targets = open_targets(config)
    stats = stats or RuntimeStats(config.device_name)
    sink = _open_outbox(config, EventCounter(stdout, stats), targets, stats, replay)
    if watched:
        sink = ActionSink(sink, _open_actions(config, targets))
    if hasher:
        sink = HashingSink(sink, hasher)
    if watched:
        fuzzy = FuzzyMatching(config.list_edits, config.list_doubt)
        sink = WatchListSink(sink, watched, reader.model.manifest.labels, fuzzy)
    return sink


def _open_actions(config: Config, targets: Sequence[Target]) -> list[Action]:
    actions: list[Action] = [MatchPublisher(target.tell_match) for target in targets if isinstance(target, Mqtt)]
    if config.on_match:
        actions.append(CommandAction(config.on_match, units.seconds(config.on_match_timeout, "on_match_timeout")))
    return actions


def _open_outbox(
    config: Config, stdout: Sink, targets: Sequence[Target], stats: RuntimeStats, replay: float | None
) -> Sink:
    """Records to stdout alone, or to an outbox before it where the settings ask for more."""
    if not targets and config.store is None:
        return stdout
    outbox = open_outbox(config, targets)
    if replay is not None:
        for name, count in outbox.replay(replay).items():
            say(f"{count} events that {name} never had are sent to it")
    retention = open_retention(config, outbox, targets)
    workers = open_delivery_workers(targets, outbox, retention)
    take = take_frame if config.blurs else take_pictures
    heartbeat = _open_heartbeat(config, targets, stats)
    enqueuer = EventEnqueuer(outbox, stdout, workers, retention, take if outbox.picture_sinks else None, heartbeat)
    stats.waiting, stats.set_aside = enqueuer.waiting, enqueuer.set_aside
    return enqueuer


def open_delivery_workers(targets: Sequence[Target], outbox: Outbox, retention: Retention) -> list[DeliveryWorker]:
    """A worker for each sink; those that write to this disk keep to the quota."""
    on_disk = JsonFile | Table | Snapshots
    room = partial(retention.make_room, is_file=True)
    return [
        DeliveryWorker(target, outbox, make_room=room if isinstance(target, on_disk) else None) for target in targets
    ]


def open_retention(config: Config, outbox: Outbox, targets: Sequence[Target]) -> Retention:
    """What keeps all that these sinks store within age and quota."""
    logs = [target.file for target in targets if isinstance(target, JsonFile | Table)]
    folders = [target for target in targets if isinstance(target, Snapshots)]
    files = [*(log.rotated_files for log in logs), *(folder.pictures for folder in folders)]
    is_held = (lambda: True) if config.trust_clock else clock_is_held
    growing = [log.path for log in logs]
    return Retention(outbox, files, config.keep_seconds, config.quota_bytes, growing=growing, is_clock_held=is_held)


def open_outbox(config: Config, targets: Sequence[Target]) -> Outbox:
    """The file of events for these sinks.

    Raises:
        LprError: it can't be had.
    """
    pictured = [target.name for target in targets if target.wants_pictures]
    return Outbox(outbox_path(config), [target.name for target in targets], config.store is not None, pictured)


def _open_heartbeat(config: Config, targets: Sequence[Target], stats: RuntimeStats) -> Heartbeat | None:
    every_s = units.seconds(config.mqtt_metrics, "mqtt_metrics")
    if not (config.mqtt and every_s):
        return None
    (broker,) = [target for target in targets if isinstance(target, Mqtt)]
    return Heartbeat(stats.snapshot, broker.tell_metrics, every_s)


def open_targets(config: Config) -> list[Target]:
    """Where the outbox delivers events.

    Raises:
        LprError: one of them can't be had.
    """
    targets: list[Target] = []
    limit = min(
        config.rotate_bytes, config.quota_bytes // 8 or config.rotate_bytes
    )  # what still grows is never deleted
    if config.jsonl:
        targets.append(JsonFile(config.jsonl, limit))
    if config.csv:
        targets.append(Table(config.csv, limit))
    if config.snapshots:
        targets.append(Snapshots(config.snapshots))
    if config.webhook:
        from lpr_edge.delivery.sinks.webhook import Webhook

        targets.append(Webhook(config.webhook, config.webhook_token))
    if config.mqtt:
        targets.append(_open_mqtt(config))
    return targets


def outbox_path(config: Config) -> Path:
    """The file that events pass, kept or not."""
    return config.store or state_folder() / "outbox.db"


def _open_mqtt(config: Config) -> Mqtt:
    announced = DiscoverySettings(units.seconds(config.mqtt_metrics, "mqtt_metrics") > 0, config.mqtt_pictures)
    return Mqtt(
        config.mqtt,
        config.device_name,
        config.mqtt_password,
        config.mqtt_ca,
        config.mqtt_topic,
        config.mqtt_discovery,
        client_id=client_identity(outbox_path(config)),
        announced=announced,
    )

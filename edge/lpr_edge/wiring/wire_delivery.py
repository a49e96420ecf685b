"""Open the configured delivery: sinks, outbox, hashing and watch list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from lpr_edge.base.board import clock_is_held
from lpr_edge.base.log import log_info
from lpr_edge.cameras.camera_sinks import CameraSinks, SharedSink
from lpr_edge.config.config import Config
from lpr_edge.config.loading import each_camera
from lpr_edge.delivery.delivery_worker import DeliveryWorker
from lpr_edge.delivery.enqueue import EventEnqueuer
from lpr_edge.delivery.event_counts import Backlog, EventCounter
from lpr_edge.delivery.heartbeat import Heartbeat
from lpr_edge.delivery.outbox import Outbox
from lpr_edge.delivery.retention import Retention
from lpr_edge.delivery.sink import FileTarget, MatchTarget, Sink, StatisticsTarget, Target
from lpr_edge.output.event_pictures import take_frame, take_pictures
from lpr_edge.privacy.hashing_sink import HashingSink, PlateHasher
from lpr_edge.runtimes.model import Model
from lpr_edge.service.runtime_stats import RuntimeStats
from lpr_edge.updates.update_worker import UpdateWorker
from lpr_edge.vision.reader import Reader
from lpr_edge.watchlist.auto_reload import ReloadingWatchList
from lpr_edge.watchlist.fuzzy import FuzzyMatching
from lpr_edge.watchlist.on_match import open_on_match
from lpr_edge.watchlist.watchlist_sink import Action, ActionSink, MatchPublisher, WatchListSink
from lpr_edge.wiring.wire_hashing import configured_hasher
from lpr_edge.wiring.wire_lists import open_list
from lpr_edge.wiring.wire_sinks import open_targets, outbox_path
from lpr_edge.wiring.wire_web import open_runtime_stats


@dataclass(frozen=True)
class Delivery:
    """Sink of a run's records, and the run's statistics."""

    sink: Sink
    stats: RuntimeStats


def open_delivery(
    config: Config,
    stdout: Sink,
    reader: Reader,
    models: Mapping[str, Model],
    replay: float | None = None,
    updates: UpdateWorker | None = None,
) -> Delivery:
    """Open everything that a record passes: watch list, hashing, outbox, stdout, sinks and actions.

    Args:
        config: says which.
        stdout: gets each record first.
        reader: knows the labels and the grammar.
        models: that run, by kind.
        replay: see `read_plates`.
        updates: looks for models; None where nothing does.

    Raises:
        LprError: one of them can't be had.
    """
    hasher = configured_hasher(config, reader.grammar)
    cameras = {own.watchlist: own for own in each_camera(config)}
    lists = {
        watchlist: open_list(own, reader.grammar, hasher) if watchlist.list else None
        for watchlist, own in cameras.items()
    }
    targets = open_targets(config)
    delivery = _open_outbox(config, stdout, targets, models, replay, updates)
    inner = delivery.sink if len(cameras) == 1 else SharedSink(delivery.sink)
    ways = {
        watchlist: _open_way(own, inner, targets, reader, hasher, lists[watchlist])
        for watchlist, own in cameras.items()
    }
    if len(ways) == 1:
        return Delivery(next(iter(ways.values())), delivery.stats)
    by_camera = {own.capture.source_name: ways[own.watchlist] for own in each_camera(config)}
    return Delivery(CameraSinks(delivery.sink, by_camera), delivery.stats)


def _open_way(
    config: Config,
    sink: Sink,
    targets: Sequence[Target],
    reader: Reader,
    hasher: PlateHasher | None,
    watched: ReloadingWatchList | None,
) -> Sink:
    """Open what a camera's records pass before the outbox: watch list, hashing, actions."""
    if watched:
        sink = ActionSink(sink, _open_actions(config, targets))
    if hasher:
        sink = HashingSink(sink, hasher)
    if watched:
        fuzzy = FuzzyMatching(config.watchlist.list_edits, config.watchlist.list_edits_below)
        sink = WatchListSink(sink, watched, reader.model.manifest.labels, fuzzy)
    return sink


def _open_actions(config: Config, targets: Sequence[Target]) -> list[Action]:
    actions: list[Action] = [
        MatchPublisher(target.publish_match) for target in targets if isinstance(target, MatchTarget)
    ]
    wanted = open_on_match(config.watchlist)
    return [*actions, wanted] if wanted else actions


def _open_outbox(
    config: Config,
    stdout: Sink,
    targets: Sequence[Target],
    models: Mapping[str, Model],
    replay: float | None,
    updates: UpdateWorker | None,
) -> Delivery:
    """Open stdout and, if the settings need it, an outbox before it."""
    if not targets and config.delivery.store is None:
        stats = open_runtime_stats(config, models, updates=updates)
        return Delivery(EventCounter(stdout, stats), stats)
    outbox = open_outbox(config, targets)
    if replay is not None:
        for name, count in outbox.replay(replay).items():
            log_info(f"{count} events that {name} never had are sent to it")
    backlog = Backlog(outbox)
    stats = open_runtime_stats(config, models, backlog.waiting, backlog.set_aside, updates)
    retention = open_retention(config, outbox, targets)
    workers = open_delivery_workers(targets, outbox, retention)
    take = None
    if outbox.picture_sinks:
        take = take_frame if config.privacy.blurs else take_pictures
    heartbeats = _open_heartbeats(targets, stats)
    return Delivery(
        EventEnqueuer(outbox, EventCounter(stdout, stats), workers, retention, take, heartbeats, backlog), stats
    )


def open_delivery_workers(targets: Sequence[Target], outbox: Outbox, retention: Retention) -> list[DeliveryWorker]:
    """Open a worker for each sink; those that write to this disk respect the quota."""
    room = partial(retention.make_room, is_file=True)
    return [
        DeliveryWorker(target, outbox, make_room=room if isinstance(target, FileTarget) else None) for target in targets
    ]


def open_retention(config: Config, outbox: Outbox, targets: Sequence[Target]) -> Retention:
    """Open the retention that limits the age and size of everything that these sinks store."""
    keeping = [target for target in targets if isinstance(target, FileTarget)]
    files = [target.finished_files for target in keeping]
    growing = [path for target in keeping for path in target.growing_files()]
    kept = config.delivery
    is_held = (lambda: True) if kept.trust_clock else clock_is_held
    keep_s = kept.keep.total_seconds()
    return Retention(outbox, files, keep_s, kept.quota, growing=growing, is_clock_held=is_held)


def open_outbox(config: Config, targets: Sequence[Target]) -> Outbox:
    """Open the outbox file for these sinks.

    Raises:
        LprError: it can't be had.
    """
    pictured = [target.name for target in targets if target.wants_pictures]
    return Outbox(outbox_path(config), [target.name for target in targets], config.delivery.store is not None, pictured)


def _open_heartbeats(targets: Sequence[Target], stats: RuntimeStats) -> list[Heartbeat]:
    return [
        Heartbeat(stats.snapshot, target.publish_metrics, target.statistics_every_s)
        for target in targets
        if isinstance(target, StatisticsTarget) and target.statistics_every_s
    ]

"""The sinks that the settings ask for."""

import socket
from collections.abc import Sequence

from lpr_edge import amounts
from lpr_edge.config import Config
from lpr_edge.grammar import Grammar
from lpr_edge.lists.command import CommandAction
from lpr_edge.lists.matching import Acting, Action, Matching, Telling
from lpr_edge.lists.nearby import Nearness
from lpr_edge.lists.watch_list import read_list
from lpr_edge.lists.watching import WatchedList
from lpr_edge.privacy.hashing import Hashing, PlateHasher
from lpr_edge.privacy.key import load_key
from lpr_edge.reader import Reader
from lpr_edge.sinks.announcer import Announcer
from lpr_edge.sinks.courier import Courier
from lpr_edge.sinks.files import JsonFile, Table
from lpr_edge.sinks.mqtt import Mqtt
from lpr_edge.sinks.outbox import Outbox
from lpr_edge.sinks.pruning import Pruner
from lpr_edge.sinks.sink import Sink, Target
from lpr_edge.sinks.snapshots import Snapshots, take_frame, take_pictures
from lpr_edge.state import state_folder


def open_sinks(config: Config, stdout: Sink, reader: Reader) -> Sink:
    """All that a record passes: watch list, hashing, outbox, stdout, sinks and actions, as the settings ask for them.

    Raises:
        LprError: one of them can't be had.
    """
    hasher = open_hasher(config, reader.grammar) if config.hash_plates else None
    watched = open_list(config, reader.grammar, hasher) if config.list else None
    targets = open_targets(config)
    sink = _open_outbox(config, stdout, targets)
    if watched:
        sink = Acting(sink, _open_actions(config, targets))
    if hasher:
        sink = Hashing(sink, hasher)
    if watched:
        nearness = Nearness(config.list_edits, config.list_doubt)
        sink = Matching(sink, watched, reader.model.manifest.labels, nearness)
    return sink


def open_hasher(config: Config, grammar: Grammar) -> PlateHasher:
    """What hashes plates, with this device's key.

    Raises:
        LprError: the key can't be had.
    """
    return PlateHasher(load_key(config.hash_key or state_folder() / "hash.key"), grammar)


def open_list(config: Config, grammar: Grammar, hasher: PlateHasher | None) -> WatchedList:
    """The watch list.

    Raises:
        LprError: it can't be read.
    """
    path = config.list
    assert path is not None
    own = Grammar(grammar.country)  # a thread uses it: grammars remember what they have found
    hide = hasher.hash_key if hasher else str
    return WatchedList(path, lambda: read_list(path, own, hide, hashed=hasher is not None))


def _open_actions(config: Config, targets: Sequence[Target]) -> list[Action]:
    actions: list[Action] = [Telling(target.tell_match) for target in targets if isinstance(target, Mqtt)]
    if config.on_match:
        actions.append(CommandAction(config.on_match, amounts.seconds(config.on_match_timeout, "on_match_timeout")))
    return actions


def _open_outbox(config: Config, stdout: Sink, targets: Sequence[Target]) -> Sink:
    """Records to stdout alone, or to an outbox before it where the settings ask for more."""
    if not targets and config.store is None:
        return stdout
    outbox = Outbox(
        config.store or state_folder() / "outbox.db", [target.name for target in targets], config.store is not None
    )
    listers = [target.file.put_by for target in targets if isinstance(target, JsonFile | Table)]
    snapshots = [target for target in targets if isinstance(target, Snapshots)]
    pruner = Pruner(
        outbox, [*listers, *(folder.pictures for folder in snapshots)], config.keep_seconds, config.quota_bytes
    )
    couriers = [Courier(target, outbox) for target in targets]
    take = take_frame if config.blurs else take_pictures
    return Announcer(outbox, stdout, couriers, pruner, take if snapshots else None)


def open_targets(config: Config) -> list[Target]:
    """Where the outbox delivers events.

    Raises:
        LprError: one of them can't be had.
    """
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
        device = config.device or socket.gethostname()
        login = config.mqtt_password, config.mqtt_ca
        targets.append(Mqtt(config.mqtt, device, *login, config.mqtt_topic, config.mqtt_discovery))
    return targets

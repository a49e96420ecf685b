"""`lpr-fleet consume`: events from the broker into the database, until it is stopped."""

import argparse
import signal
import threading
from typing import Any

from lpr_fleet.base.log import LOG, start_log
from lpr_fleet.base.settings import add_fleet_flags, read_settings


def add_command(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "consume",
        help="store events from the broker in the database",
        description="Store events from the broker in the database until SIGTERM or Ctrl-C. Any number of these may run "
        "at once, on any machines; each can be killed at any time.",
    )
    names = ("broker", "broker_password", "database", "database_password", "topic", "country")
    add_fleet_flags(parser, *names, "batch", "batch_ms", "prefetch")
    parser.set_defaults(run=run)


def run(flags: argparse.Namespace) -> int:
    """Take events from the broker and store them until a signal ends it; returns the exit status."""
    from lpr_fleet.broker.connection import BrokerConnection
    from lpr_fleet.database.connecting import connect
    from lpr_fleet.database.event_store import EventStore
    from lpr_fleet.intake.batches import BatchLimits
    from lpr_fleet.intake.consumer import consume
    from lpr_fleet.intake.parse import parse_event
    from lpr_fleet.search.plate_key import plate_keys

    settings = read_settings(flags)
    start_log()
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    keys = plate_keys(settings.country)
    store = EventStore(lambda: connect(settings))
    counts = consume(
        lambda: BrokerConnection(settings),
        store,
        lambda delivery: parse_event(delivery, keys),
        BatchLimits(settings.batch, settings.batch_ms / 1000),
        stopping.wait,
    )
    store.close()
    LOG.info("stored %d in %d batches, %d dead letters", counts.stored, counts.batches, counts.dead)
    return 0

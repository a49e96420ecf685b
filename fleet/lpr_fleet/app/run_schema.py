"""`lpr-fleet schema`: the database's tables and the broker's queues, made or brought up to date."""

import argparse
from typing import Any

from lpr_edge.contract.base.errors import LprError
from lpr_fleet.base.failures import BrokerLostError
from lpr_fleet.base.settings import add_fleet_flags, read_settings


def add_command(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "schema",
        help="make the tables and queues, or bring them up to date",
        description="Make the database's tables and the broker's queues, or bring them up to date. Run it again after "
        "each update of lpr; it changes nothing where all is there.",
    )
    add_fleet_flags(parser, "database", "database_password", "broker", "broker_password", "topic")
    parser.add_argument("--no-broker", action="store_true", help="leave the broker's queues to its definitions file")
    parser.set_defaults(run=run)


def run(flags: argparse.Namespace) -> int:
    """Make or bring up to date the tables and queues, and print them; returns the exit status."""
    from lpr_fleet.broker.connection import close_connection, losing_broker, open_connection
    from lpr_fleet.broker.topology import DEAD, EVENTS, declare
    from lpr_fleet.database.connecting import connect_now
    from lpr_fleet.database.migrations import migrate

    settings = read_settings(flags)
    with connect_now(settings) as connection:
        before, now = migrate(connection)
    print(f"tables: version {now}" + ("" if before == now else f", from {before}"))
    if not flags.no_broker:
        try:
            broker = open_connection(settings)
            with losing_broker():
                declare(broker.channel(), settings.topic)
            close_connection(broker)
        except BrokerLostError as error:
            raise LprError(f"no connection to the broker, or it refuses ({error}): is RabbitMQ running?") from error
        print(f"queues: {EVENTS}, {DEAD}")
    return 0

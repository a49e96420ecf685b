"""`lpr-fleet retention`: drops months that are old enough."""

import argparse
from datetime import UTC, datetime
from typing import Any

from lpr_edge.contract.base.errors import LprError
from lpr_fleet.base.settings import add_fleet_flags, read_settings


def add_command(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "retention",
        help="drop months that are older than they may be",
        description="Drop the events of whole months, at once and without a trace; run it once a day, by a timer.",
    )
    parser.add_argument("--months", type=int, required=True, metavar="N", help="whole months kept before this one")
    add_fleet_flags(parser, "database", "database_password")
    parser.set_defaults(run=run)


def run(flags: argparse.Namespace) -> int:
    """Drop the months that are old enough, and print them; returns the exit status."""
    from lpr_fleet.database.connecting import connect_now
    from lpr_fleet.database.migrations import require_current
    from lpr_fleet.database.partitions import drop_before, months_back

    if flags.months < 0:
        raise LprError(f"--months is {flags.months}, and it must be 0 or more")
    with connect_now(read_settings(flags)) as connection:
        require_current(connection)
        for name in drop_before(connection, months_back(datetime.now(UTC), flags.months)):
            print(name)
    return 0

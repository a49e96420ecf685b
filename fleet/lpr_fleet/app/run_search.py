"""`lpr-fleet search`: events by part of a plate, time and device."""

import argparse
import json
from datetime import datetime
from typing import Any

from lpr_edge.contract.base.errors import LprError
from lpr_fleet.base.settings import add_fleet_flags, read_settings


def add_command(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "search",
        help="find events by part of a plate, time and device",
        description="Print events as JSON, one a line, newest first.",
    )
    parser.add_argument("text", nargs="?", default="", help="part of a plate in either script; one sign may be wrong")
    parser.add_argument("--exact", action="store_true", help="no sign may be wrong")
    parser.add_argument("--since", type=_time, metavar="TIME", help="first seen from then on: 2026-03-01T06:00+05:45")
    parser.add_argument("--until", type=_time, metavar="TIME", help="first seen before")
    parser.add_argument("--device", default="", metavar="NAME", help="of this device alone")
    parser.add_argument("--limit", type=int, default=50, metavar="N", help="most events (default: 50, at most 1000)")
    parser.add_argument(
        "--explain", action="store_true", help="print PostgreSQL's plans with their times, not the events"
    )
    add_fleet_flags(parser, "database", "database_password", "country")
    parser.set_defaults(run=run)


def run(flags: argparse.Namespace) -> int:
    """Print the events that fit, newest first; returns the exit status."""
    from lpr_fleet.database.connecting import connect_now
    from lpr_fleet.database.migrations import require_current
    from lpr_fleet.search.finding import explain, search
    from lpr_fleet.search.plate_key import plate_keys
    from lpr_fleet.search.query import SearchFilter

    settings = read_settings(flags)
    parts = plate_keys(settings.country).parts_of(flags.text)
    if flags.text.strip() and not parts:
        raise LprError(f"{flags.text!r} has no sign of a plate: give letters or digits")
    wanted = SearchFilter(parts, flags.exact, flags.since, flags.until, flags.device, flags.limit)
    with connect_now(settings) as connection:
        require_current(connection)
        if flags.explain:
            for line in explain(connection, wanted):
                print(line)
            return 0
        for _, device, _, record in search(connection, wanted):
            print(json.dumps({"device": device, **record}, ensure_ascii=False))
    return 0


def _time(text: str) -> datetime:
    """A time with its offset; without one it is this machine's."""
    try:
        return datetime.fromisoformat(text).astimezone()
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no time such as 2026-03-01T06:00+05:45") from None

"""`lpr-fleet replay`: dead letters sent again."""

import argparse
import json
import sys
from typing import Any

from lpr_edge.contract.base.errors import LprError
from lpr_fleet.base.settings import add_fleet_flags, read_settings


def add_command(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "replay",
        help="send dead letters again",
        description="Send the dead letters again that this lpr can read, such as after an update of lpr or a repair of "
        "the database; the others stay. Prints each as JSON, one a line. Each is sent once: one that the database "
        "refuses again is a dead letter again.",
    )
    parser.add_argument("--show", action="store_true", help="print what would be sent, and why others would stay")
    add_fleet_flags(parser, "broker", "broker_password", "topic", "country")
    parser.set_defaults(run=run)


def run(flags: argparse.Namespace) -> int:
    """Send dead letters again, and print how many; returns the exit status."""
    from lpr_fleet.base.failures import BrokerLostError
    from lpr_fleet.broker.dead_letters import open_dead_letters
    from lpr_fleet.intake.parse import parse_event
    from lpr_fleet.intake.replay import replay
    from lpr_fleet.search.plate_key import plate_keys

    settings = read_settings(flags)
    keys = plate_keys(settings.country)
    queue = open_dead_letters(settings)
    sent = kept = 0
    try:
        for outcome in replay(queue, lambda letter: parse_event(letter, keys), flags.show):
            sent, kept = sent + (not outcome.reason), kept + bool(outcome.reason)
            body = outcome.letter.body.decode("utf-8", "replace")
            print(
                json.dumps({"topic": outcome.letter.route, "stays": outcome.reason, "body": body}, ensure_ascii=False)
            )
    except BrokerLostError as error:
        raise LprError(
            f"the broker was lost ({error}) after {sent} were sent: the others are in the queue; run it again"
        ) from error
    finally:
        queue.close()
    print(f"{sent} {'would be sent' if flags.show else 'sent'}, {kept} stay", file=sys.stderr)
    return 0

"""The command `lpr-fleet`: events of many devices at one place."""

import argparse
import sys

from lpr_edge.contract.base.command import run_command


def main(argv: list[str] | None = None) -> int:
    """Run a command; returns 1 for an error of the user's, 2 for wrong usage, 130 after Ctrl-C."""

    def act() -> int:
        parsed = build_parser().parse_args(argv)
        status: int = parsed.run(parsed)
        return status

    return run_command("lpr-fleet", act)


def build_parser() -> argparse.ArgumentParser:
    """The parser with all subcommands."""
    from lpr_fleet.app import run_consume, run_replay, run_retention, run_schema, run_search

    parser = argparse.ArgumentParser(
        prog="lpr-fleet", description="Events of many devices: from RabbitMQ into PostgreSQL, and found there."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run_schema.add_command(commands)
    run_consume.add_command(commands)
    run_replay.add_command(commands)
    run_search.add_command(commands)
    run_retention.add_command(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())

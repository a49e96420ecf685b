"""Where a board's results go, and how they are marked."""

import argparse
import sys
from pathlib import Path

from lpr_bench.base.results import Record, add_record
from lpr_bench.system.environment import board_name, file_stem
from lpr_bench.system.validity import is_valid, why_invalid

RESULTS = Path("benchmarks/results")
"""Where results of a board go, in the folder that the command is started from."""


def add_board_flags(parser: argparse.ArgumentParser) -> None:
    """The flags of every benchmark whose result belongs to a board."""
    parser.add_argument("--board", help="this machine's name in the result (default: what it calls itself)")
    parser.add_argument("--json", type=Path, metavar="FILE", help=f"the board's file (default: {RESULTS}/<board>.json)")


def show(record: Record, text: str) -> None:
    """Print a record's tables, never without the mark that an invalid one bears."""
    if not is_valid(record):
        print(f"INVALID, not to be quoted: {why_invalid(record)}\n")
    print(text)


def publish(record: Record, parsed: argparse.Namespace) -> None:
    """Put a record into its board's file.

    Raises:
        LprError: the file can't be written.
    """
    board = parsed.board or board_name()
    path = parsed.json or RESULTS / f"{file_stem(board)}.json"
    add_record(path, board, {**record, "board": board})
    print(f"Wrote {path}", file=sys.stderr)

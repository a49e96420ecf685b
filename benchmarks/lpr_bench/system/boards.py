"""A board's result file, and the marking of invalid results."""

import argparse
import sys
from pathlib import Path

from lpr_bench.base.results import Record, add_record
from lpr_bench.system.environment import board_name, file_stem
from lpr_bench.system.validity import is_valid, why_invalid

RESULTS = Path("benchmarks/results")
"""Folder of result files, relative to the working directory."""


def add_board_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of every benchmark whose result belongs to a board."""
    parser.add_argument("--board", help="this machine's name in the result (default: what it calls itself)")
    parser.add_argument("--json", type=Path, metavar="FILE", help=f"the board's file (default: {RESULTS}/<board>.json)")


def show(record: Record, text: str) -> None:
    """Print a record's tables, with a warning if it is invalid."""
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

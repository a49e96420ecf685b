"""`lpr-bench all`: run all benchmarks that need no data, and write their results into one file."""

import argparse
import sys

from lpr_bench.latency import run_frames, run_latency
from lpr_bench.parity import run_parity
from lpr_bench.roofline import run_roofline
from lpr_bench.system.boards import RESULTS, add_board_flags
from lpr_bench.system.environment import board_name, file_stem

PARTS = {"frames": run_frames, "latency": run_latency, "parity": run_parity, "roofline": run_roofline}
"""Benchmark -> its module, in the order in which they run."""


def add_command(benchmarks: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to `lpr-bench`."""
    parser = benchmarks.add_parser("all", help=f"{', '.join(PARTS)}: what to run on a board")
    add_board_flags(parser)
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    """Run every benchmark with its default flags, then print how to send the file."""
    board = parsed.board or board_name()
    path = parsed.json or RESULTS / f"{file_stem(board)}.json"
    for name, part in PARTS.items():
        print(f"\n== {name} ==")
        root = argparse.ArgumentParser(prog="lpr-bench")
        part.add_command(root.add_subparsers())
        own = root.parse_args([name, "--board", board, "--json", str(path)])
        own.run(own)
    print(
        f"\nAll of it is in {path}: models, versions and the machine's state, no file names and no plates of yours. "
        f"To send it, open a pull request that adds it as {RESULTS}/{file_stem(board)}.json, or attach it to an issue.",
        file=sys.stderr,
    )
    return 0

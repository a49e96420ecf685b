"""`lpr-bench aa-test`: does `compare` report no difference between equal code, and find a planted slowdown?"""

import argparse
import sys
from typing import Any

from lpr_bench.base.frames import DISTINCT
from lpr_bench.base.results import Record
from lpr_bench.latency.comparison import Change, compare_records
from lpr_bench.latency.run_frames import Settings, measure_in_processes
from lpr_bench.system.boards import add_board_flags, publish, show
from lpr_bench.system.environment import describe_environment
from lpr_bench.system.system_monitor import observe
from lpr_bench.system.validity import describe_validity, machine_faults

FRAMES = 60
"""Number of frames per share and process, as `lpr-bench frames` takes by default."""
NEEDED = 0.95
"""Minimum share of correct tries."""


def add_command(benchmarks: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to `lpr-bench`."""
    parser = benchmarks.add_parser(
        "aa-test", aliases=["trials"], help="check compare itself: equal code, and code with a planted slowdown"
    )
    parser.add_argument("--tries", type=int, default=20, metavar="N", help="default: %(default)s")
    parser.add_argument("--processes", type=int, default=8, metavar="N", help="a measurement (default: %(default)s)")
    parser.add_argument("--planted", type=float, default=0.1, metavar="X", help="share of a frame (default: 0.1)")
    add_board_flags(parser)
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    """Run all tries, print, write; returns 1 if fewer than `NEEDED` are correct."""
    with observe() as observed:
        tries = [_try(number, parsed) for number in range(parsed.tries)]
    silent = sum(not one["alarm"] for one in tries)
    found = sum(one["found"] for one in tries)
    record = {
        "benchmark": "trials",
        "environment": describe_environment(),
        "tries": tries,
        "silent_on_equal_code": silent,
        "found_planted": found,
        "planted": parsed.planted,
        "machine": observed,
        "validity": describe_validity(machine_faults(observed)),
    }
    show(record, format_aa_test(record))
    publish(record, parsed)
    return 0 if min(silent, found) >= NEEDED * parsed.tries else 1


def format_aa_test(record: Record) -> str:
    """Two lines: number of correct tries with equal code and with the slowdown."""
    tries = len(record["tries"])
    return (
        f"equal code: no difference in {record['silent_on_equal_code']} of {tries} tries\n"
        f"{record['planted']:.0%} planted: found in {record['found_planted']} of {tries} tries"
    )


def _try(number: int, parsed: argparse.Namespace) -> dict[str, Any]:
    """Measure twice without and once with the slowdown."""
    a, b = (_measure(parsed.processes, 0.0) for _ in range(2))
    slowed = _measure(parsed.processes, parsed.planted)
    equal, planted = compare_records(a, b), compare_records(a, slowed)
    print(f"lpr-bench: try {number + 1}: {_say(equal)} | planted: {_say(planted)}", file=sys.stderr)
    return {
        "alarm": any(change.verdict != "same" for change in equal),
        "found": any(change.verdict == "slower" for change in planted),
        "equal": {change.name: change.ratio.to_list() for change in equal},
        "planted": {change.name: change.ratio.to_list() for change in planted},
    }


def _measure(processes: int, slowdown: float) -> Record:
    settings = Settings(None, None, "auto", 1, FRAMES, slowdown)
    return {"benchmark": "frames", "period": DISTINCT, **measure_in_processes(settings, processes)}


def _say(changes: list[Change]) -> str:
    return ", ".join(f"{change.ratio} {change.verdict}" for change in changes)

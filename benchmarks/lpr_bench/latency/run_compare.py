"""`lpr-bench compare A B`: ratios with intervals; exit status 1 if B is significantly slower."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from lpr_bench.base.results import Record, read_records
from lpr_bench.latency.comparison import COMPARABLE, Change, NotComparableError, check_comparable, compare_records
from lpr_export.report.text_table import format_table


def add_command(benchmarks: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to `lpr-bench`."""
    parser = benchmarks.add_parser("compare", help="ratios of two results; exit status 1 on a regression")
    parser.add_argument("a", type=Path, metavar="A", help="the older result")
    parser.add_argument("b", type=Path, metavar="B", help="the newer result")
    parser.add_argument("--other-models", action="store_true", help="compare although the models differ")
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    """Compare, print, and return 1 for a regression."""
    changes: list[Change] = []
    for a, b in pair_records(read_records(parsed.a), read_records(parsed.b)):
        check_comparable(a, b, parsed.other_models)
        changes += compare_records(a, b)
    print(format_changes(changes))
    return 1 if any(change.verdict == "slower" for change in changes) else 0


def pair_records(a: Sequence[Record], b: Sequence[Record]) -> list[tuple[Record, Record]]:
    """Pairs of records with latencies that both files have.

    Raises:
        NotComparableError: there are none.
    """
    older = {record["benchmark"]: record for record in a if record["benchmark"] in COMPARABLE}
    pairs = [(older[record["benchmark"]], record) for record in b if record["benchmark"] in older]
    if not pairs:
        raise NotComparableError(
            f"A and B have no benchmark of {' or '.join(COMPARABLE)} in common: run the same one on both"
        )
    return pairs


def format_changes(changes: Sequence[Change]) -> str:
    """Ratios as a text table, one line per series."""
    rows = [[change.name, str(change.ratio), change.verdict] for change in changes]
    return format_table(["time of B / time of A", "ratio", "verdict"], rows)

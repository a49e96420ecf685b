"""`lpr-bench report`: all results as a page, and projections for other boards."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from lpr_bench.base.results import OldResultError, Record, read_records
from lpr_bench.report.report_rivals import rivals_section, speed_plot
from lpr_bench.report.report_roofline import limits_section, projection_sections, stress_section
from lpr_bench.report.report_sections import (
    accuracy_section,
    boards_section,
    frames_plot,
    latency_section,
    of,
    parity_section,
)
from lpr_bench.system.boards import RESULTS
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.report.html_page import make_page, paragraph, standalone_svg

SECTIONS = (
    boards_section,
    latency_section,
    accuracy_section,
    parity_section,
    rivals_section,
    limits_section,
    stress_section,
)
"""Sections in the page's order; one without records is empty."""


def add_command(benchmarks: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to `lpr-bench`."""
    parser = benchmarks.add_parser("report", help="one page from all results, one of projections, and plots to quote")
    parser.add_argument("results", type=Path, nargs="*", metavar="FILE", help=f"results (default: {RESULTS}/*.json)")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("build/report"),
        metavar="DIR",
        help="where the pages go (default: %(default)s)",
    )
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    """Read, draw and write."""
    records = read_all(parsed.results or sorted(RESULTS.glob("*.json")))
    if not records:
        raise LprError(f"no result of this lpr-bench in {RESULTS}: run lpr-bench first, or name files")
    pages = {"report.html": make_report(records)}
    limits = of(records, "limits")
    if limits:
        pages["projection.html"] = make_page(
            "PROJECTION: lpr on Raspberry Pis that nobody measured", *projection_sections(limits[0])
        )
    frames, rivals = of(records, "frames"), of(records, "rivals-speed")
    if frames:
        pages["frames.svg"] = standalone_svg(frames_plot(frames))
    if rivals:
        pages["rivals.svg"] = standalone_svg(speed_plot(rivals[0]))
    for name, page in pages.items():
        _write(parsed.out / name, page)
    return 0


def read_all(paths: Sequence[Path]) -> list[Record]:
    """Records of all files; files of an older lpr-bench are skipped with a message."""
    records: list[Record] = []
    for path in paths:
        try:
            records += [{"board": path.stem, **record} for record in read_records(path)]
        except OldResultError as error:
            print(f"lpr-bench: left out: {error}", file=sys.stderr)
    return records


def make_report(records: Sequence[Record]) -> str:
    """Make the page of all results."""
    boards = ", ".join(dict.fromkeys(str(record["board"]) for record in records))
    intro = (
        f"Measured on: {boards}. Every figure is from raw values in the result files. What is marked INVALID was "
        "measured on a machine that was busy, throttled or unsteady, and may not be quoted."
    )
    return make_page("lpr: measured accuracy and latency", paragraph(intro), *(make(records) for make in SECTIONS))


def _write(path: Path, page: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise LprError(f"can't write {path}: {error.strerror or error}. Give another folder by --out DIR") from error
    print(f"Wrote {path}", file=sys.stderr)

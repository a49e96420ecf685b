"""`lpr-bench latency`: every network in every runtime, threads and precisions side by side."""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2

from lpr_bench.base.results import Record
from lpr_bench.latency.matrix import Case, Rounds, find_cases, measure_cases
from lpr_bench.latency.processes import run_fresh
from lpr_bench.latency.statistics import paired_ratio, summarize_ms
from lpr_bench.system.boards import add_board_flags, publish, show
from lpr_bench.system.devices import describe_file
from lpr_bench.system.environment import describe_environment
from lpr_bench.system.system_monitor import observe
from lpr_bench.system.validity import MIN_ROUNDS, describe_validity, machine_faults, series_faults
from lpr_edge.config.extensions import RUNTIMES
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.run.model_types import NAMED_TYPES
from lpr_edge.runtimes.shipped_models import shipped_model
from lpr_export.report.text_table import format_table

PROCESSES = 5


def add_command(benchmarks: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to `lpr-bench`."""
    parser = benchmarks.add_parser("latency", help="every network x runtime x threads, in turns")
    parser.add_argument("--models", nargs="+", type=Path, metavar="FILE", help="files (default: the shipped ones)")
    parser.add_argument("--reference", type=Path, metavar="FILE", help="ratios are to this file (default: the first)")
    names = list(RUNTIMES.own)
    parser.add_argument("--runtimes", nargs="+", choices=names, default=names, metavar="NAME")
    parser.add_argument("--thread-counts", nargs="+", type=int, metavar="N", help="default: 1 to 4, as cores allow")
    parser.add_argument("--rounds", type=int, default=12, metavar="N", help="a process (default: %(default)s)")
    add_board_flags(parser)
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    """Measure, print, and write the result."""
    record = measure_matrix(
        parsed.models or shipped_files(), parsed.reference, parsed.runtimes, thread_counts(parsed), parsed.rounds
    )
    show(record, format_matrix(record))
    for refused in record["refused"]:
        print(f"lpr-bench: left out: {refused['why']}", file=sys.stderr)
    publish(record, parsed)
    return 0


def shipped_files() -> list[Path]:
    """Paths of the shipped models."""
    return [shipped_model(name) for name in NAMED_TYPES]


def thread_counts(parsed: argparse.Namespace) -> list[int]:
    """The given thread counts, or 1 to 4 up to the number of cores."""
    return parsed.thread_counts or list(range(1, min(4, os.cpu_count() or 1) + 1))


def measure_matrix(
    paths: Sequence[Path], reference: Path | None, runtimes: Sequence[str], threads: Sequence[int], rounds: int
) -> Record:
    """Run the whole benchmark; returns its record.

    Args:
        paths: model files.
        reference: the file whose ratio to others is reported; None for the first case.
        runtimes: names.
        threads: numbers of threads.
        rounds: number of rounds, in each of which all cases run.

    Raises:
        LprError: nothing opens, or the reference is not among what does.
    """
    environment = describe_environment()
    files = list(dict.fromkeys([*([reference] if reference else []), *paths]))
    cases, refused = find_cases(files, runtimes, threads)
    if not cases:
        raise LprError(f"no runtime here opens any of these files: {refused[0].why if refused else 'see --runtimes'}")
    base = _reference_case(cases, reference)
    with observe() as observed:
        processes = [run_fresh(measure_cases, cases, rounds, seed) for seed in range(PROCESSES)]
    summaries = [_summarize(index, case, processes, cases.index(base)) for index, case in enumerate(cases)]
    # A noisy case is marked by itself; a noisy reference makes every ratio invalid.
    faults = summaries[cases.index(base)]["faults"]
    return {
        "benchmark": "latency",
        "environment": environment,
        "models": [describe_file(path) for path in files],
        "reference": _name(base),
        "cases": summaries,
        "yardstick_ms": [process.reference_ms for process in processes],
        "refused": [{**_name(r.case), "why": r.why} for r in refused],
        "opencv_threads": cv2.getNumThreads(),
        "machine": observed,
        "validity": describe_validity(machine_faults(observed) + faults),
    }


def _reference_case(cases: Sequence[Case], reference: Path | None) -> Case:
    """Reference case of the ratios: the reference model in the first runtime that opens it, with minimum threads."""
    found = [case for case in cases if reference in (None, case.path)]
    if not found:
        raise LprError(f"the reference {reference} opens in no runtime here: take another file or install LiteRT")
    return found[0]


def _name(case: Case) -> dict[str, Any]:
    return {**asdict(case), "path": case.path.name}


def _summarize(index: int, case: Case, processes: Sequence[Rounds], base: int) -> dict[str, Any]:
    times = [process.times[index] for process in processes]
    pooled = [value for values in times for value in values]
    reference = [value for process in processes for value in process.times[base]]
    description = describe_file(case.path)
    return {
        **_name(case),
        "kind": description["kind"],
        "precision": description["precision"],
        "sha256": description["sha256"],
        "inference_ms": summarize_ms(pooled),
        "first_ms": [process.first_ms[index] for process in processes],
        "ratio_to_reference": paired_ratio(pooled, reference).to_list(),
        "faults": series_faults(str(case), pooled, MIN_ROUNDS),
        "raw_ms": times,
    }


def format_matrix(record: Mapping[str, Any]) -> str:
    """Milliseconds and ratios to the reference with 95 % intervals as a text table, one line per case."""
    reference = record["reference"]
    rows = [
        [f"{case['path']}", case["runtime"], str(case["threads"])]
        + [f"{case['inference_ms'][figure]:.3f}" for figure in ("p50", "p90", "p99")]
        + ["{:.3g} [{:.3g}–{:.3g}]".format(*case["ratio_to_reference"]), "INVALID" if case["faults"] else ""]
        for case in record["cases"]
    ]
    head = (
        f"{record['environment']['board']}: one inference, milliseconds; "
        f"ratios to {reference['path']} in {reference['runtime']}, {reference['threads']} thread(s)\n\n"
    )
    return head + format_table(["file", "runtime", "threads", "p50", "p90", "p99", "ratio", ""], rows)

"""`lpr-bench roofline`: share of the machine's peak, time outside the networks, acceptance criteria."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from lpr_bench.base.frames import DISTINCT
from lpr_bench.base.results import Record
from lpr_bench.latency.processes import run_fresh
from lpr_bench.latency.run_frames import Settings, measure_device_start
from lpr_bench.latency.run_latency import shipped_files
from lpr_bench.roofline.network_costs import network_cost
from lpr_bench.roofline.peaks import FILES
from lpr_bench.roofline.roofline import COPIED, IN_A_ROW, LimitTimes, measure_limits
from lpr_bench.roofline.targets import check_criteria, criterion_rows
from lpr_bench.system.boards import add_board_flags, publish, show
from lpr_bench.system.devices import add_device_flags, describe_file
from lpr_bench.system.environment import describe_environment
from lpr_bench.system.system_monitor import observe
from lpr_bench.system.validity import MIN_ROUNDS, describe_validity, machine_faults, series_faults
from lpr_export.report.text_table import format_table

ROUNDS = 100


def add_command(benchmarks: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to `lpr-bench`."""
    parser = benchmarks.add_parser(
        "roofline", aliases=["limits"], help="share of the machine's peak, time outside networks, acceptance criteria"
    )
    parser.add_argument("--models", nargs="+", type=Path, metavar="FILE", help=".tflite (default: the shipped ones)")
    parser.add_argument("--published", type=Path, metavar="FILE", help="the published classifier, float32 .tflite")
    parser.add_argument("--rounds", type=int, default=ROUNDS, metavar="N", help="default: %(default)s")
    add_device_flags(parser)
    add_board_flags(parser)
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    """Measure, print, and write the result."""
    settings = Settings(parsed.detector, parsed.reader, parsed.runtime, parsed.threads, 0)
    record = measure_record(settings, parsed.models or shipped_files(), parsed.published, parsed.rounds)
    show(record, format_limits(record))
    publish(record, parsed)
    return 0


def measure_record(settings: Settings, networks: Sequence[Path], published: Path | None, rounds: int) -> Record:
    """Run the whole benchmark; returns its record.

    Args:
        settings: of the device.
        networks: model files that are compared with the peak.
        published: the article's classifier in float32; None to leave it out.
        rounds: number of rounds, in each of which everything is timed.
    """
    environment = describe_environment()
    with observe() as observed:
        found = run_fresh(measure_limits, settings, networks, published, rounds)
        cold_start = measure_device_start(settings)
    peaks = {precision: _peak(path, found.times[f"peak {precision}"]) for precision, path in FILES.items()}
    faults = [
        *machine_faults(observed),
        *series_faults("peak int8", found.times["peak int8"], MIN_ROUNDS),
        *series_faults(IN_A_ROW, found.times[IN_A_ROW], MIN_ROUNDS, DISTINCT),
    ]
    return {
        "benchmark": "limits",
        "environment": environment,
        "models": [describe_file(path) for path in [*networks, *([published] if published else [])]],
        "threads": settings.threads,
        "peaks": peaks,
        "copied_bytes_a_second": 2 * COPIED / (median(found.times["copy"]) / 1000),
        "networks": [_network(path, found, peaks) for path in networks],
        "profile": found.profile,
        "starting": cold_start,
        "bars": check_criteria(found, cold_start),
        "raw_ms": found.times,
        "machine": observed,
        "validity": describe_validity(faults),
    }


def _peak(path: Path, times: Sequence[float]) -> dict[str, float]:
    """Peak throughput from the fastest decile of rounds, which other load disturbs least."""
    best = float(np.percentile(times, 10))
    count = network_cost(path).multiply_adds
    return {"multiply_adds": count, "ms": best, "multiply_adds_a_second": count / (best / 1000)}


def _network(path: Path, measured: LimitTimes, peaks: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    description, cost = describe_file(path), network_cost(path)
    took = median(measured.times[f"network {path.name}"])
    reached = cost.multiply_adds / (took / 1000)
    return {
        **description,
        "ms": took,
        "multiply_adds": cost.multiply_adds,
        "bytes_moved": cost.bytes_moved,
        "weight_bytes": cost.weight_bytes,
        "multiply_adds_a_byte": cost.multiply_adds_a_byte,
        "operators": cost.operators,
        "multiply_adds_a_second": reached,
        "share_of_peak": reached / peaks[description["precision"]]["multiply_adds_a_second"],
    }


def format_limits(record: Mapping[str, Any]) -> str:
    """Three tables: networks compared with the peak, the steps of a frame, the acceptance criteria."""
    criteria_table = format_table(
        ["criterion", "measured", "limit", ""], criterion_rows(record["bars"], missed="MISSED")
    )
    return "\n\n".join((_format_networks(record), _format_steps(record["profile"]), criteria_table))


def _format_networks(record: Mapping[str, Any]) -> str:
    peaks = ", ".join(f"{p} {peak['multiply_adds_a_second'] / 1e9:.0f}" for p, peak in record["peaks"].items())
    rows = [
        [
            n["file"],
            f"{n['multiply_adds'] / 1e6:.1f}",
            f"{n['bytes_moved'] / 1e6:.2f}",
            f"{n['multiply_adds_a_byte']:.0f}",
            f"{n['ms']:.3f}",
            f"{n['multiply_adds_a_second'] / 1e9:.1f}",
            f"{n['share_of_peak']:.0%}",
        ]
        for n in record["networks"]
    ]
    header = ["network", "M mult-adds", "MB moved", "a byte", "ms", "G/s", "of peak"]
    return (
        f"measured peak, G multiply-adds a second: {peaks}; copies {record['copied_bytes_a_second'] / 1e9:.1f} GB/s\n"
        + (format_table(header, rows))
    )


def _format_steps(profile: Mapping[str, Any]) -> str:
    steps = profile["steps_ms"]
    rows = [[step, f"{ms:.3f}", f"{ms / steps['whole']:.1%}"] for step, ms in steps.items()]
    return format_table(["a frame with a plate, step", "ms", "share"], rows)

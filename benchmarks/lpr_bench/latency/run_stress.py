"""`lpr-bench stress`: read frames for a long time and sample speed, temperature and memory."""

import argparse
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import Any

import cv2

from lpr_bench.base.frames import FramePool, make_frames
from lpr_bench.base.results import Record
from lpr_bench.latency.statistics import summarize_ms
from lpr_bench.system.boards import add_board_flags, publish, show
from lpr_bench.system.devices import add_device_flags, describe_model, open_reader
from lpr_bench.system.environment import describe_environment, describe_state
from lpr_bench.system.system_monitor import observe
from lpr_bench.system.validity import describe_validity, machine_faults
from lpr_edge.vision.pipeline import PlatePipeline
from lpr_export.report.text_table import format_table

SHARE = 1.0
"""A plate in every frame: the largest load of a camera."""


def add_command(benchmarks: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to `lpr-bench`."""
    parser = benchmarks.add_parser("stress", help="frames for a long time: heat, throttling, memory")
    parser.add_argument("--minutes", type=float, default=30.0, metavar="N", help="default: %(default)g")
    parser.add_argument("--every", type=float, default=10.0, metavar="S", help="seconds a sample (default: 10)")
    add_device_flags(parser)
    add_board_flags(parser)
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    """Run, print each sample, and write all of them; Ctrl-C ends early and keeps the samples so far."""
    cv2.setNumThreads(parsed.threads)
    environment = describe_environment()
    device = open_reader(parsed)
    frames = make_frames(device.reader.grammar.country)
    samples: list[dict[str, Any]] = []
    with observe() as observed:
        try:
            for sample in take_samples(device, frames, 60 * parsed.minutes, parsed.every):
                samples.append(sample)
                print(format_samples(samples[-1:], with_head=len(samples) == 1), flush=True)
        except KeyboardInterrupt:
            print("lpr-bench: stopped early; what was sampled is kept", file=sys.stderr)
    record = describe_run(samples, {"minutes_wished": parsed.minutes, "every_s": parsed.every})
    models = [describe_model(device.detector.model), describe_model(device.reader.model)]
    faults = machine_faults(observed) + ["no whole sample was taken"] * (not samples)
    machine = {"environment": environment, "models": models, "threads": parsed.threads, "machine": observed}
    record |= {**machine, "validity": describe_validity(faults)}
    show(record, f"median time of the last tenth / that of the first: {record['end_beside_start']}")
    publish(record, parsed)
    return 0


def take_samples(device: PlatePipeline, frames: FramePool, seconds: float, every: float) -> Iterator[dict[str, Any]]:
    """Read frames without a pause; yield a sample every `every` seconds.

    Args:
        device: detects and reads.
        frames: to read, again and again.
        seconds: for how long.
        every: seconds between two samples.
    """
    start = since = perf_counter()
    latencies: list[float] = []
    for index in count():
        before = perf_counter()
        device.read(frames.frame(index, SHARE))
        now = perf_counter()
        latencies.append(1000 * (now - before))
        if now - since >= every:
            yield {
                "at_s": round(now - start, 1),
                "frames_per_second": round(len(latencies) / (now - since), 2),
                "latency_ms": summarize_ms(latencies),
                "memory_mb": memory_mb(),
                **describe_state(),
            }
            since, latencies = perf_counter(), []
        if now - start >= seconds:
            return


def memory_mb(status: Path = Path("/proc/self/status")) -> float | None:
    """Resident memory of this process in MB, including the rendered frames; None if it is unknown."""
    try:
        lines = status.read_text().splitlines()
        return next(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("VmRSS:"))
    except (OSError, StopIteration):
        return None


def describe_run(samples: list[dict[str, Any]], settings: dict[str, Any]) -> Record:
    """The record: every sample, and the ratio of the last tenth's times to the first's."""
    tenth = max(1, len(samples) // 10)
    medians = [sample["latency_ms"]["p50"] for sample in samples]
    slower = sum(medians[-tenth:]) / sum(medians[:tenth]) if medians else None
    return {
        "benchmark": "stress",
        "share_with_plate": SHARE,
        **settings,
        "end_beside_start": slower,
        "samples": samples,
    }


def format_samples(samples: list[dict[str, Any]], with_head: bool) -> str:
    """Samples as lines of a text table with fixed column widths."""
    rows = [
        [
            f"{s['at_s']:10.0f}",
            f"{s['frames_per_second']:8.1f}",
            f"{s['latency_ms']['p50']:8.2f}",
            f"{s['latency_ms']['p99']:8.2f}",
            _or_dash(s["temperature_celsius"]),
            _or_dash(s["frequency_khz"], 1e-3),
            _or_dash(s["throttled"]),
            _or_dash(s["memory_mb"]),
        ]
        for s in samples
    ]
    head = ["   seconds", "frames/s", "  p50 ms", "  p99 ms", " celsius", "     MHz", "throttled", "      MB"]
    table = format_table(head, [[cell.rjust(len(h)) for cell, h in zip(row, head, strict=True)] for row in rows])
    return table if with_head else table.split("\n", 1)[1]


def _or_dash(value: float | None, times: float = 1.0) -> str:
    return "–" if value is None else f"{value * times:.0f}"

"""`lpr-bench frames`: latency of the device's code on rendered frames in new processes, and its cold start."""

import argparse
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import cv2

from lpr_bench.base.frames import DISTINCT, SIZE_HW, FramePool, make_frames
from lpr_bench.base.results import Record
from lpr_bench.latency.cold_start import measure_cold_start
from lpr_bench.latency.frame_times import (
    WARM_UP,
    ProcessTimes,
    first_frame_ms,
    format_profile,
    format_shares,
    measure,
    profile_frames,
    summarize,
)
from lpr_bench.latency.processes import run_fresh
from lpr_bench.system.boards import add_board_flags, publish, show
from lpr_bench.system.devices import add_device_flags, describe_model, open_plate_reader
from lpr_bench.system.environment import describe_environment
from lpr_bench.system.system_monitor import observe
from lpr_bench.system.validity import describe_validity, frame_faults, machine_faults
from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.base.errors import LprError
from lpr_edge.vision.pipeline import PlatePipeline

SHARES = (0.0, 0.5, 1.0)
"""Measured shares of frames with a plate, from an empty street to a plate in every frame."""

PROCESSES = 8
"""Number of processes of a measurement; their differences give the noise."""
PROFILED_TURNS = 5
"""Times that each frame with a plate is read with its steps timed."""


@dataclass(frozen=True)
class Settings:
    """Settings of a measuring process."""

    detector: Path | None
    reader: Path | None
    runtime: str
    threads: int
    frames: int
    """Number of frames per share in this process."""
    slowdown: float = 0.0
    """Share of each frame's time to spend idly after it, for the A/A test."""


def add_command(benchmarks: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to `lpr-bench`."""
    parser = benchmarks.add_parser("frames", help="p50 to p99 of each stage, start and memory (the default)")
    parser.add_argument("--frames", type=_count, default=60, metavar="N", help="a share and process (default: 60)")
    parser.add_argument("--processes", type=_count, default=PROCESSES, metavar="N", help="default: %(default)s")
    add_device_flags(parser)
    add_board_flags(parser)
    parser.set_defaults(run=run)


def _count(text: str) -> int:
    """Parse a whole number above zero; argparse turns the ValueError into its own message."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} can't be timed: give 1 or more")
    return value


def run(parsed: argparse.Namespace) -> int:
    """Measure, print, and write the result."""
    record = measure_board(settings_from(parsed), parsed.processes)
    show(record, format_record(record))
    publish(record, parsed)
    return 0


def settings_from(parsed: argparse.Namespace) -> Settings:
    """Settings from the command line."""
    return Settings(parsed.detector, parsed.reader, parsed.runtime, parsed.threads, parsed.frames)


def measure_board(settings: Settings, processes: int) -> Record:
    """Run the whole benchmark; returns its record."""
    environment = describe_environment()
    cv2.setNumThreads(settings.threads)
    device = open_settings(settings)
    with observe() as observed:
        times = measure_in_processes(settings, processes)
        profile = run_fresh(profile_here, settings)
        cold_start = measure_device_start(settings)
    return {
        "benchmark": "frames",
        "environment": environment,
        "models": [describe_model(device.detector.model), describe_model(device.reader.model)],
        "threads": settings.threads,
        "frame_size_hw": SIZE_HW,
        "period": DISTINCT,
        **times,
        "profile": profile,
        "starting": cold_start,
        "machine": observed,
        "validity": describe_validity(machine_faults(observed) + frame_faults(times["shares"], DISTINCT)),
    }


def measure_in_processes(settings: Settings, processes: int) -> dict[str, Any]:
    """Time frames in fresh processes, one after the other."""
    found = []
    for number in range(processes):
        if sys.stderr.isatty():
            print(f"\rlpr-bench: process {number + 1} of {processes} ", end="", file=sys.stderr, flush=True)
        found.append(run_fresh(measure_here, settings))
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr)
    return {
        "load_ms": [round(process.load_ms, 3) for process in found],
        "first_frame_ms": [round(process.first_frame_ms, 3) for process in found],
        "shares": summarize(found),
    }


def measure_here(settings: Settings) -> ProcessTimes:
    """Time frames in this process."""
    cv2.setNumThreads(settings.threads)
    start = perf_counter()
    device = open_settings(settings)
    load_ms = 1000 * (perf_counter() - start)
    frames = make_frames(device.reader.grammar.country)
    first = first_frame_ms(device, frames.with_plate[0])
    return ProcessTimes(load_ms, first, measure(device, frames, SHARES, settings.frames, settings.slowdown))


def profile_here(settings: Settings) -> dict[str, Any]:
    """Time the steps of frames with a plate in this process, see `profile_frames`."""
    cv2.setNumThreads(settings.threads)
    device = open_settings(settings)
    frames = make_frames(device.reader.grammar.country).with_plate
    for frame in frames[:WARM_UP]:
        device.read(frame)
    return profile_frames(device, frames * PROFILED_TURNS)


def open_settings(settings: Settings) -> PlatePipeline:
    """The device that the settings describe."""
    return open_plate_reader(settings.detector, settings.reader, settings.runtime, settings.threads)


def measure_device_start(settings: Settings) -> dict[str, Any]:
    """Time the command's start; `not_measured` says why where it can't be."""
    device = open_settings(settings)
    try:
        frame = _readable_frame(device, make_frames(device.reader.grammar.country))
        return measure_cold_start(frame, _flags(settings))
    except LprError as error:
        return {"not_measured": str(error)}


def _readable_frame(device: PlatePipeline, frames: FramePool) -> Image:
    """The frame with the most confident reading, as the command drops low-confidence ones."""
    raw_confidence = [_raw_confidence(device, frame) for frame in frames.with_plate]
    if not max(raw_confidence):
        raise LprError("these models read none of the rendered plates, so there is no first reading to time")
    return frames.with_plate[raw_confidence.index(max(raw_confidence))]


def _raw_confidence(device: PlatePipeline, frame: Image) -> float:
    return max((plate.reading.confidence for plate in device.read(frame).plates), default=0.0)


def _flags(settings: Settings) -> list[str]:
    files = {"--detector": settings.detector, "--reader": settings.reader}
    chosen = [word for flag, path in files.items() if path for word in (flag, str(path))]
    return [*chosen, "--runtime", settings.runtime, "--threads", str(settings.threads)]


def format_record(record: Mapping[str, Any]) -> str:
    """What the command prints: what was measured on what, then the table."""
    environment, packages = record["environment"], record["environment"]["packages"]
    models = ", ".join(f"{m['file']} {m['bytes'] / 1000:.0f} kB" for m in record["models"])
    runtime = f"{record['models'][0]['runtime']} {record['models'][0]['runtime_version']}"
    return (
        f"{environment['board']}, {environment['system']}, Python {environment['python']}\n"
        f"lpr {packages.get('lpr', 'not installed')}, {runtime}, {record['threads']} thread(s), {models}\n"
        f"models opened in {median(record['load_ms']):.0f} ms, first frame {median(record['first_frame_ms']):.1f} ms\n"
        f"{format_profile(record['profile'])}\n"
        f"{_format_starting(record['starting'])}\n\n" + format_shares(record["shares"])
    )


def _format_starting(cold_start: Mapping[str, Any]) -> str:
    if "not_measured" in cold_start:
        return f"start not timed: {cold_start['not_measured']}"
    imports = cold_start["tensorflow_import_s"]
    beside = "" if imports is None else f" (importing TensorFlow takes {imports:.1f} s)"
    peaks = ", ".join(f"{what} {value:.0f} MB" for what, value in cold_start["peak_memory_mb"].items())
    return f"process start to first reading {cold_start['first_reading_s']:.2f} s{beside}; most memory: {peaks}"

"""`lpr-bench latency`: the device's code on rendered frames, timed."""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter
from typing import Any

import cv2

from lpr_bench.devices import add_model_flag, add_runtime_flags, describe_model, open_reader
from lpr_bench.environment import describe_environment, describe_state, file_stem
from lpr_bench.frames import SIZE_HW, make_frames
from lpr_bench.latency import first_frame_ms, format_latency, measure, summarize
from lpr_bench.results import write_result

SHARES = (0.0, 0.5, 1.0)
"""Shares of frames with a plate: an empty street, and a plate in every frame, are different machines."""


def add_command(benchmarks: "argparse._SubParsersAction[argparse.ArgumentParser]", results: Path) -> None:
    """Add the command to `lpr-bench`; `results` is the folder that results go to unless told otherwise."""
    parser = benchmarks.add_parser("latency", help="p50 to p99 of each stage over rendered frames of 640x480")
    parser.add_argument("--frames", type=_count, default=200, metavar="N", help="frames a share (default: %(default)s)")
    parser.add_argument("--board", help="this machine's name in the result (default: what it calls itself)")
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help=f"where the result goes (default: {results}/<board>.json)"
    )
    for flag in ("--detector", "--reader"):
        add_model_flag(parser, flag)
    add_runtime_flags(parser)
    parser.set_defaults(run=run, results=results)


def _count(text: str) -> int:
    """A whole number above zero; argparse turns the ValueError into its own message."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} frames can't be timed: give 1 or more")
    return value


def run(parsed: argparse.Namespace) -> int:
    """Measure, print, and write the result."""
    cv2.setNumThreads(parsed.threads)
    environment = describe_environment()
    board = parsed.board or environment["board"]
    result = {"benchmark": "latency", "board": board, "environment": environment, **_measure(parsed)}
    print(_format(result))
    path = parsed.json or parsed.results / f"{file_stem(board)}.json"
    write_result(path, {**result, "state_at_end": describe_state()})
    print(f"Wrote {path}", file=sys.stderr)
    return 0


def _measure(parsed: argparse.Namespace) -> dict[str, Any]:
    start = perf_counter()
    device = open_reader(parsed)
    load_ms = 1000 * (perf_counter() - start)
    frames = make_frames(device.reader.grammar.country)
    return {
        "models": [describe_model(device.detector.model), describe_model(device.reader.model)],
        "threads": parsed.threads,
        "opencv_threads": cv2.getNumThreads(),
        "frame_size_hw": SIZE_HW,
        "load_ms": load_ms,
        "first_frame_ms": first_frame_ms(device, frames.with_plate[0]),
        "shares": summarize(measure(device, frames, SHARES, parsed.frames)),
    }


def _format(result: Mapping[str, Any]) -> str:
    """What the command prints: what was measured on what, then the table."""
    packages = result["environment"]["packages"]
    models = ", ".join(f"{m['file']} {m['bytes'] / 1000:.0f} kB" for m in result["models"])
    runtime = f"{result['models'][0]['runtime']} {result['models'][0]['runtime_version']}"
    return (
        f"{result['board']}, {result['environment']['system']}, Python {result['environment']['python']}\n"
        f"lpr {packages.get('lpr', 'not installed')}, {runtime}, {result['threads']} thread(s), {models}\n"
        f"models opened in {result['load_ms']:.0f} ms, first frame {result['first_frame_ms']:.1f} ms\n\n"
        + format_latency(result["shares"])
    )

"""`lpr-bench streams`: frames of 1280×720 by share with a plate, and of one and several streams at once."""

import argparse
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter, process_time
from typing import Any

import cv2

from lpr_bench.base.frames import FramePool, make_frames
from lpr_bench.latency.frame_times import WARM_UP
from lpr_bench.latency.statistics import summarize_ms
from lpr_bench.streams.made_stream import stream_frames
from lpr_bench.system.boards import add_board_flags, publish, show
from lpr_bench.system.devices import add_device_flags, describe_model, open_reader
from lpr_bench.system.environment import describe_environment
from lpr_bench.system.system_monitor import observe
from lpr_bench.system.validity import describe_validity, machine_faults
from lpr_edge.pacing.frame_reader import FrameReader
from lpr_edge.tracking.tracker import Tracker
from lpr_edge.vision.pipeline import PlatePipeline
from lpr_export.report.text_table import format_table

SHARES = (0.0, 0.2, 0.5, 0.7, 1.0)
"""Shares of frames with a plate, as ultimateALPR's benchmark has them; its frames are 1280×720, too."""
SIZE_HW = (720, 1280)
STREAM_SHARE = 0.2
"""Share of the time in which a vehicle passes a stream's camera."""


def add_command(benchmarks: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to `lpr-bench`."""
    parser = benchmarks.add_parser("streams", help="frames a second of 1280x720, and of several streams at once")
    parser.add_argument("--frames", type=int, default=100, metavar="N", help="a share (default: 100)")
    parser.add_argument(
        "--streams", type=int, nargs="+", default=[1, 4], metavar="N", help="numbers of streams (default: 1 4)"
    )
    parser.add_argument(
        "--stream-frames", type=int, default=600, metavar="N", help="frames of each stream (default: 600)"
    )
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="streams that run at a time (default: 2)")
    add_device_flags(parser)
    add_board_flags(parser)
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    """Measure, print, and write the result."""
    cv2.setNumThreads(parsed.threads)
    environment = describe_environment()
    devices = [open_reader(parsed) for _ in range(max(parsed.streams))]
    pool = make_frames(devices[0].reader.grammar.country, size_hw=SIZE_HW)
    with observe() as observed:
        shares = measure_shares(devices[0], pool, SHARES, parsed.frames)
        streams = [measure_streams(devices[:n], pool, parsed.stream_frames, parsed.workers) for n in parsed.streams]
    record = {
        "benchmark": "streams",
        "environment": environment,
        "models": [describe_model(devices[0].detector.model), describe_model(devices[0].reader.model)],
        "threads": parsed.threads,
        "workers": parsed.workers,
        "frame_size_hw": SIZE_HW,
        "shares": shares,
        "stream_share": STREAM_SHARE,
        "streams": streams,
        "machine": observed,
        "validity": describe_validity(machine_faults(observed)),
    }
    show(record, format_record(record))
    publish(record, parsed)
    return 0


def measure_shares(device: PlatePipeline, pool: FramePool, shares: Sequence[float], count: int) -> list[dict[str, Any]]:
    """Times of single frames, found and read whole; the shares take turns, so that other load affects them equally.

    Args:
        device: what finds and reads.
        pool: its frames.
        shares: of frames with a plate.
        count: frames of each share.
    """
    for index in range(WARM_UP):
        device.read(pool.frame(index, 1.0))
    times: dict[float, list[float]] = {share: [] for share in shares}
    cpu_s = dict.fromkeys(shares, 0.0)
    for index in range(count):
        for share, found in times.items():
            start, used = perf_counter(), process_time()
            device.read(pool.frame(index, share))
            found.append(1000 * (perf_counter() - start))
            cpu_s[share] += process_time() - used
    return [
        {
            "share_with_plate": share,
            "frames": count,
            "frames_per_second": 1000 * count / sum(found),
            "cpu_ms_a_frame": 1000 * cpu_s[share] / count,
            "whole_ms": summarize_ms(found),
        }
        for share, found in times.items()
    ]


def measure_streams(devices: Sequence[PlatePipeline], pool: FramePool, count: int, workers: int) -> dict[str, Any]:
    """Frames a second of streams that are read, and followed, as fast as they can be.

    Args:
        devices: one for each stream.
        pool: the streams' frames.
        count: frames of each stream.
        workers: streams that run at a time, each in a thread.
    """
    start, used = perf_counter(), process_time()
    with ThreadPoolExecutor(workers) as threads:
        found = list(threads.map(lambda device: _read_stream(device, pool, count), devices))
    frames, seconds = count * len(devices), perf_counter() - start
    return {
        "streams": len(devices),
        "frames": frames,
        "frames_per_second": frames / seconds,
        "cpu_ms_a_frame": 1000 * (process_time() - used) / frames,
        "skipped": sum(skipped for skipped, _ in found) / frames,
        "events": sum(events for _, events in found),
    }


def _read_stream(device: PlatePipeline, pool: FramePool, count: int) -> tuple[int, int]:
    """Read one stream; how many frames were skipped, since nothing moved in them, and how many events came."""
    tracker = Tracker(device.reader.decoder, threshold=device.detector.threshold)
    reader = FrameReader(device, tracker)
    skipped = events = 0
    for frame in stream_frames(pool, STREAM_SHARE, count):
        result = reader.read(frame)
        skipped += result.is_skipped
        events += len(tracker.update(frame, result.all_plates))
    return skipped, events + len(tracker.flush())


def format_record(record: Mapping[str, Any]) -> str:
    """Both tables as text."""
    height, width = record["frame_size_hw"]
    single = [
        [
            f"{one['share_with_plate']:.0%}",
            f"{one['whole_ms']['p50']:.2f}",
            f"{one['whole_ms']['p99']:.2f}",
            f"{one['cpu_ms_a_frame']:.2f}",
            f"{one['frames_per_second']:.0f}",
        ]
        for one in record["shares"]
    ]
    several = [
        [
            str(one["streams"]),
            f"{one['frames_per_second']:.0f}",
            f"{one['cpu_ms_a_frame']:.2f}",
            f"{one['skipped']:.0%}",
            str(one["events"]),
        ]
        for one in record["streams"]
    ]
    return (
        f"{width}x{height}, each frame found and read whole, {record['threads']} thread(s)\n"
        + format_table(["with a plate", "p50 ms", "p99 ms", "CPU ms", "frames/s"], single)
        + f"\n\nstreams followed as fast as they can be, {record['workers']} at a time, "
        + f"a vehicle in {record['stream_share']:.0%} of the time\n"
        + format_table(["streams", "frames/s", "CPU ms a frame", "skipped", "events"], several)
    )

"""Time per frame: by stage over several processes, and by step of the device's own code in one."""

import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import wraps
from statistics import median
from time import perf_counter
from typing import Any

from lpr_bench.base.frames import FramePool
from lpr_bench.latency.statistics import summarize_ms
from lpr_bench.system.reference_workload import reference_workload_ms
from lpr_edge.contract.base.arrays import Image
from lpr_edge.vision.pipeline import PlatePipeline
from lpr_export.report.text_table import format_table

WARM_UP = 10
"""Number of frames before timing, for caches, allocators and the processor's clock."""

STAGES = ("detect", "read", "rest", "whole")

FIGURES = ("p50", "p90", "p99")
"""Percentiles in the table; the file has more."""


@dataclass
class Timings:
    """Times of frames, one value per frame, in order."""

    detect: list[float] = field(default_factory=list)
    """Milliseconds from the frame to corners: preparing, network, decoding."""
    read: list[float] = field(default_factory=list)
    """Milliseconds from corners to text, for all plates of the frame."""
    whole: list[float] = field(default_factory=list)
    """Milliseconds around the one call that an application makes."""
    yardstick: list[float] = field(default_factory=list)
    """Milliseconds of the reference workload just before the frame."""
    plates: list[int] = field(default_factory=list)
    """Number of plates read in the frame."""

    @property
    def rest(self) -> list[float]:
        """Milliseconds outside of both stages."""
        return [whole - d - r for whole, d, r in zip(self.whole, self.detect, self.read, strict=True)]

    def stage(self, name: str) -> list[float]:
        """Milliseconds of a stage of `STAGES`."""
        values: list[float] = getattr(self, name)
        return values


@dataclass(frozen=True)
class ProcessTimes:
    """Measurements of one process."""

    load_ms: float
    """Time to open both networks and run them once."""
    first_frame_ms: float
    """Time of the first frame."""
    shares: dict[float, Timings]
    """Share of frames with a plate -> times."""


def measure(
    device: PlatePipeline, frames: FramePool, shares: Sequence[float], count: int, slowdown: float = 0.0
) -> dict[float, Timings]:
    """Time frames; the shares take turns frame by frame, so that other load affects them equally.

    Args:
        device: the pipeline to time.
        frames: its input.
        shares: shares of frames with a plate, each measured separately.
        count: number of frames per share.
        slowdown: share of each frame's time to spend idly after it, for `lpr-bench aa-test`.
    """
    for index in range(WARM_UP):
        device.read(frames.frame(index, 1.0))
    timings = {share: Timings() for share in shares}
    for index in range(count):
        for share, timing in timings.items():
            _time(device, frames.frame(index, share), timing, slowdown)
    return timings


def _time(device: PlatePipeline, frame: Image, timing: Timings, slowdown: float) -> None:
    timing.yardstick.append(reference_workload_ms())
    start = perf_counter()
    result = device.read(frame)
    busy_wait((perf_counter() - start) * slowdown)
    timing.whole.append(1000 * (perf_counter() - start))
    timing.detect.append(result.detect_ms)
    timing.read.append(result.read_ms)
    timing.plates.append(len(result.plates))


def busy_wait(seconds: float) -> None:
    """Keep the processor busy."""
    end = perf_counter() + seconds
    while perf_counter() < end:
        pass


def first_frame_ms(device: PlatePipeline, frame: Image) -> float:
    """Milliseconds of the first frame, (H, W, 3) uint8, on a newly opened device."""
    start = perf_counter()
    device.read(frame)
    return 1000 * (perf_counter() - start)


def summarize(processes: Sequence[ProcessTimes]) -> list[dict[str, Any]]:
    """Percentiles over all processes and raw values of each, for every share."""
    return [_summarize_share(share, [process.shares[share] for process in processes]) for share in processes[0].shares]


def _summarize_share(fraction: float, timings: Sequence[Timings]) -> dict[str, Any]:
    pooled = {stage: [value for timing in timings for value in timing.stage(stage)] for stage in STAGES}
    whole = pooled["whole"]
    return {
        "share_with_plate": fraction,
        "frames": len(whole),
        "plates_read": sum(sum(timing.plates) for timing in timings),
        "frames_per_second": 1000 * len(whole) / sum(whole),
        "stages_ms": {stage: summarize_ms(values) for stage, values in pooled.items()},
        "processes": [{key: _rounded(values) for key, values in asdict(timing).items()} for timing in timings],
    }


def _rounded(values: Sequence[float]) -> list[float]:
    """Round milliseconds to a tenth of a microsecond: finer digits mean nothing and make the file larger."""
    return [round(value, 4) for value in values]


def format_shares(results: Sequence[Mapping[str, Any]]) -> str:
    """Milliseconds per stage as a text table."""
    rows = [
        [f"{stage}, plate in {result['share_with_plate']:.0%} of {result['frames']} frames"]
        + [f"{figures[name]:.2f}" for name in FIGURES]
        + ([f"{result['frames_per_second']:.0f}"] if stage == "whole" else [""])
        for result in results
        for stage, figures in result["stages_ms"].items()
        if stage != "rest"
    ]
    return format_table(["milliseconds", *FIGURES, "frames/s"], rows)


STEPS = {
    "network": (
        ("lpr_edge.runtimes.tflite", "TfliteEngine", "compute"),
        ("lpr_edge.runtimes.onnx_runtime", "OnnxRuntimeEngine", "run"),
        ("lpr_edge.runtimes.opencv_dnn", "OpenCvEngine", "run"),
    ),
    "frame to input": (("lpr_edge.vision.detector", "", "write_frame"),),
    "plate to input": (("lpr_edge.vision.reader", "", "write_plate"),),
    "heads to plates": (("lpr_edge.vision.detector", "", "decode_plates"),),
    "heads to characters": (("lpr_edge.vision.reader", "", "decode_characters"),),
    "characters to text": (("lpr_edge.text.decoding", "PlateDecoder", "decode"),),
}
"""Step -> its functions as (module, class or empty, name). None of them calls another.

What of LiteRT's adapter copies the outputs is outside of the network, as all code of the device is; other runtimes copy
within their one call.
"""

Spent = dict[str, float]
"""Seconds by step."""


@contextmanager
def timed_steps() -> Iterator[Spent]:
    """Time the steps while the block runs; each call adds to its step's entry.

    The overhead of a step is two readings of the clock and one call.

    Yields:
        Step -> seconds; the caller reads the values and resets them.
    """
    spent = dict.fromkeys(STEPS, 0.0)
    kept = []
    for step, functions in STEPS.items():
        for module, owner, name in functions:
            place = importlib.import_module(module)
            place = getattr(place, owner) if owner else place
            kept.append((place, name, getattr(place, name)))
            setattr(place, name, _timed(getattr(place, name), step, spent))
    try:
        yield spent
    finally:
        for place, name, function in kept:
            setattr(place, name, function)


def _timed(function: Callable[..., Any], step: str, spent: Spent) -> Callable[..., Any]:
    @wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        start = perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            spent[step] += perf_counter() - start

    return run


def profile_frames(device: PlatePipeline, frames: Sequence[Image]) -> dict[str, Any]:
    """Read frames (H, W, 3) uint8 BGR with every step timed.

    Returns:
        Milliseconds per frame of each step and of the time between steps (medians and raw), and the share of time
        outside the networks.
    """
    raw: dict[str, list[float]] = {step: [] for step in (*STEPS, "between", "whole")}
    with timed_steps() as spent:
        for frame in frames:
            spent.update(dict.fromkeys(STEPS, 0.0))
            start = perf_counter()
            device.read(frame)
            whole = perf_counter() - start
            raw["whole"].append(round(1000 * whole, 5))
            raw["between"].append(round(1000 * (whole - sum(spent.values())), 5))
            for step, seconds in spent.items():
                raw[step].append(round(1000 * seconds, 5))
    outside = [whole - network for whole, network in zip(raw["whole"], raw["network"], strict=True)]
    return {
        "steps_ms": {step: median(values) for step, values in raw.items()},
        "outside_networks": median(o / w for o, w in zip(outside, raw["whole"], strict=True)),
        "raw_ms": raw,
    }


def format_profile(profile: Mapping[str, Any]) -> str:
    """What of a frame is outside the networks, in one line: share, and milliseconds of each step."""
    steps = {step: ms for step, ms in profile["steps_ms"].items() if step not in ("network", "whole")}
    listed = ", ".join(f"{step} {ms:.2f}" for step, ms in steps.items())
    return f"{profile['outside_networks']:.0%} of a frame with a plate is outside the networks; in ms: {listed}"

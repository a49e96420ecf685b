"""How long a frame takes, stage by stage, on this machine."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from time import perf_counter
from typing import Any

from lpr_bench.frames import FramePool
from lpr_bench.percentiles import summarize_ms
from lpr_bench.tables import format_table
from lpr_edge.contract.arrays import Image
from lpr_edge.pipeline import PlateReader

WARM_UP = 10
"""Frames that run before any is timed: caches, allocators and the processor's clock settle."""

STAGES = ("detect", "read", "rest", "whole")


@dataclass
class Timings:
    """One value a frame, in the order they ran."""

    detect: list[float] = field(default_factory=list)
    """Milliseconds from the frame to corners: preparing, network, decoding."""
    read: list[float] = field(default_factory=list)
    """Milliseconds from corners to text, for all plates of the frame."""
    whole: list[float] = field(default_factory=list)
    """Milliseconds around the one call that an application makes."""
    plates: list[int] = field(default_factory=list)
    """Plates that were read in the frame."""

    @property
    def rest(self) -> list[float]:
        """What the whole takes beside its stages, milliseconds."""
        return [whole - d - r for whole, d, r in zip(self.whole, self.detect, self.read, strict=True)]

    def stage(self, name: str) -> list[float]:
        """A stage's milliseconds by its name in `STAGES`."""
        values: list[float] = getattr(self, name)
        return values


def measure(device: PlateReader, frames: FramePool, shares: Sequence[float], count: int) -> dict[float, Timings]:
    """Time frames; the shares take turns frame by frame, so that a slow minute hits all alike.

    Args:
        device: what is timed.
        frames: what it sees.
        shares: shares of frames with a plate, each measured by itself.
        count: frames a share.
    """
    for index in range(WARM_UP):
        device.read(frames.frame(index, 1.0))
    timings = {share: Timings() for share in shares}
    for index in range(count):
        for share, timing in timings.items():
            _time(device, frames.frame(index, share), timing)
    return timings


def _time(device: PlateReader, frame: Image, timings: Timings) -> None:
    start = perf_counter()
    result = device.read(frame)
    timings.whole.append(1000 * (perf_counter() - start))
    timings.detect.append(result.detect_ms)
    timings.read.append(result.read_ms)
    timings.plates.append(len(result.plates))


def first_frame_ms(device: PlateReader, frame: Image) -> float:
    """What the first frame takes on a device that has just been opened, in milliseconds."""
    start = perf_counter()
    device.read(frame)
    return 1000 * (perf_counter() - start)


def summarize(timings: Mapping[float, Timings]) -> list[dict[str, Any]]:
    """Figures and raw values of each share, as plain values."""
    return [
        {
            "share_with_plate": share,
            "frames": len(timing.whole),
            "plates_read": sum(timing.plates),
            "stages_ms": {stage: summarize_ms(timing.stage(stage)) for stage in STAGES},
            "raw": {key: _rounded(values) for key, values in asdict(timing).items()},
        }
        for share, timing in timings.items()
    ]


def _rounded(values: Sequence[float]) -> list[float]:
    """To a tenth of a microsecond: finer than the clock means anything, and a third of the file."""
    return [round(value, 4) for value in values]


def format_latency(results: Sequence[Mapping[str, Any]]) -> str:
    """The table that the command prints, milliseconds."""
    rows = [
        [f"{stage}, plate in {result['share_with_plate']:.0%} of {result['frames']} frames"]
        + [f"{figures[name]:.2f}" for name in ("p50", "p90", "p95", "p99")]
        for result in results
        for stage, figures in result["stages_ms"].items()
        if stage != "rest"
    ]
    return format_table(["milliseconds", "p50", "p90", "p95", "p99"], rows)

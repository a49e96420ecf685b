import time
from typing import cast

import numpy as np

from lpr_bench.base.frames import FramePool
from lpr_bench.latency.frame_times import WARM_UP, ProcessTimes, Timings, format_shares, measure, summarize
from lpr_edge.contract.base.arrays import Image
from lpr_edge.vision.pipeline import PlatePipeline
from lpr_edge.vision.plates import FrameResult


class Device:
    """Notes what it is shown, and says that a stage took what the frame's brightness is."""

    def __init__(self) -> None:
        self.seen: list[int] = []

    def read(self, frame_bgr: Image) -> FrameResult:
        value = int(frame_bgr.max())
        self.seen.append(value)
        return FrameResult((), detect_ms=value, read_ms=2 * value)


def pool() -> FramePool:
    def frame(value: int) -> Image:
        return np.full((4, 4, 3), value, np.uint8)

    return FramePool((frame(10), frame(11)), (frame(20), frame(21)))


def test_every_share_is_timed_the_same_number_of_times() -> None:
    """Each share has one value a frame in every stage, warm-up left out, and the shares take turns."""
    device = Device()
    timings = measure(cast(PlatePipeline, device), pool(), (0.0, 1.0), 4)
    assert timings[1.0].detect == [10, 11, 10, 11]
    assert timings[0.0].read == [40, 42, 40, 42]
    assert [len(timing.whole) for timing in timings.values()] == [4, 4]
    assert device.seen[WARM_UP:] == [20, 10, 21, 11, 20, 10, 21, 11]


def test_planted_slowness_is_measured() -> None:
    """What is wasted after a frame counts as the frame's own time."""
    frame_ms = [measure(cast(PlatePipeline, Slow()), pool(), (1.0,), 3, slowdown)[1.0].whole for slowdown in (0.0, 2.0)]
    assert min(frame_ms[1]) > 2.5 * Slow.SECONDS * 1000


class Slow(Device):
    """Takes five milliseconds."""

    SECONDS = 0.005

    def read(self, frame_bgr: Image) -> FrameResult:
        time.sleep(self.SECONDS)
        return super().read(frame_bgr)


def process(share: float) -> ProcessTimes:
    """One process's times: detection is what the frames' brightness says."""
    timing = Timings([20, 11, 20, 11], [2.0] * 4, [24, 14, 24, 14], [0.2] * 4, [1, 0, 1, 0])
    return ProcessTimes(10.0, 5.0, {share: timing})


def test_result_keeps_raw_values() -> None:
    """The result holds figures over all processes for each stage, and each process's raw values."""
    (result,) = summarize([process(0.5), process(0.5)])
    assert result["processes"][1]["detect"] == [20, 11, 20, 11]
    assert result["stages_ms"]["detect"]["p50"] == 15.5
    assert set(result["stages_ms"]) == {"detect", "read", "rest", "whole"}
    assert (result["frames"], result["plates_read"]) == (8, 4)
    assert round(result["frames_per_second"], 3) == round(1000 / 19, 3)


def test_table_names_share_and_frames() -> None:
    """The printed table says of each line how many frames it stands on and how many of them have a plate."""
    table = format_shares(summarize([process(1.0)]))
    assert "detect, plate in 100% of 4 frames" in table
    assert table.splitlines()[0].split() == ["milliseconds", "p50", "p90", "p99", "frames/s"]

from typing import cast

import numpy as np

from lpr_bench.frames import FramePool
from lpr_bench.latency import WARM_UP, format_latency, measure, summarize
from lpr_edge.contract.arrays import Image
from lpr_edge.pipeline import FrameResult, PlateReader


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
    timings = measure(cast(PlateReader, device), pool(), (0.0, 1.0), 4)
    assert timings[1.0].detect == [10, 11, 10, 11]
    assert timings[0.0].read == [40, 42, 40, 42]
    assert [len(timing.whole) for timing in timings.values()] == [4, 4]
    assert device.seen[WARM_UP:] == [20, 10, 21, 11, 20, 10, 21, 11]


def test_result_keeps_raw_values() -> None:
    """The result holds figures for each stage, and the raw values that they were made from."""
    results = summarize(measure(cast(PlateReader, Device()), pool(), (0.5,), 4))
    assert results[0]["raw"]["detect"] == [20, 11, 20, 11]
    assert results[0]["stages_ms"]["detect"]["p50"] == 15.5
    assert set(results[0]["stages_ms"]) == {"detect", "read", "rest", "whole"}


def test_table_names_share_and_frames() -> None:
    """The printed table says of each line how many frames it stands on and how many of them have a plate."""
    table = format_latency(summarize(measure(cast(PlateReader, Device()), pool(), (0.0, 1.0), 4)))
    assert "detect, plate in 100% of 4 frames" in table
    assert table.splitlines()[0].split() == ["milliseconds", "p50", "p90", "p95", "p99"]

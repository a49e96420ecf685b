"""Frames of 1280×720, and several streams at once."""

from typing import Any

import numpy as np
import pytest

from lpr_bench.base.frames import FramePool, make_frames
from lpr_bench.streams.made_stream import FPS, PASSING, stream_frames
from lpr_bench.streams.run_streams import SHARES, SIZE_HW, format_record, measure_shares, measure_streams
from lpr_edge.contract.countries import load_country
from lpr_edge.runtimes.opening import open_model
from lpr_edge.runtimes.shipped_models import shipped_model
from lpr_edge.vision.detector import Detector
from lpr_edge.vision.pipeline import PlatePipeline
from lpr_edge.vision.reader import Reader


@pytest.fixture(scope="module")
def device() -> PlatePipeline:
    """The shipped networks."""
    return PlatePipeline(Detector(open_model(shipped_model("detector"))), Reader(open_model(shipped_model("reader"))))


@pytest.fixture(scope="module")
def pool() -> FramePool:
    """Two of the rendered frames of each sort."""
    frames = make_frames(load_country("nepal"), size_hw=SIZE_HW)
    return FramePool(frames.with_plate[:2], frames.without[:2])


def test_a_vehicle_passes_in_its_share_of_the_time(pool: FramePool) -> None:
    """It moves from frame to frame, the empty street stands still, and the clock is the camera's."""
    frames = list(stream_frames(pool, 0.5, 4 * PASSING))
    empty = [np.array_equal(frame.image_bgr, pool.without[0]) for frame in frames]
    assert empty == [turn >= PASSING for _ in range(2) for turn in range(2 * PASSING)]
    assert not np.array_equal(frames[0].image_bgr, frames[1].image_bgr)
    assert (frames[-1].time - frames[0].time).total_seconds() == pytest.approx((len(frames) - 1) / FPS)
    assert all(np.array_equal(frame.image_bgr, pool.without[0]) for frame in stream_frames(pool, 0.0, 5))


def test_shares_and_streams_are_measured(device: PlatePipeline, pool: FramePool) -> None:
    """Each share has its times; streams on their own threads skip frames of the empty street."""
    assert pool.with_plate[0].shape == (*SIZE_HW, 3)
    shares = measure_shares(device, pool, SHARES, 2)
    assert [one["share_with_plate"] for one in shares] == list(SHARES)
    assert all(one["whole_ms"]["p50"] > 0 and one["cpu_ms_a_frame"] > 0 for one in shares)
    several = measure_streams([device], pool, 60, 1)
    assert several["frames"] == 60
    assert 0.2 < several["skipped"] < 0.6
    record: dict[str, Any] = {"frame_size_hw": SIZE_HW, "shares": shares, "streams": [several], "threads": 1}
    shown = format_record(record | {"workers": 1, "stream_share": 0.2})
    assert "1280x720, each frame found and read whole" in shown
    assert "skipped" in shown

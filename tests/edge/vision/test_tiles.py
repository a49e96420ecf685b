import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from unittest.mock import Mock

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.golden.tinyland import Scene
from tests.support.shapes import region

from lpr_edge.api import PlateReader
from lpr_edge.app.demo import open_demo
from lpr_edge.capture.frame import Frame
from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.geometry import quad_iou
from lpr_edge.regions.roi import Box, box_around
from lpr_edge.regions.shapes import TILES_OFF, Tiling
from lpr_edge.regions.tiles import LARGE, OVERLAP, TilePlanner, grid_of
from lpr_edge.runtimes.model import Model
from lpr_edge.tracking.tracker import Tracker
from lpr_edge.vision.detector import Detector
from lpr_edge.vision.pipeline import PlatePipeline
from lpr_edge.vision.reader import Reader

OpenGolden = Callable[..., Model]
ROI_OF_SCENE = "{0},{1} {2},{1} {2},{3} {0},{3}"
SIDE = 200
"""Of a network."""


def pipeline(golden_model: OpenGolden, tiles: str, roi: str = "", **more: bool | float) -> PlatePipeline:
    detector, reader = Detector(golden_model("detector")), Reader(golden_model("reader"))
    area = region(roi) if roi else None
    return PlatePipeline(detector, reader, 0.0, area, False, Tiling.parse(tiles, "tiles"), **more)  # type: ignore[arg-type]


def laid_into(frame_bgr: Image, left: int, top: int, size_hw: tuple[int, int]) -> Image:
    """A frame inside a larger grey one."""
    large = np.full((*size_hw, 3), 110, np.uint8)
    large[top : top + frame_bgr.shape[0], left : left + frame_bgr.shape[1]] = frame_bgr
    return large


def roi_around(left: int, top: int, size_hw: tuple[int, int], large_hw: tuple[int, int]) -> str:
    (height, width), (high, wide) = size_hw, large_hw
    return ROI_OF_SCENE.format(left / wide, top / high, (left + width) / wide, (top + height) / high)


@pytest.mark.parametrize(("tiles", "has_roi", "least"), [("off", False, 0), ("10x8", False, 4), ("off", True, 6)])
def test_plates_of_a_large_frame_are_read(
    golden_model: OpenGolden, scenes: tuple[Scene, ...], tiles: str, has_roi: bool, least: int
) -> None:
    """A street laid into a large frame is read in tiles or by its region, not otherwise; corners are the frame's."""
    size_hw, place = (1440, 2560), (1500, 700)
    region = roi_around(*place, (240, 320), size_hw) if has_roi else ""
    device, right = pipeline(golden_model, tiles, region), 0
    for scene in scenes[:8]:
        (truth, rows), *_ = scene.plates
        plates = device.read(laid_into(scene.image_bgr, *place, size_hw)).all_plates
        moved = np.asarray(truth + np.array(place), np.float32)
        right += any(p.reading.rows == rows and quad_iou(p.found.quad_xy, moved) > 0.6 for p in plates)
    assert right >= least
    assert right == 0 or least > 0


def test_small_frames_are_looked_at_as_before(golden_model: OpenGolden, scenes: tuple[Scene, ...]) -> None:
    """`auto` changes nothing where the network sees all of the frame."""
    for scene in scenes[:3]:
        auto, off = (pipeline(golden_model, tiles).read(scene.image_bgr).all_plates for tiles in ("auto", "off"))
        assert [(p.reading.text, p.found.score) for p in auto] == [(p.reading.text, p.found.score) for p in off]


def test_plates_outside_of_the_region_are_found_to_be_hidden(
    golden_model: OpenGolden, scenes: tuple[Scene, ...]
) -> None:
    """Where plates are blurred, those outside of the region are seen, and none of them is read."""
    corner = "0,0 0.05,0 0.05,0.05 0,0.05"
    for outside_too in (False, True):
        result = pipeline(golden_model, "off", corner, outside_too=outside_too).read(scenes[0].image_bgr)
        assert (len(result.seen), result.all_plates) == (int(outside_too), ())


def test_a_budget_ends_the_search(golden_model: OpenGolden, monkeypatch: pytest.MonkeyPatch) -> None:
    """When time is up, no further tile is looked at; one always is, and the others have their turn in later frames."""
    device = pipeline(golden_model, "4x4", budget_s=0.0)
    detect, looks = device.detector.detect, Mock()
    monkeypatch.setattr(device.detector, "detect", lambda image, share=1.0: (looks(), detect(image, share))[1])
    rng = np.random.default_rng(1)
    for _ in range(4):
        device.read(rng.integers(0, 255, (240, 320, 3), dtype=np.uint8))
    assert looks.call_count == 8


def boxes(planner: TilePlanner, frame_bgr: Image) -> list[Box]:
    return list(planner.plan(frame_bgr, []))


def test_tiles_are_looked_at_where_something_moves() -> None:
    """The first frame is looked at everywhere; then tiles with motion, and one more, so that all have their turn."""
    planner, still = TilePlanner(Tiling(grid=(3, 2)), SIDE), np.full((600, 900, 3), 100, np.uint8)
    moving = still.copy()
    cv2.rectangle(moving, (60, 60), (160, 140), (255, 255, 255), cv2.FILLED)
    grid = grid_of(Tiling(grid=(3, 2)), (600, 900), SIDE)
    assert set(boxes(planner, still)) == set(grid)
    assert {box for _ in range(6) for box in boxes(planner, still)} == set(grid)
    assert len(boxes(planner, still)) == 1
    assert boxes(planner, moving)[0] == grid[0]
    assert len(boxes(planner, still)) <= 2


def test_moving_tiles_take_turns() -> None:
    """Where everything moves, a quarter of the tiles are looked at in a frame, and soon all of them."""
    planner, rng = TilePlanner(Tiling(grid=(4, 3)), SIDE), np.random.default_rng(5)
    frames = [rng.integers(0, 255, (900, 1600, 3), dtype=np.uint8) for _ in range(5)]
    looked = [boxes(planner, frame) for frame in frames]
    assert [len(found) for found in looked] == [12, 3, 3, 3, 3]
    assert {box for found in looked[1:] for box in found} == set(looked[0])


def test_known_plates_come_first_in_the_middle_of_a_part() -> None:
    """A plate of the frame before gets a part of its own around it, and two plates side by side share one."""
    planner, still = TilePlanner(Tiling(), SIDE), np.full((1000, 2000, 3), 100, np.uint8)
    boxes(planner, still)
    quads = [np.array([[x, 500], [x + 60, 500], [x + 60, 520], [x, 520]], np.float32) for x in (900, 940, 1500)]
    first, second, *_ = planner.plan(still, quads)
    assert first.has_near_its_middle(quads[1].mean(axis=0))
    assert second.has_near_its_middle(quads[2].mean(axis=0))
    assert first.right - first.left < 2 * SIDE


def test_noise_is_no_motion() -> None:
    """A camera's noise makes no tile a moving one."""
    planner, rng = TilePlanner(Tiling(grid=(3, 3)), SIDE), np.random.default_rng(3)
    frames = [np.clip(rng.normal(100, 8, (900, 1600, 3)), 0, 255).astype(np.uint8) for _ in range(4)]
    assert [len(boxes(planner, frame)) for frame in frames] == [9, 1, 1, 1]


@given(
    st.integers(9, 4000), st.integers(9, 4000), st.one_of(st.none(), st.tuples(st.integers(1, 6), st.integers(1, 6)))
)
def test_a_grid_shows_all_of_a_frame(height: int, width: int, grid: tuple[int, int] | None) -> None:
    """Tiles lie inside the frame, cover it, and overlap by what is said; a grid has its columns and rows."""
    tiles = grid_of(Tiling(grid=grid), (height, width), SIDE)
    if grid is None and max(height, width) <= LARGE * SIDE:
        assert tiles == []
        return
    for low, high, length in ((0, 2, width), (1, 3, height)):
        spans = sorted({(box[low], box[high]) for box in tiles})
        assert spans[0][0] == 0
        assert length - 2 <= spans[-1][1] <= length
        assert all(b[0] <= a[1] - (OVERLAP * (a[1] - a[0]) - 3) for a, b in pairwise(spans))


@pytest.mark.parametrize(("text", "tiling"), [("auto", Tiling()), ("off", TILES_OFF), ("4x3", Tiling(grid=(4, 3)))])
def test_tiles_are_parsed(text: str, tiling: Tiling) -> None:
    """The three forms of the setting."""
    assert Tiling.parse(text, "tiles") == tiling


@pytest.mark.parametrize("text", ["", "on", "0x3", "4x", "4 x 3", "100x1", "-1x2"])
def test_other_tiles_are_refused(text: str) -> None:
    """What is none of the three forms is said in one line."""
    with pytest.raises(LprError, match=rf"`tiles` is {re.escape(repr(text))}, and it must be auto, off"):
        Tiling.parse(text, "tiles")


def test_a_region_is_cut_with_a_margin_inside_the_frame() -> None:
    """The part around a region reaches a little further, as a plate may, and never out of the frame."""
    assert box_around(region("0.5,0.5 0.75,0.5 0.75,0.75 0.5,0.75"), (1000, 1000)) == (485, 485, 765, 765)
    assert box_around(region("0,0 1,0 1,1 0,1"), (480, 640)) == (0, 0, 640, 480)


def events_of(reader: PlateReader, change: Callable[[Image], Image]) -> list[tuple[str, int]]:
    """Texts of the demo's events, and the number of the vehicle, by the time it was first seen."""
    device = reader.frames
    tracker = Tracker(device.reader.decoder, accepts=lambda vote: device.is_confident(vote, any_text=False))
    events, start = [], None
    for frame in demo_frames():
        start, image = start or frame.time, change(frame.image_bgr)
        events += tracker.update(replace(frame, image_bgr=image), device.read(image).all_plates)
    assert start
    events += tracker.flush()
    return [(event.plate.reading.text, (event.first_seen - start) // timedelta(seconds=2.8)) for event in events]


def demo_frames() -> Iterator[Frame]:
    source, _ = open_demo()
    yield from (frame for frame in source.frames if isinstance(frame, Frame))


@pytest.mark.slow
@pytest.mark.parametrize("has_region", [True, False])
def test_the_demo_in_a_4k_frame_gives_its_events(has_region: bool) -> None:
    """What the demo gives alone it gives laid into a 4K frame, by its region and in tiles, and no plate twice."""
    size_hw, place = (2160, 3840), (2000, 900)
    alone = events_of(PlateReader(), lambda image: image)
    region = roi_around(*place, (480, 640), size_hw)
    reader = PlateReader(roi=region) if has_region else PlateReader()
    found = events_of(reader, lambda image: laid_into(image, *place, size_hw))
    assert set(alone) <= set(found)
    assert len({when for _, when in found}) == len(found)

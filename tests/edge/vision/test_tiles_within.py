"""The tiles that are drawn are those that are looked at."""

from typing import Any

import numpy as np
import pytest

from lpr_edge.regions.roi import box_around
from lpr_edge.regions.shapes import TILES_AUTO, TILES_OFF, Region, Tiling
from lpr_edge.regions.tiles import TilePlanner
from lpr_edge.regions.tiles_within import tiles_within

SIDE = 64


@pytest.mark.parametrize("roi", ["", "0.3,0.4 0.9,0.4 0.9,0.9 0.3,0.9"])
@pytest.mark.parametrize("text", ["auto", "3x2"])
def test_drawn_tiles_are_those_of_the_search(roi: str, text: str) -> None:
    """What a planner looks at in the region's part of a frame, one tile after the other, is what is drawn."""
    size_hw = (600, 900)
    region, tiling = Region.parse(roi, "roi") if roi else None, Tiling.parse(text, "tiles")
    drawn = tiles_within(tiling, region, size_hw, SIDE)
    frame: Any = np.zeros((*size_hw, 3), np.uint8)
    part = frame if region is None else box_around(region.corners_xy, size_hw).of(frame)
    planner = TilePlanner(tiling, SIDE)
    looked = {box for _ in range(len(drawn)) for box in planner.plan(part, [])}
    sizes = {(box.right - box.left, box.bottom - box.top) for box in drawn}
    assert len(looked) == len(drawn) > 1
    assert {(box.right - box.left, box.bottom - box.top) for box in looked} == sizes
    assert all(box.of(frame).shape == (box.bottom - box.top, box.right - box.left, 3) for box in drawn)


def test_a_small_frame_has_no_tiles() -> None:
    """Where the frame is looked at as a whole, nothing is drawn."""
    assert tiles_within(TILES_AUTO, None, (60, 90), SIDE) == []
    assert tiles_within(TILES_OFF, None, (6000, 9000), SIDE) == []

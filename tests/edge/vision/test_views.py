"""Tiles and upright views of a photograph: what is found in them is put back where it lies."""

from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpr_edge.contract.base.arrays import Quad
from lpr_edge.contract.geometry import mirror_quad, quad_size, rectangle
from lpr_edge.vision.views import OVERLAP, TILE, tiles, upright_view

RED = (30, 30, 220)


def leaning(angle: float, x: float = 300, y: float = 220, width: float = 120, height: float = 40) -> Quad:
    """A plate turned clockwise by an angle in degrees about its middle."""
    turn = np.deg2rad(angle)
    axes = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return np.asarray((rectangle((1, 1)) - 0.5) * (width, height) @ axes + (x, y), np.float32)


@given(st.integers(1, 900), st.integers(1, 900))
def test_tiles_show_all_of_a_photograph(height: int, width: int) -> None:
    """Every pixel is in a tile, neighbours share enough, and no tile is larger than it should be."""
    photo = np.zeros((height, width, 3), np.uint8)
    side = max(1, int(TILE * max(height, width)))
    for tile in tiles(photo):
        tile.image_bgr[:] = 1
        assert max(tile.image_bgr.shape[:2]) <= side
    assert photo.all()
    lefts = sorted({int(tile.to_photo[0, 2]) for tile in tiles(photo)})
    assert all(after - before <= side * (1 - OVERLAP) + 1 for before, after in pairwise(lefts))


def test_a_plate_at_a_tiles_inner_edge_may_be_cut() -> None:
    """At the photograph's own edge it isn't: there is no more of it anywhere."""
    tile = tiles(np.zeros((400, 400, 3), np.uint8))[0]
    at_left, at_right, within = (np.add(rectangle((20, 40)), (x, 50)) for x in (0, 199, 100))
    assert not tile.cuts(at_left.astype(np.float32))
    assert tile.cuts(at_right.astype(np.float32))
    assert not tile.cuts(within.astype(np.float32))
    assert np.allclose(tiles(np.zeros((400, 400, 3), np.uint8))[-1].quad_in_photo(within), within + 160)


def test_a_plate_too_large_for_a_tile_is_left_to_the_whole_photograph() -> None:
    """A tile shows what is small from nearer, and little around what is large."""
    tile = tiles(np.zeros((400, 400, 3), np.uint8))[0]
    assert tile.cuts(np.add(rectangle((60, 150)), (20, 20)).astype(np.float32))
    assert not tile.cuts(np.add(rectangle((60, 140)), (20, 20)).astype(np.float32))


@pytest.mark.parametrize("angle", [-160, -25, 0, 12, 40, 90])
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_leaning_plate_stands_upright_in_its_view(angle: float, mirrored: bool) -> None:
    """It lies in the middle, as wide as asked for; corners found there are the photograph's again."""
    quad = leaning(angle)
    photo = np.full((440, 600, 3), 90, np.uint8)
    cv2.fillConvexPoly(photo, np.rint(quad).astype(np.int32), RED)
    view = upright_view(photo, quad, 0.4, (200, 200), mirrored)
    seen = np.array([[60, 86.7], [140, 86.7], [140, 113.3], [60, 113.3]], np.float32)
    found = mirror_quad(seen, 200) if mirrored else seen
    assert np.allclose(view.quad_in_photo(found), quad, atol=0.2)
    is_red = view.image_bgr[..., 2] > 150
    assert is_red[90:110, 64:136].all()
    assert not is_red[:82].any()
    assert not is_red[:, :55].any()


def test_a_large_plate_is_averaged_down() -> None:
    """Where a view would skip pixels, fine stripes become grey instead of false ones."""
    photo = np.zeros((1600, 1600, 3), np.uint8)
    photo[:, ::2] = 255
    view = upright_view(photo, leaning(0, 800, 800, 1000, 500), 0.5, (128, 128))
    assert quad_size(view.quad_in_photo(rectangle((64, 64))))[0] == pytest.approx(1000)
    middle = view.image_bgr[40:88, 40:88].astype(int)
    assert abs(middle - 127).max() < 30


def test_a_plate_at_the_photographs_edge_has_a_view() -> None:
    """What lies beyond is grey."""
    photo = np.full((200, 200, 3), 255, np.uint8)
    view = upright_view(photo, leaning(0, 0, 0, 80, 40), 0.4, (100, 100))
    assert view.image_bgr[0, 0].tolist() == [114, 114, 114]
    assert view.image_bgr[99, 99].tolist() == [255, 255, 255]

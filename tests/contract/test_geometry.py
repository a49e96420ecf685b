"""Corners: warps, sizes, overlaps."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpr_edge.contract.geometry import (
    grow_quad,
    is_convex,
    lean_quad,
    part_of_quad,
    picture_order,
    quad_iou,
    quad_size,
    rectangle,
    rectify,
    rectify_grey,
    roll_quad,
    stretch_quad,
)

SQUARE = np.array([[10, 10], [50, 10], [50, 30], [10, 30]], np.float32)


def test_rectify_brings_the_plates_own_top_left_to_the_pictures() -> None:
    """A plate lying on its side comes out upright."""
    frame = np.zeros((60, 60, 3), np.uint8)
    frame[10:20, 40:50] = 255  # bright where the plate's own top left is
    sideways = np.array([[50, 10], [50, 50], [30, 50], [30, 10]], np.float32)
    upright = rectify(frame, sideways, (20, 40))
    assert upright[:8, :8].mean() > 200
    assert upright[12:, 12:].mean() < 5


def test_rectify_averages_large_plates_down() -> None:
    """Fine stripes become grey instead of aliasing into coarse ones."""
    frame = np.zeros((400, 800, 3), np.uint8)
    frame[:, ::2] = 255
    small = rectify(frame, rectangle((400, 800)), (40, 80))
    assert abs(float(small.mean()) - 127.5) < 3
    assert float(small.std()) < 5


@pytest.mark.parametrize(
    "quad",
    [
        [[0, 0], [10, 10], [10, 0], [0, 10]],
        [[0, 0], [10, 0], [2, 2], [0, 10]],
        [[0, 0], [0, 0], [0, 0], [0, 0]],
        [[0, 0], [np.nan, 0], [10, 10], [0, 10]],
    ],
    ids=["crossing", "folded", "a point", "not a number"],
)
def test_corners_that_no_warp_fits_are_refused(quad: list[list[float]]) -> None:
    """Crossing, folded and empty quads raise instead of giving a mirrored or broken picture."""
    with pytest.raises(ValueError, match="not a convex quadrilateral"):
        rectify(np.zeros((20, 20, 3), np.uint8), np.array(quad, np.float32), (8, 8))


@pytest.mark.parametrize(
    "shift_xy", [(0, 0), (-70, 40), (260, 0), (900, 900)], ids=["inside", "left", "right", "beyond"]
)
@pytest.mark.parametrize("size_hw", [(48, 96), (8, 16)], ids=["larger", "much smaller"])
def test_grey_is_the_rectified_plate_in_grey(shift_xy: tuple[int, int], size_hw: tuple[int, int]) -> None:
    """Grey pixels are those of the colour result to two levels, in and outside of the frame, from any kind of frame."""
    noise = np.random.default_rng(5).integers(0, 256, (200, 300, 3), np.uint8)
    frame = np.asarray(cv2.GaussianBlur(noise, (5, 5), 0), np.uint8)
    quad = np.array([[60, 60], [150, 66], [146, 110], [58, 102]], np.float32) + np.array(shift_xy, np.float32)
    grey = np.zeros((*size_hw, 1), np.uint8)
    rectify_grey(frame, quad, grey[..., 0])
    wanted = np.asarray(cv2.cvtColor(rectify(frame, quad, size_hw), cv2.COLOR_BGR2GRAY), int)
    assert np.abs(grey[..., 0] - wanted).max() <= 2
    for grey_frame in (cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)[..., None]):
        again = np.zeros(size_hw, np.uint8)
        rectify_grey(np.asarray(grey_frame, np.uint8), quad, again)
        assert np.array_equal(again, grey[..., 0])


@pytest.mark.parametrize("place", [np.nan, np.inf, -np.inf, 1e30])
def test_grey_of_impossible_corners_is_an_error(place: float) -> None:
    """Corners that are no numbers, or lie anywhere, raise the same error, and nothing is written."""
    quad, grey = rectangle((10, 20)), np.zeros((8, 8), np.uint8)
    quad[1, 0] = place
    quad[2, 1] = -place
    with pytest.raises(ValueError, match="not a convex"):
        rectify_grey(np.full((20, 20, 3), 9, np.uint8), quad, grey)
    assert not grey.any()


def test_overlap_of_halves_is_a_third() -> None:
    """Two rectangles that share half of each have an IoU of one third."""
    assert quad_iou(SQUARE, SQUARE + np.array([20, 0], np.float32)) == pytest.approx(1 / 3, abs=1e-4)
    assert quad_iou(SQUARE, SQUARE) == pytest.approx(1.0, abs=1e-5)
    assert quad_iou(SQUARE, SQUARE + np.array([100, 0], np.float32)) == 0.0


def test_overlap_with_a_folded_quad_is_none() -> None:
    """What isn't convex overlaps nothing."""
    assert quad_iou(SQUARE, SQUARE[[0, 2, 1, 3]]) == 0.0


def test_overlap_of_quads_a_hair_apart() -> None:
    """Corners that differ in the last bits alone overlap wholly (OpenCV's own routine said 0 and 0.32 of these)."""
    for corners in (
        [[276.05344, 20.445589], [313.95691, 26.605516], [313.10791, 42.173676], [274.05728, 36.91333]],
        [[215.86665, 69.1105], [263.6009, 70.49834], [264.51526, 79.60235], [215.6491, 78.59392]],
    ):
        quad = np.array(corners, np.float32)
        moved = quad + np.array([[0, -2e-6], [3e-5, 2e-6], [3e-5, 1.5e-5], [0, 1.1e-5]], np.float32)
        assert quad_iou(quad, moved) == pytest.approx(1.0, abs=1e-4)
        assert quad_iou(quad, moved[::-1]) == pytest.approx(1.0, abs=1e-4)


@given(
    st.floats(-40, 40),
    st.tuples(st.floats(60, 200), st.floats(20, 50)),
    st.integers(0, 3),
)
def test_picture_order_and_turn_lead_back(angle: float, size: tuple[float, float], turns: int) -> None:
    """Corners in picture order, turned back, are the plate's own corners again."""
    radians = np.deg2rad(angle)
    turn = np.array([[np.cos(radians), -np.sin(radians)], [np.sin(radians), np.cos(radians)]])
    corners = (np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * size) @ turn.T + 300
    quad = roll_quad(corners.astype(np.float32), turns)
    ordered, back = picture_order(quad)
    assert ordered.sum(axis=1).argmin() == 0
    np.testing.assert_array_equal(roll_quad(ordered, back), quad)


def test_size_is_along_the_plates_own_sides() -> None:
    """Width follows the first side, whichever way the plate lies."""
    assert quad_size(SQUARE) == pytest.approx((40.0, 20.0))
    assert quad_size(roll_quad(SQUARE, 1)) == pytest.approx((20.0, 40.0))


@given(st.floats(0.0, 0.5))
def test_growing_keeps_the_middle_and_adds_on_each_side(margin: float) -> None:
    """A margin of m makes a plate 1 + 2m times as large about its middle."""
    grown = grow_quad(SQUARE, margin)
    np.testing.assert_allclose(grown.mean(axis=0), SQUARE.mean(axis=0), atol=1e-3)
    assert quad_size(grown)[0] == pytest.approx(40 * (1 + 2 * margin), rel=1e-4)
    assert is_convex(grown)


def test_leaning_goes_along_the_plates_own_height() -> None:
    """The right side goes down and the left one up, along the plate's own sides; its middle and size stay."""
    upright = np.array([[0, 0], [100, 0], [100, 20], [0, 20]], np.float32)
    assert np.allclose(lean_quad(upright, 0.2), [[0, -2], [100, 2], [100, 22], [0, 18]])
    lying = np.array([[20, 0], [20, 100], [0, 100], [0, 0]], np.float32)
    assert np.allclose(lean_quad(lying, 0.2), [[22, 0], [18, 100], [-2, 100], [2, 0]])


def test_stretching_goes_along_the_plates_own_sides() -> None:
    """A plate that lies on its side grows along its own width and height, and its middle stays."""
    upright = np.array([[0, 0], [100, 0], [100, 20], [0, 20]], np.float32)
    assert np.allclose(stretch_quad(upright, 0.1, 0.5), [[-5, -5], [105, -5], [105, 25], [-5, 25]])
    lying = np.array([[20, 0], [20, 100], [0, 100], [0, 0]], np.float32)
    assert np.allclose(stretch_quad(lying, 0.1, 0.5), [[25, -5], [25, 105], [-5, 105], [-5, -5]])
    leaning = np.array([[3, 5], [90, 12], [88, 40], [2, 30]], np.float32)
    assert np.allclose(stretch_quad(leaning, 0.2, 0.3).mean(axis=0), leaning.mean(axis=0))
    assert np.allclose(stretch_quad(leaning, 0.0, 0.0), leaning)


def test_a_part_of_a_plate_follows_its_perspective() -> None:
    """All of it is the plate itself; halves share the line of the rectified picture's cut; below 0 lies outside."""
    quad = np.array([[10, 20], [110, 40], [100, 90], [15, 60]], np.float32)
    assert np.allclose(part_of_quad(quad, (0, 0), (1, 1)), quad, atol=1e-3)
    left, right = part_of_quad(quad, (0, 0), (0.5, 1)), part_of_quad(quad, (0.5, 0), (1, 1))
    assert np.allclose(left[[1, 2]], right[[0, 3]], atol=1e-3)
    upright = np.array([[0, 0], [100, 0], [100, 20], [0, 20]], np.float32)
    assert np.allclose(part_of_quad(upright, (-0.1, 0.25), (1.1, 2.0)), [[-10, 5], [110, 5], [110, 40], [-10, 40]])
    assert np.allclose(part_of_quad(upright, (0, 0), (1, 1), 0.5), [[0, -5], [100, 5], [100, 25], [0, 15]], atol=1e-3)

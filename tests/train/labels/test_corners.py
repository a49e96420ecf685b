"""From drawn shapes to a plate's own four corners."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpr_edge.contract.base.arrays import Quad
from lpr_edge.contract.geometry import quad_iou, roll_quad
from lpr_train.labels.corners import DRAWN_AS_BOX, FITTED, REORDERED, ROTATED_BOX, corners_of, own_order
from lpr_train.labels.formats.records import Drawn, Notes, Point, Shape
from lpr_train.labels.formats.voc import turned_box

SIZE_WH = (400, 300)
PLATE: tuple[Point, ...] = ((100, 100), (220, 112), (216, 160), (98, 150))


def _corners(drawn: Drawn, points: tuple[Point, ...], is_relative: bool = False) -> tuple[Quad, str, list[str]]:
    notes = Notes()
    quad, corners = corners_of(Shape(drawn, points, is_relative), SIZE_WH, "a.jpg", notes)
    return quad, corners, [note.reason for note in notes.guesses]


def _turned(degrees: float, width: float = 120, height: float = 50) -> Quad:
    """A plate's own corners, turned around the picture's middle."""
    return np.array(turned_box(200, 150, width, height, np.radians(degrees)), np.float32)


def test_an_upright_box_has_loose_corners() -> None:
    """Two opposite corners, in any order, make a box that is cut at the picture's edges and marked `box`."""
    quad, corners, guesses = _corners(Drawn.BOX, ((380, 90), (420, 50)))
    assert quad.tolist() == [[380, 50], [400, 50], [400, 90], [380, 90]]
    assert (corners, guesses) == ("box", [DRAWN_AS_BOX])


def test_a_polygon_that_is_an_upright_box_counts_as_one() -> None:
    """Tools that write boxes as four points say no more of the corners than others."""
    quad, corners, _ = _corners(Drawn.POLYGON, ((10, 50), (10, 20), (90, 20), (90, 50)))
    assert (quad.tolist(), corners) == ([[10, 20], [90, 20], [90, 50], [10, 50]], "box")


def test_relative_points_are_shares_of_the_picture() -> None:
    """YOLO's numbers become pixels."""
    quad, _, _ = _corners(Drawn.BOX, ((0.25, 0.5), (0.5, 1.0)), is_relative=True)
    assert quad.tolist() == [[100, 150], [200, 150], [200, 300], [100, 300]]


def test_a_turned_box_is_guessed_to_follow_the_plate() -> None:
    """Its corners are taken for the plate's, and the report says so."""
    quad, corners, guesses = _corners(Drawn.ROTATED, tuple(map(tuple, _turned(20).tolist())))
    assert np.allclose(quad, _turned(20))
    assert (corners, guesses) == ("hand", [ROTATED_BOX])


@pytest.mark.parametrize("turn", range(4))
@pytest.mark.parametrize("is_backwards", [False, True])
def test_an_upright_plate_may_be_begun_anywhere(turn: int, is_backwards: bool) -> None:
    """From whichever corner and in either direction: the first corner is the plate's top left."""
    points = PLATE[turn:] + PLATE[:turn]
    quad, corners, guesses = _corners(Drawn.POLYGON, points[::-1] if is_backwards else points)
    assert quad.tolist() == [list(point) for point in PLATE]
    assert corners == "hand"
    assert guesses == ([] if turn == 0 and not is_backwards else [REORDERED])


@given(st.floats(-80, 80))
def test_a_plate_on_its_side_keeps_the_corner_that_was_drawn_first(degrees: float) -> None:
    """A wide plate that leans by less than a right angle keeps its start: its label says where its top is."""
    assert np.array_equal(own_order(_turned(degrees)), _turned(degrees))


@given(st.floats(-40, 40), st.floats(60, 160), st.floats(30, 60), st.integers(0, 3), st.booleans())
def test_every_order_of_an_upright_plate_gives_the_same(
    degrees: float, width: float, height: float, turn: int, is_backwards: bool
) -> None:
    """Two rows or one, leaning up to 40 degrees."""
    plate = _turned(degrees, max(width, 1.2 * height), height)
    points = roll_quad(plate, turn)[::-1] if is_backwards else roll_quad(plate, turn)
    assert np.array_equal(own_order(np.ascontiguousarray(points)), plate)


def test_explicit_corners_are_never_reordered() -> None:
    """Key points say which corner is which, also upside down."""
    upside_down = tuple(map(tuple, _turned(180).tolist()))
    quad, corners, guesses = _corners(Drawn.CORNERS, upside_down)
    assert np.allclose(quad, _turned(180))
    assert (corners, guesses) == ("hand", [])


def test_four_points_that_cross_are_uncrossed() -> None:
    """A bow tie, as some tools order corners, gives the plate."""
    first, second, third, fourth = PLATE
    quad, _, _ = _corners(Drawn.POLYGON, (first, second, fourth, third))
    assert quad.tolist() == [list(point) for point in PLATE]


def test_a_mask_of_many_points_gives_four_corners() -> None:
    """An outline along the plate is fitted closely, and the report says so."""
    ends = [*PLATE, PLATE[0]]
    steps = np.linspace(0, 1, 9)[:-1]
    outline = [(a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])) for a, b in pairwise(ends) for t in steps]
    quad, corners, guesses = _corners(Drawn.POLYGON, tuple(outline))
    assert quad_iou(quad, np.array(PLATE, np.float32)) > 0.97
    assert (corners, guesses) == ("hand", [FITTED])


def test_a_round_mask_gives_the_box_around_it() -> None:
    """What has no four corners still has a turned box."""
    angles = np.linspace(0, 2 * np.pi, 40)[:-1]
    circle = tuple((200 + 80 * float(np.cos(a)), 150 + 30 * float(np.sin(a))) for a in angles)
    quad, _, _ = _corners(Drawn.POLYGON, circle)
    assert quad.min(axis=0) == pytest.approx([120, 120], abs=12)
    assert quad.max(axis=0) == pytest.approx([280, 180], abs=12)


@pytest.mark.parametrize(
    ("points", "message"),
    [
        (((10, 10), (10, 10)), "it encloses nothing in the picture"),
        (((500, 10), (600, 50)), "it encloses nothing in the picture"),
        (((1e9, 10), (600, 50)), "no place in a picture"),
    ],
)
def test_boxes_that_cannot_be(points: tuple[Point, ...], message: str) -> None:
    """Empty, outside, or of senseless numbers."""
    with pytest.raises(ValueError, match=message):
        _corners(Drawn.BOX, points)

"""What a network's numbers mean, both ways."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpr_edge.contract.base.arrays import Floats, Quad
from lpr_edge.contract.geometry import grow_quad, quad_iou, rectangle
from lpr_edge.contract.outputs import (
    cell_middle,
    corrected_corners,
    decode_characters,
    decode_offset,
    decode_plates,
    encode_corners,
    encode_offsets,
    find_peaks,
)
from lpr_edge.contract.rows import Character, group_rows, slope_of_rows

INPUT_HW = (128, 128)
GRID = (16, 16)
THRESHOLDS = {"score": 0.5, "overlap": 0.3}


def heads_with(plates: list[tuple[Quad, int, float]]) -> dict[str, Floats]:
    """A detector's ideal outputs for plates given as (corners in picture order, turn, score)."""
    heads = {
        "centre": np.zeros((*GRID, 1), np.float32),
        "corners": np.zeros((*GRID, 8), np.float32),
        "turn": np.zeros((*GRID, 4), np.float32),
    }
    for quad, turn, score in plates:
        column, row = (quad.mean(axis=0) // 8).astype(int)
        heads["centre"][row, column] = score
        offsets = (quad - cell_middle((row, column), GRID, INPUT_HW)) / 128
        heads["corners"][row, column] = encode_offsets(offsets).ravel()
        heads["turn"][row, column, turn] = 1.0
    return heads


PLATE = np.array([[30, 40], [70, 42], [69, 62], [29, 60]], np.float32)


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=8))
def test_offsets_survive_coding(values: list[float]) -> None:
    """Decoding undoes encoding, and codes stay within 8 bits' reach."""
    offsets = np.array(values, np.float32)
    codes = encode_offsets(offsets)
    assert np.abs(codes).max() <= 1.0 + 1e-6
    np.testing.assert_allclose([decode_offset(code) for code in codes.tolist()], offsets, atol=1e-4)


def test_eight_bits_keep_a_third_of_a_pixel_on_small_plates() -> None:
    """The claim in STEEPNESS: at 10 pixels of a 384-pixel input a step of 1/128 moves a corner by under 0.7."""
    code = float(encode_offsets(np.array([10 / 384], np.float32))[0])
    step = decode_offset(code + 1 / 128) - decode_offset(code)
    assert step * 384 / 2 < 0.35


@pytest.mark.parametrize("turn", [0, 1, 2, 3])
def test_a_plate_comes_back_from_its_own_top_left(turn: int) -> None:
    """Corners start at the corner that `turn` names, and its own score comes first."""
    (box,) = decode_plates(heads_with([(PLATE, turn, 0.9)]), INPUT_HW, THRESHOLDS)
    np.testing.assert_allclose(box.quad_xy, np.roll(PLATE, -turn, axis=0), atol=0.01)
    assert box.score == pytest.approx(0.9)
    assert box.turn_scores == (1.0, 0.0, 0.0, 0.0)


def test_plates_that_overlap_are_one_and_others_stay() -> None:
    """The surest of two overlapping plates is kept; one elsewhere isn't touched."""
    near, far = PLATE + 8, PLATE + np.array([40, 50], np.float32)
    boxes = decode_plates(heads_with([(PLATE, 0, 0.8), (near, 0, 0.9), (far, 0, 0.7)]), INPUT_HW, THRESHOLDS)
    assert [round(box.score, 2) for box in boxes] == [0.9, 0.7]
    assert quad_iou(boxes[0].quad_xy, near) > 0.99


def test_faint_peaks_and_folded_corners_are_no_plates() -> None:
    """Below the threshold, or with corners that cross, nothing is reported."""
    assert decode_plates(heads_with([(PLATE, 0, 0.4)]), INPUT_HW, THRESHOLDS) == []
    assert decode_plates(heads_with([(PLATE[[0, 2, 1, 3]], 0, 0.9)]), INPUT_HW, THRESHOLDS) == []


def test_a_reader_that_sees_the_true_corners_gives_them_back() -> None:
    """Wrong corners, corrected by the code of the true ones in their view, are the true ones, whatever the margin."""
    true = np.array([[100, 80], [220, 90], [216, 150], [98, 138]], np.float32)
    wrong = true + np.array([[6, -4], [-5, 3], [2, 7], [-8, 1]], np.float32)
    for margin in (0.0, 0.1, 0.25):
        seen = grow_quad(wrong, margin)
        to_view = cv2.getPerspectiveTransform(seen, rectangle((1, 1)))
        in_view = cv2.perspectiveTransform(true[np.newaxis], to_view)[0]
        found = corrected_corners(wrong, encode_corners(in_view, margin), margin)
        assert np.abs(found - true).max() < 0.01


def test_codes_that_fold_the_corners_change_nothing() -> None:
    """Corners that make no convex quadrilateral are no correction."""
    quad = rectangle((40, 100))
    assert corrected_corners(quad, np.array([1.5, 1.5, 0, 0, 0, 0, 0, 0], np.float32), 0.1) is quad


def test_peaks_come_highest_first() -> None:
    """Order is by height, whatever the place."""
    heat = np.zeros((8, 8), np.float32)
    heat[1, 1], heat[6, 6], heat[6, 7] = 0.6, 0.9, 0.5
    assert find_peaks(heat, 0.3) == [(6, 6), (1, 1)]


def reading(places: list[tuple[float, float, int]], width: float = 0.1) -> dict[str, Floats]:
    """A reader's ideal outputs for characters given as (x, y, class)."""
    grid = (24, 48)
    heads = {
        "centre": np.zeros((*grid, 1), np.float32),
        "classes": np.zeros((*grid, 5), np.float32),
        "size": np.full((*grid, 2), 0.2, np.float32),
    }
    heads["size"][..., 0] = width
    for x, y, label in places:
        cell = int(y * 24), int(x * 48)
        heads["centre"][cell] = 0.9
        heads["classes"][cell][label] = 10.0
    return heads


READER = {"peak": 0.3, "temperature": 1.0}


def test_a_glyph_found_twice_is_one_character() -> None:
    """Two peaks nearer than half a width are one; the neighbour a whole width away stays."""
    found = decode_characters(reading([(0.30, 0.5, 1), (0.34, 0.5, 1), (0.42, 0.5, 2)]), "abcde", READER)
    assert sorted(character.label for character in found) == ["b", "c"]


def test_temperature_lowers_confidence_alone() -> None:
    """Dividing the logits makes a reading less sure and changes no label."""
    heads = reading([(0.3, 0.5, 1)])
    (sure,) = decode_characters(heads, "abcde", READER)
    (unsure,) = decode_characters(heads, "abcde", READER | {"temperature": 4.0})
    assert (sure.label, unsure.label) == ("b", "b")
    assert unsure.score < 0.8 < sure.score


def character(label: str, x: float, y: float, height: float = 0.3) -> Character:
    """A sure character."""
    return Character(label, 1.0, 1.0, x, y, 0.1, height, np.ones(1, np.float32))


@given(st.permutations(range(7)))
def test_rows_do_not_depend_on_the_order_of_peaks(order: list[int]) -> None:
    """Whatever order characters are found in, rows come from the top and characters from the left."""
    top = [character(c, 0.2 + 0.2 * i, 0.22 + 0.02 * i, 0.25) for i, c in enumerate("abc")]
    bottom = [character(c, 0.1 + 0.25 * i, 0.66 + 0.03 * i, 0.45) for i, c in enumerate("defg")]
    characters = [*top, *bottom]
    rows = group_rows([characters[i] for i in order])
    assert ["".join(c.label for c in row) for row in rows] == ["abc", "defg"]


def test_three_rows_of_different_heights() -> None:
    """A tiny header, a middle row and a tall number keep apart."""
    rows = [("ab", 0.12, 0.15), ("cde", 0.38, 0.28), ("fghi", 0.76, 0.4)]
    characters = [character(c, 0.1 + 0.2 * i, y, h) for text, y, h in rows for i, c in enumerate(text)]
    assert ["".join(c.label for c in row) for row in group_rows(characters)] == ["ab", "cde", "fghi"]


@given(slope=st.sampled_from([-0.5, -0.3, 0.3, 0.5]), order=st.permutations(range(8)))
def test_rows_that_slant_alike_stay_rows(slope: float, order: list[int]) -> None:
    """A plate seen too upright: both its rows fall by half of its height, the second one beside the first's end."""
    places = [(0.2 + 0.2 * (i % 4), 0.3 + 0.4 * (i // 4)) for i in range(8)]
    characters = [character(str(i), x, y + slope * (x - 0.5), 0.22) for i, (x, y) in enumerate(places)]
    rows = group_rows([characters[i] for i in order])
    assert ["".join(c.label for c in row) for row in rows] == ["0123", "4567"]
    assert abs(slope_of_rows(rows) - slope) < 1e-6

"""Real plates put together anew: whatever moves, each character is still where its label says."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from lpr_edge.contract.countries import load_country
from lpr_edge.contract.data.plate_photos import PlateLabel
from lpr_edge.contract.geometry import quad_size
from lpr_train.augment.copy_paste import (
    UprightPlate,
    copy_paste_rows,
    interchangeable,
    joined,
    shuffled,
    to_pixels,
    upright,
)
from lpr_train.augment.row_layout import to_one_row
from lpr_train.data.real_plates import RealPlate
from lpr_train.targets.heat_maps import PlacedCharacter

KINDS = [0] * 5 + list(range(5, 20))
"""Labels 0 to 4 may change places; the others stay."""
QUAD = np.array([[150, 140], [450, 120], [440, 270], [160, 285]], np.float32)
ROWS = (((7, 0.2), (1, 0.42), (2, 0.62), (9, 0.85)), ((3, 0.15), (0, 0.35), (4, 0.6), (1, 0.85)))
"""Labels and their x, a row each."""


def paint_of(index: int) -> int:
    """A label's grey on a black plate, so that a picture tells which label stands where."""
    return 120 + 12 * index


def plate(rows: tuple[tuple[tuple[int, float], ...], ...] = ROWS, kind: str = "devanagari") -> RealPlate:
    """A leaning black plate on white; each character a patch of its own grey."""
    face = np.zeros((240, 480, 3), np.uint8)
    heights = (np.arange(len(rows)) + 0.5) / len(rows)
    placed = tuple(
        PlacedCharacter(index, x, float(y), 0.1, 0.24) for row, y in zip(rows, heights, strict=True) for index, x in row
    )
    for c in placed:
        left, right = (round((c.x + sign * c.width / 2) * 480) for sign in (-1, 1))
        top, bottom = (round((c.y + sign * c.height / 2) * 240) for sign in (-1, 1))
        face[top:bottom, left:right] = paint_of(c.index)
    corners = np.array([[0, 0], [480, 0], [480, 240], [0, 240]], np.float32)
    photo = cv2.warpPerspective(
        face, cv2.getPerspectiveTransform(corners, QUAD), (600, 400), borderValue=(255, 255, 255)
    )
    label = PlateLabel(QUAD, tuple("x" * len(row) for row in rows), "full", kind, "motorbike")
    names = tuple(tuple(str(index) for index, _ in row) for row in rows)
    return RealPlate(Path("a.png"), np.asarray(photo, np.uint8), QUAD, names, label, placed)


def assert_labels_stand_on_their_paint(found: UprightPlate) -> None:
    """Each character's middle has its label's grey."""
    height, width = found.image_bgr.shape[:2]
    for c in found.placed:
        row, column = round(to_pixels(c.y, height)), round(to_pixels(c.x, width))
        seen = found.image_bgr[row - 2 : row + 3, column - 2 : column + 3].mean()
        assert abs(seen - paint_of(c.index)) < 5, (c, seen)


def labels_of(found: UprightPlate) -> list[list[int]]:
    """The labels, row by row, from left to right."""
    return [[c.index for c in sorted(row, key=lambda c: c.x)] for row in found.rows]


def test_a_plate_seen_from_the_front_keeps_its_characters() -> None:
    """Corners, characters and their paint agree in the new picture."""
    found = upright(plate())
    assert_labels_stand_on_their_paint(found)
    assert labels_of(found) == [[index for index, _ in row] for row in ROWS]
    assert found.is_light_on_dark
    assert found.quad_xy.min() > 0
    assert quad_size(found.quad_xy)[0] == pytest.approx(found.image_bgr.shape[1] / 2, abs=1)


def test_a_small_plate_is_enlarged_to_be_cut_where_it_should() -> None:
    """At most threefold."""
    small = plate()
    tiny = cv2.resize(small.crop_bgr, None, fx=0.1, fy=0.1, interpolation=cv2.INTER_AREA)
    found = upright(
        RealPlate(small.path, np.asarray(tiny, np.uint8), small.quad_xy * 0.1, small.rows, small.label, small.placed)
    )
    assert quad_size(found.quad_xy)[0] == pytest.approx(3 * quad_size(small.quad_xy * 0.1)[0], rel=0.05)


def test_digits_change_places_and_letters_stay() -> None:
    """All orders come; a label of another kind is never moved to another place of its row."""
    rng, orders = np.random.default_rng(0), set()
    for _ in range(60):
        found = shuffled(upright(plate()), KINDS, rng)
        assert_labels_stand_on_their_paint(found)
        upper, lower = labels_of(found)
        assert upper in ([7, 1, 2, 9], [7, 2, 1, 9])
        assert sorted(lower) == [0, 1, 3, 4]
        orders.add(tuple(lower))
    assert len(orders) > 15


def test_a_row_too_near_the_edge_stays_as_it_is() -> None:
    """What can't be cut out whole isn't moved."""
    found = upright(plate())
    rows = (tuple(PlacedCharacter(c.index, c.x, 1.45, 0.1, 0.24) for c in found.rows[0]),)
    beyond = UprightPlate(found.image_bgr, rows, "devanagari", True)
    for seed in range(5):
        again = shuffled(beyond, KINDS, np.random.default_rng(seed))
        assert again.rows == rows
        np.testing.assert_array_equal(again.image_bgr, beyond.image_bgr)


def test_rows_of_two_plates_are_joined() -> None:
    """The upper row is the first plate's, the lower one the second's, its paint with it."""
    other = plate((((8, 0.3), (2, 0.7)), ((1, 0.3), (2, 0.5), (0, 0.8))))
    found = joined(upright(plate()), upright(other), np.random.default_rng(0))
    assert labels_of(found) == [[7, 1, 2, 9], [1, 2, 0]]
    assert found.rows[0] == upright(plate()).rows[0]
    assert [round(c.x, 2) for c in found.rows[1]] == [0.3, 0.5, 0.8]


@pytest.mark.parametrize(
    "other",
    [
        plate(ROWS[:1]),
        plate(kind="latin"),
    ],
    ids=["another number of rows", "another script"],
)
def test_plates_that_do_not_go_together_are_not_joined(other: RealPlate) -> None:
    """The first one stays as it is."""
    first = upright(plate())
    assert joined(first, upright(other), np.random.default_rng(0)) is first


def test_dark_and_light_paint_are_not_joined() -> None:
    """A plate of dark characters gives no row to one of light ones."""
    first, dark = upright(plate()), upright(plate())
    dark = UprightPlate(np.asarray(255 - dark.image_bgr, np.uint8), dark.rows, dark.script, False)
    assert joined(first, dark, np.random.default_rng(0)) is first


def test_two_rows_come_to_stand_side_by_side() -> None:
    """In reading order, on their paint, on a plate of one row."""
    for seed in range(20):
        found = to_one_row(upright(plate()), np.random.default_rng(seed))
        assert labels_of(found) == [[7, 1, 2, 9, 3, 0, 4, 1]]
        assert_labels_stand_on_their_paint(found)
        width, height = quad_size(found.quad_xy)
        assert width > 2.2 * height


def test_plates_of_one_row_or_three_are_not_flattened() -> None:
    """They stay as they are."""
    for rows in (ROWS[:1], (*ROWS, ROWS[0])):
        found = upright(plate(rows))
        assert to_one_row(found, np.random.default_rng(0)) is found


def test_recombining_is_the_same_from_the_same_seed() -> None:
    """Samples are made from seeds alone."""
    first, again = (
        copy_paste_rows(upright(plate()), upright(plate()), KINDS, np.random.default_rng(5)) for _ in range(2)
    )
    np.testing.assert_array_equal(first.image_bgr, again.image_bgr)
    assert first.rows == again.rows


def test_what_may_change_places_is_in_the_countrys_file() -> None:
    """Nepal's digits may, Latin ones and a series' letters too, each among themselves; a zone's letter may not."""
    country = load_country("nepal")
    kind = dict(zip(country.labels, interchangeable(country), strict=True))
    assert kind["०"] == kind["९"] != kind["0"] == kind["9"] != kind["A"] == kind["Z"]
    assert len({kind[label] for label in ("बा", "को", "प", "ज", "प्रदेश", "०", "0", "A")}) == 8

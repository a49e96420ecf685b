"""The colour of a plate in its frame."""

import cv2
import numpy as np
import pytest

from lpr_edge.contract.base.arrays import Image, Quad
from lpr_edge.contract.countries import load_country
from lpr_edge.vision.plate_colour import measure_colour

NEPAL = load_country("nepal")
QUAD: Quad = np.array([[60, 40], [180, 52], [176, 112], [56, 100]], np.float32)


def _frame(name: str) -> Image:
    """A green frame with a leaning plate of a colour, painted with bars."""
    colour = next(colour for colour in NEPAL.colours if colour.name == name)
    face = np.full((60, 120, 3), colour.plate_rgb[::-1], np.uint8)
    for x in range(10, 110, 20):
        cv2.rectangle(face, (x, 15), (x + 8, 45), colour.text_rgb[::-1], -1)
    corners = np.array([[0, 0], [120, 0], [120, 60], [0, 60]], np.float32)
    frame = np.full((150, 240, 3), (40, 160, 60), np.uint8)
    warp = cv2.getPerspectiveTransform(corners, QUAD)
    return np.asarray(cv2.warpPerspective(face, warp, (240, 150), dst=frame, borderMode=cv2.BORDER_TRANSPARENT))


@pytest.mark.parametrize("name", ["red", "black", "white", "green", "blue", "embossed white"])
def test_a_plate_has_the_colour_that_it_was_painted_in(name: str) -> None:
    """Measured between its corners, not around them."""
    assert measure_colour(_frame(name), QUAD, NEPAL) == name


def test_what_cannot_be_told_is_empty() -> None:
    """A plate without contrast, and corners that cross."""
    assert measure_colour(np.full((150, 240, 3), 90, np.uint8), QUAD, NEPAL) == ""
    assert measure_colour(_frame("red"), QUAD[[0, 2, 1, 3]], NEPAL) == ""

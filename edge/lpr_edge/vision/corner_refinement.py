"""Corners fitted to what was read: a plate's text fills it in much the same way everywhere."""

import numpy as np

from lpr_edge.contract.arrays import Quad
from lpr_edge.contract.geometry import is_convex, part_of_quad
from lpr_edge.contract.outputs import slope_of_rows
from lpr_edge.vision.reader import Reading

BESIDE = 0.075
"""Paint's usual distance from a plate's left and right side, beside its width: the median of 92 training plates read at
their true corners; standard deviation 0.04."""
ABOVE, BELOW = 0.107, 0.083
"""The same for its upper and lower side, beside its height; 0.05."""
FEWEST = 4
"""Characters below which their outline says little of the plate's."""
TRUST = 0.6
"""How far the corners go towards those that the text asks for: the detector's own know something too."""


def fitted_corners(reading: Reading) -> Quad | None:
    """Where the corners would be, judged by the characters that were read between the ones that were found.

    A detector is a few pixels off, makes flat plates too high and sees leaning ones too upright, so that their rows
    slant; the reader sees much of that.

    Returns:
        (4, 2) corners; None where there are too few characters, or the corners make no plate.
    """
    characters = [character for row in reading.characters for character in row]
    if len(characters) < FEWEST:
        return None
    fall = slope_of_rows(reading.characters)
    middles = np.array([(c.x, c.y - fall * (c.x - 0.5)) for c in characters], np.float64)
    halves = np.array([(c.width, c.height) for c in characters], np.float64) / 2
    shown = 1.0 + 2.0 * reading.margin
    low = (middles - halves).min(axis=0) * shown - reading.margin
    high = (middles + halves).max(axis=0) * shown - reading.margin
    before, after = np.array([BESIDE, ABOVE]), np.array([BESIDE, BELOW])
    size = (high - low) / (1.0 - before - after)
    low, high = TRUST * (low - before * size), TRUST * (high + after * size) + (1.0 - TRUST)
    corners = part_of_quad(reading.quad_xy, low, high, fall)
    return corners if is_convex(corners) else None

"""Corner refinement: a plate's corners, corrected by the text that was read between them, and others to try instead.

Text fills plates in much the same way everywhere.
"""

from collections.abc import Iterator

import numpy as np

from lpr_edge.contract.base.arrays import Quad
from lpr_edge.contract.geometry import is_convex, lean_quad, part_of_quad, stretch_quad
from lpr_edge.contract.rows import slope_of_rows
from lpr_edge.vision.plates import Reading

BESIDE = 0.075
"""Median distance of the text from a plate's left and right side, as a share of its width, on training plates."""
ABOVE, BELOW = 0.107, 0.083
"""The same for its upper and lower side, as shares of its height."""
MIN_CHARACTERS = 4
"""Minimum number of characters whose outline allows an estimate of the plate's."""
SEEN_WEIGHT = 0.75
"""How far a plate's reported corners are those that the reader sees; the rest of the way they are the detector's."""
TEXT_WEIGHT = 0.25
"""The same for the corners that its text implies, where the reader doesn't say."""
TRUST = 0.6
"""How far the corners move towards those that the text implies; the rest of the way keeps the detector's."""
STRETCHES = ((0.04, 0.12), (0.06, 0.25), (-0.03, -0.08))
"""Shares of its width and height by which a low-confidence plate is enlarged or shrunk: a detector is a few pixels off,
which is much of the height of one row."""
LEANS = (-0.12, 0.12)
"""Shares of its height by which its right side is raised or lowered."""
SHIFTS = (0.04, 0.12)
"""Shares of width and height by which the corners of the voting readings differ from the best one's."""


def refined_corners(reading: Reading) -> Quad | None:
    """Estimate a plate's corners from the positions of the characters read in it.

    A detector is a few pixels off, makes flat plates too high and sees leaning ones too upright, so that their rows
    slant; the positions of the characters show much of that.

    Returns:
        (4, 2) float32 corners in the frame's pixels; None where there are too few characters, or no convex plate.
    """
    rows = (*reading.characters, *reading.twin)
    characters = [character for row in rows for character in row]
    if len(characters) < MIN_CHARACTERS:
        return None
    fall = slope_of_rows(rows)
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


def implied_corners(reading: Reading) -> list[Quad]:
    """The plate's corners by its reading, the best estimate first.

    Returns:
        (4, 2) float32 each, in the frame's pixels: where the reader sees them, and where its text implies them. Empty
        where neither is known.
    """
    return [quad_xy for quad_xy in (reading.corners_xy, refined_corners(reading)) if quad_xy is not None]


def reported_corners(found_xy: Quad, reading: Reading) -> Quad:
    """Combine known corners with what the reading knows of them.

    Args:
        found_xy: (4, 2) the detector's corners in the frame's pixels, from the plate's own top left on.
        reading: the plate's reading.

    Returns:
        (4, 2) float32 corners in the frame's pixels.
    """
    weight = TEXT_WEIGHT if reading.corners_xy is None else SEEN_WEIGHT
    best = next(iter(implied_corners(reading)), found_xy)
    return np.asarray(found_xy + weight * (best - found_xy), np.float32)


def other_corners(quad_xy: Quad) -> Iterator[Quad]:
    """Corners (4, 2) that are tried instead: enlarged, shrunk and slanted."""
    yield from (stretch_quad(quad_xy, *stretch) for stretch in STRETCHES)
    yield from (lean_quad(quad_xy, lean) for lean in LEANS)


def shifted_corners(quad_xy: Quad, sign: int) -> Iterator[Quad]:
    """Shift corners slightly inwards or, with a sign of 1, outwards."""
    wider, higher = SHIFTS
    yield stretch_quad(quad_xy, sign * wider, sign * higher)
    yield stretch_quad(quad_xy, sign * wider, 0.0)
    yield stretch_quad(quad_xy, 0.0, sign * higher)
    yield lean_quad(quad_xy, sign * higher)

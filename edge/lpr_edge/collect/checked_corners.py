"""Corners of a contradicted frame, checked by reading the frame again: those at which it comes nearest to the vote."""

from collections.abc import Callable, Sequence

from lpr_edge.contract.base.arrays import Image, Quad
from lpr_edge.vision.corner_refinement import implied_corners, reported_corners
from lpr_edge.vision.plates import Reading

Read = Callable[[Image, Quad], Reading]
"""Reads a plate at (4, 2) corners of a frame (H, W, 3) uint8, BGR."""
MAX_WRONG = 0.3
"""Share of the vote's characters that may still differ at the best corners: with more, nobody knows where they are."""


def checked_corners(
    read: Read, frame_bgr: Image, proposed: Sequence[Quad], wrong: Callable[[Reading], float]
) -> Quad | None:
    """Choose corners for a frame whose text a vote knows.

    Each proposal is read, and read again at the corners that this reading implies. A frame is often misread because its
    corners are off, so the corners at which it reads most like the vote are most likely right, once they are corrected
    by that reading.

    Args:
        read: the reader.
        frame_bgr: (H, W, 3) uint8.
        proposed: corners (4, 2) in the frame's pixels, each.
        wrong: share of the vote's characters that a reading has otherwise.

    Returns:
        (4, 2) float32 corners, corrected by their reading; None where all of them read much else than the vote.
    """
    best: tuple[float, float, Quad] | None = None
    for quad_xy in proposed:
        for reading in _readings(read, frame_bgr, quad_xy):
            rank = (-wrong(reading), reading.confidence, reported_corners(reading.quad_xy, reading))
            if -rank[0] <= MAX_WRONG and (best is None or rank[:2] > best[:2]):
                best = rank
    return best and best[2]


def _readings(read: Read, frame_bgr: Image, quad_xy: Quad) -> list[Reading]:
    """The reading at some corners, and those at the corners that it implies."""
    first = read(frame_bgr, quad_xy)
    return [first, *(read(frame_bgr, implied) for implied in implied_corners(first))]

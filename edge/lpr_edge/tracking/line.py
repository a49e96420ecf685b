"""A line across the frame: the side on which a plate is, and the direction in which it crosses."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from lpr_edge.contract.base.arrays import Floats

Way = Literal["in", "out"]

BEYOND = 0.15
"""A plate is on a side once its middle is so far from the line, in its own lengths: one that stops on the line flickers
from side to side."""


@dataclass
class Crossing:
    """Direction in which one plate crossed the line last."""

    line: Floats
    """(2, 2), see `Line`."""
    way: Way | None = None
    """None before it crossed."""
    _anchor_xy: Floats | None = None
    """(2,) where it was clearly on a side last, in pixels."""

    def see(self, middle_xy: Floats, length: float, size_hw: tuple[int, int]) -> None:
        """Update with the plate's position in one more frame.

        `in` is from the left to the right of a person who walks from the line's first end to its second one: downwards
        over a line that is drawn from left to right.

        Args:
            middle_xy: (2,) the plate's middle in pixels.
            length: of the plate in pixels.
            size_hw: height and width of the frame in pixels.
        """
        ends = self.line * np.array(size_hw[::-1], np.float32)
        side = _side(ends, middle_xy)
        if abs(side) < BEYOND * length:
            return
        before = self._anchor_xy
        if before is not None and _side(ends, before) * side < 0 and _passes_between(before, middle_xy, ends):
            self.way = "in" if side > 0 else "out"
        self._anchor_xy = middle_xy


def _side(ends: Floats, point_xy: Floats) -> float:
    """Signed distance in pixels of a point (2,) from the line through two ends (2, 2); negative on the left."""
    along, to = ends[1] - ends[0], point_xy - ends[0]
    return float((along[0] * to[1] - along[1] * to[0]) / np.hypot(*along))


def _passes_between(start_xy: Floats, end_xy: Floats, ends: Floats) -> bool:
    """Whether the path between two points crosses the line between its ends."""
    way = np.stack([start_xy, end_xy])
    return _side(way, ends[0]) * _side(way, ends[1]) <= 0

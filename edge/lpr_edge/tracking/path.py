"""Path of one plate through the frame, and the direction of its vehicle."""

from collections import deque
from dataclasses import dataclass, field
from math import log, sqrt
from statistics import median

from lpr_edge.contract.base.arrays import Floats, Quad
from lpr_edge.contract.geometry import quad_size
from lpr_edge.tracking.line import Crossing

ENDS = 3
"""Frames at the beginning and at the end of a way whose median counts: a single detection may be off."""
FOCAL_LENGTH = 0.8
"""Of the lens, relative to the frame's width: 64 degrees from left to right, as most cameras have."""
GROWTH = 0.15
"""Least change of a plate's size, as a natural logarithm, that is none of the detector's."""
SIDEWAYS = 1.0
"""Least way to a side, in the plate's own sizes."""


@dataclass(frozen=True)
class Position:
    """Position and size of a plate in one frame."""

    x: float
    """Of its middle, from the frame's middle, in pixels."""
    size: float
    """Square root of its area, in pixels."""
    frame_width: int


@dataclass
class Path:
    """Path of one plate; only its first and latest positions are stored."""

    crossing: Crossing | None = None
    """Of the line, where there is one."""
    first: list[Position] = field(default_factory=list)
    latest: deque[Position] = field(default_factory=lambda: deque(maxlen=ENDS))

    def see(self, quad_xy: Quad, size_hw: tuple[int, int]) -> None:
        """Add the plate's position in one more frame.

        Args:
            quad_xy: (4, 2) its corners in pixels.
            size_hw: height and width of the frame in pixels.
        """
        width, height = quad_size(quad_xy)
        middle: Floats = quad_xy.mean(axis=0)
        position = Position(float(middle[0]) - size_hw[1] / 2, max(1.0, sqrt(width * height)), size_hw[1])
        if len(self.first) < ENDS:
            self.first.append(position)
        self.latest.append(position)
        if self.crossing:
            self.crossing.see(middle, max(width, height), size_hw)

    def join(self, later: "Path") -> None:
        """Continue with the path of the same plate after it was out of sight."""
        self.latest = later.latest
        if self.crossing and later.crossing:
            self.crossing.way = later.crossing.way or self.crossing.way

    @property
    def direction(self) -> str | None:
        """`in` or `out` if the line was crossed, else `towards`, `away`, `left` or `right`; None if it didn't move.

        Of a vehicle that comes nearer and moves aside, the longer way counts: a plate's size gives its distance, and
        its place with that the way to the side, both in sizes of the plate.
        """
        if self.crossing and self.crossing.way:
            return self.crossing.way
        if not self.first:
            return None
        start, end = _median(self.first), _median(self.latest)
        nearer = FOCAL_LENGTH * (start.frame_width / start.size - end.frame_width / end.size)
        aside = end.x / end.size - start.x / start.size
        if abs(log(end.size / start.size)) < GROWTH:
            nearer = 0.0
        if abs(aside) < SIDEWAYS:
            aside = 0.0
        if abs(nearer) >= abs(aside):
            return None if nearer == 0 else "towards" if nearer > 0 else "away"
        return "right" if aside > 0 else "left"


def _median(positions: "list[Position] | deque[Position]") -> Position:
    return Position(median(s.x for s in positions), median(s.size for s in positions), positions[-1].frame_width)

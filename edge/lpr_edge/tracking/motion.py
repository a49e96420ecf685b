"""Motion of a plate: position, velocity and predicted position."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from lpr_edge.contract.base.arrays import Floats, Quad
from lpr_edge.vision.plates import longer_side

SMOOTHING = 0.5
"""Share of a new measurement of speed in the estimate."""
LONGEST_S = 0.5
"""A plate out of sight is expected no further on its way than so many seconds bring it."""


@dataclass
class Motion:
    """A plate's position, size and velocity in the frame."""

    quad_xy: Quad
    """(4, 2) corners where it was last seen."""
    time: datetime
    velocity_xy: Floats | None = None
    """(2,) pixels a second; None before the second sight."""

    @property
    def size(self) -> float:
        """Longer side of the upright box around the plate, in pixels."""
        return longer_side(self.quad_xy)

    def see(self, quad_xy: Quad, time: datetime) -> None:
        """Update with the plate's corners (4, 2) in one more frame."""
        seconds = (time - self.time).total_seconds()
        if seconds > 0:
            measured = (quad_xy.mean(axis=0) - self.quad_xy.mean(axis=0)) / seconds
            before = measured if self.velocity_xy is None else self.velocity_xy
            self.velocity_xy = np.asarray(SMOOTHING * measured + (1 - SMOOTHING) * before, np.float32)
        self.quad_xy, self.time = quad_xy, time

    def predict(self, time: datetime) -> Quad:
        """Predict the corners (4, 2) at a time."""
        if self.velocity_xy is None:
            return self.quad_xy
        seconds = min(LONGEST_S, max(0.0, (time - self.time).total_seconds()))
        return np.asarray(self.quad_xy + seconds * self.velocity_xy, np.float32)

    def shift(self, span: timedelta) -> None:
        """Shift the time of the last update after the clock was set."""
        self.time += span

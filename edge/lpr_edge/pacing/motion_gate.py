"""Detect frames that show the same as a reference frame, except for noise and a change of gain."""

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import Floats, Image

SIZE_WH = (96, 54)
"""Width and height of the shrunk gray frames that are compared."""
STRIDE = 2
"""Of large frames only each so many pixels are looked at, along x and y: their mean is as good."""
LARGE = 400
"""Height from which a frame is large."""
MIN_DIFFERENCE = 5.0
"""Least change of a cell, in levels of 255, that is motion."""
NOISES = 6.0
"""The same in standard deviations of the noise, which is that of the cells that change least."""
QUIET_SHARE = 0.25
"""Share of the cells that show noise alone, however near a vehicle passes."""
QUIET_DEVIATIONS = 0.3186
"""Quantile of that share of a normal distribution's absolute values, in standard deviations."""
MAX_NOISE = 6.0
"""Most noise of a cell in levels of 255: where more cells than expected move, what looks like noise is motion."""
CELLS = 2
"""Least number of changed cells: one alone is a reflection."""


class MotionGate:
    """Compares frames with a reference frame, the last one that was processed."""

    def __init__(self) -> None:
        self._shape: tuple[int, ...] = ()
        self._seen: Floats | None = None

    def is_still(self, frame_bgr: Image) -> bool:
        """Whether a frame (H, W, 3) uint8 shows the same as the reference frame; False without a reference."""
        if self._seen is None or frame_bgr.shape != self._shape:
            return False
        changed = np.abs(_at_gain_of(shrink(frame_bgr), self._seen) - self._seen)
        noise = min(MAX_NOISE, float(np.quantile(changed, QUIET_SHARE)) / QUIET_DEVIATIONS)
        return int((changed >= max(MIN_DIFFERENCE, NOISES * noise)).sum()) < CELLS

    def look(self, frame_bgr: Image) -> None:
        """Make a frame (H, W, 3) uint8 the reference for the next ones."""
        self._shape, self._seen = frame_bgr.shape, shrink(frame_bgr)


def shrink(frame_bgr: Image) -> Floats:
    """Reduce a frame (H, W, 3) uint8 to (54, 96) float32 grey: the mean of each cell, which has little noise."""
    step = STRIDE if frame_bgr.shape[0] >= LARGE else 1
    # The green channel: most of what is bright, in one view without a copy.
    green = np.ascontiguousarray(frame_bgr[::step, ::step, 1])
    return np.asarray(cv2.resize(green, SIZE_WH, interpolation=cv2.INTER_AREA), np.float32)


def _at_gain_of(cells: Floats, seen: Floats) -> Floats:
    """Scale cells to the brightness of other cells: a change of a camera's gain changes most cells by one factor."""
    ratio = float(np.median((seen + 1) / (cells + 1)))
    return np.asarray(cells * np.float32(ratio), np.float32)

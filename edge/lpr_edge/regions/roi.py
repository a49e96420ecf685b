"""Parts of a frame: boxes, and the region of interest (ROI), a polygon; plates outside of it are ignored."""

from typing import NamedTuple

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import Floats, Image, Quad

MARGIN = 0.06
"""Around the region, relative to its longer side: a plate whose centre is inside may reach out of it."""


class Box(NamedTuple):
    """A part of a frame, in whole pixels."""

    left: int
    top: int
    right: int
    bottom: int

    def of(self, frame: Image) -> Image:
        """Crop this part from a frame (H, W, …), without a copy."""
        return frame[self.top : self.bottom, self.left : self.right]

    def grown(self, fraction: float, size_hw: tuple[int, int]) -> "Box":
        """Enlarge the part on all sides by a fraction of its longer side, within a frame of that height and width."""
        rim = round(fraction * max(self.right - self.left, self.bottom - self.top))
        right, bottom = min(self.right + rim, size_hw[1]), min(self.bottom + rim, size_hw[0])
        return Box(max(0, self.left - rim), max(0, self.top - rim), right, bottom)

    def has_near_its_middle(self, point_xy: Floats) -> bool:
        """Whether a point (2,) lies in its inner half."""
        middle = np.array([self.left + self.right, self.top + self.bottom]) / 2
        return bool((np.abs(point_xy - middle) <= np.array([self.right - self.left, self.bottom - self.top]) / 4).all())


def is_inside(quad_xy: Quad, roi: Floats, size_hw: tuple[int, int]) -> bool:
    """Whether a plate's centre lies in the region of interest.

    Args:
        quad_xy: (4, 2) corners in pixels.
        roi: (corners, 2), see `Region`.
        size_hw: height and width of the frame in pixels.
    """
    x, y = quad_xy.mean(axis=0) / (size_hw[1], size_hw[0])
    return cv2.pointPolygonTest(roi, (float(x), float(y)), False) >= 0


def box_around(roi: Floats, size_hw: tuple[int, int]) -> Box:
    """Compute the part of a frame that contains every plate whose centre lies in the region of interest.

    Args:
        roi: (corners, 2), see `Region`.
        size_hw: height and width of the frame in pixels.
    """
    scale = np.array(size_hw[::-1])
    left, top = np.floor(roi.min(axis=0) * scale).astype(int).tolist()
    right, bottom = np.ceil(roi.max(axis=0) * scale).astype(int).tolist()
    return Box(left, top, right, bottom).grown(MARGIN, size_hw)

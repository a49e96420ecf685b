"""The region of interest (ROI): a polygon of the frame; plates outside of it are ignored."""

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import Floats, Quad
from lpr_edge.regions.tiles import Box

MARGIN = 0.06
"""Around the region, relative to its longer side: a plate whose centre is inside may reach out of it."""


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

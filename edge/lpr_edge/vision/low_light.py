"""Low-light gain: a dark frame is made as bright as the frames that the networks were trained on."""

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import Image

DARK = 70
"""Level of 255 that the brightest hundredth of a dark frame stays below; no training photograph is as dark."""
LIT = 180
"""Level that it is raised to."""
MOST_GAIN = 8.0
"""Darker frames have too few steps of grey left to show a plate, and much noise."""
EVERY = 16
"""Rows and columns between the pixels that are sampled for the brightness."""


def apply_low_light_gain(frame_bgr: Image) -> Image:
    """Brighten a dark frame.

    Args:
        frame_bgr: (H, W, 3) uint8, BGR.

    Returns:
        The frame itself where it isn't dark, else a brighter copy of the same shape.
    """
    few = frame_bgr[::EVERY, ::EVERY].ravel()
    place = round(0.99 * (few.size - 1))
    brightest = int(np.partition(few, place)[place])
    if brightest >= DARK:
        return frame_bgr
    return np.asarray(cv2.convertScaleAbs(frame_bgr, alpha=min(MOST_GAIN, LIT / max(1, brightest))), np.uint8)

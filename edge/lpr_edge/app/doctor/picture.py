"""Checks of a camera's image: focus, exposure, size of the plates."""

from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np

from lpr_edge.base.finding import Finding, State, graded
from lpr_edge.capture.live import is_same
from lpr_edge.contract.base.arrays import Floats, Image
from lpr_edge.contract.geometry import quad_size
from lpr_edge.vision.plates import FrameResult

BLURRED = 0.6
"""Of 14 sharp street pictures none came above 0.42; blurred by 2 pixels they had 0.48 to 0.73, by 3, 0.66 to 0.79."""
KERNEL = 9
DARK, BRIGHT = 40.0, 215.0
"""Mean grey, of 255, outside of which little is left to read."""
LOST = 0.25
"""Share of pixels that are quite black or quite white, from which on whole areas show nothing."""
SMALL_PX, TINY_PX = 80.0, 40.0
"""Width of a plate: below 40 pixels most are misread."""


def check_life(images: Sequence[Image]) -> Finding:
    """Check that successive images differ, as those of a working camera do."""
    same = sum(is_same(a, b) for a, b in pairwise(images))
    remedy = "it repeats its picture: switch it off and on, and look at its cable"
    frozen = len(images) > 2 and same == len(images) - 1
    return graded(
        "life", f"{same} of {max(0, len(images) - 1)} pictures the same as the one before", remedy, frozen, False
    )


def check_focus(images: Sequence[Image]) -> Finding:
    """Check the sharpness; noise, which would count as sharpness, is averaged out over the images."""
    grey = np.mean([cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) for image in images], axis=0)
    blur = blur_share(np.asarray(grey, np.float32))
    remedy = "turn the lens until letters at the plates' distance are sharp, and clean it; then look again"
    return graded("focus", f"blur {blur:.2f} of 1 (sharp pictures: below {BLURRED:g})", remedy, False, blur > BLURRED)


def blur_share(grey: Floats) -> float:
    """How little an image (H, W) changes when it is blurred: 0 for a sharp image, 1 for a blurred one.

    Crete, Dolmiere, Ladret, Nicolas: The blur effect, Human Vision and Electronic Imaging XII, 2007.
    """
    shares = []
    for axis, kernel in ((0, (1, KERNEL)), (1, (KERNEL, 1))):
        change = np.abs(np.diff(grey, axis=axis))
        left = np.abs(np.diff(cv2.blur(grey, kernel), axis=axis))
        lost = np.maximum(0, change - left).sum()
        shares.append(1 - float(lost / max(1e-6, float(change.sum()))))
    return max(shares)


def check_exposure(image: Image) -> Finding:
    """Check the brightness, and the fraction of black and white pixels."""
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    mean, black, white = float(grey.mean()), float((grey <= 5).mean()), float((grey >= 250).mean())
    found = f"mean {mean:.0f} of 255, {black:.0%} black, {white:.0%} white"
    remedy = "more light on the plates, or less behind them; then the camera's exposure"
    return graded("exposure", found, remedy, not 10 <= mean <= 245, not DARK <= mean <= BRIGHT or black + white > LOST)


def check_plates(results: Sequence[FrameResult]) -> Finding:
    """Check the size of the largest plate in the image."""
    sizes = [quad_size(plate.found.quad_xy) for result in results for plate in result.plates]
    if not sizes:
        remedy = "hold a plate where vehicles pass, or let one pass, and look again"
        return Finding("plates", State.LOOK, "none in the picture", remedy)
    width, height = max(sizes)
    remedy = (
        f"bring the camera nearer, or take a longer lens or a larger --size, until plates are {SMALL_PX:g} pixels wide"
    )
    found = f"{width:.0f} pixels wide, {height:.0f} high"
    return graded("plates", found, remedy, width < TINY_PX, width < SMALL_PX)

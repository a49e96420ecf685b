"""Turn a rendered plate into a crop of a photograph: smaller or larger, slanted, with surroundings."""

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import Image, Quad
from lpr_edge.contract.geometry import rectangle


def photograph(plate_bgr: Image, rng: np.random.Generator) -> tuple[Image, Quad]:
    """Render the plate as a camera sees it from some distance.

    Args:
        plate_bgr: (H, W, 3), upright and whole.
        rng: the source of chance.

    Returns:
        The picture, and the plate's corners (4, 2) in it.
    """
    width = float(np.exp(rng.uniform(np.log(40), np.log(320))))
    scale = width / plate_bgr.shape[1]
    small = cv2.resize(
        plate_bgr, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    )
    height, width = small.shape[0], small.shape[1]
    pad = max(4, round(0.3 * width))
    corners = rectangle((height, width)) + pad
    shear = rng.normal(0.0, 0.06, 2) * (height, width)
    lean = (
        np.array([[0, -1], [0, 1], [0, 1], [0, -1]]) * shear[0]
        + np.array([[1, 0], [1, 0], [-1, 0], [-1, 0]]) * shear[1]
    )
    quad = np.asarray(corners + lean + rng.normal(0.0, 0.02, (4, 2)) * (width, height), np.float32)
    image = _surroundings((height + 2 * pad, width + 2 * pad), rng)
    transform = cv2.getPerspectiveTransform(rectangle((height, width)), quad)
    cv2.warpPerspective(
        small, transform, (image.shape[1], image.shape[0]), dst=image, borderMode=cv2.BORDER_TRANSPARENT
    )
    return image, quad


def _surroundings(size_hw: tuple[int, int], rng: np.random.Generator) -> Image:
    """A soft coloured background (H, W, 3), such as a bumper or seat."""
    coarse = rng.integers(0, 256, (rng.integers(2, 6), rng.integers(2, 6), 3), dtype=np.uint8)
    muted = cv2.addWeighted(coarse, 0.5, np.full_like(coarse, rng.integers(10, 230)), 0.5, 0)
    return np.asarray(cv2.resize(muted, (size_hw[1], size_hw[0]), interpolation=cv2.INTER_LINEAR), np.uint8)

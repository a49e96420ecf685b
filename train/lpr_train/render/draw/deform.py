"""Augmentation by changes to the shape of a plate's characters: the width of strokes, and their form."""

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import Image

SHAPE_SHARE = 0.35
"""How often each effect on the shape of characters happens."""


def strokes(image: Image, rng: np.random.Generator, strength: float) -> Image:
    """Make bright or dark strokes thicker, as another face, brush or stencil does."""
    size = max(2, round(image.shape[1] * 0.012 * strength * rng.uniform(0.3, 1)))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    changed = (cv2.erode if rng.random() < 0.5 else cv2.dilate)(image, kernel)
    share = float(rng.uniform(0.4, 1))
    return np.asarray(cv2.addWeighted(changed, share, image, 1 - share, 0), np.uint8)


def ripple(image: Image, rng: np.random.Generator, strength: float) -> Image:
    """Move parts of the image against each other smoothly (elastic deformation, Simard et al. 2003), as brushes do.

    No point moves further than characters may be from their places in the reader's targets.
    """
    height, width = image.shape[:2]
    coarse = rng.normal(0, 1, (int(rng.integers(3, 7)), int(rng.integers(5, 14)), 2)).clip(-2, 2).astype(np.float32)
    shift = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC) * np.float32(0.006 * width * strength)
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    moved = cv2.remap(image, x + shift[..., 0], y + shift[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.uint8)


def deform(image: Image, rng: np.random.Generator, strength: float = 0.6) -> Image:
    """Change the shape of a plate's characters at random: the width of strokes, and their form.

    Args:
        image: (H, W, 3) uint8, a plate that takes about half of the width.
        rng: the source of chance.
        strength: 0 hardly changes it.
    """
    for effect in (strokes, ripple):
        if rng.random() < SHAPE_SHARE:
            image = effect(image, rng, strength)
    return image

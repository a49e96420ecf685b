"""Occlusion and overexposure of plates, as by a leg, a cable, a lamp or the sun."""

from collections.abc import Sequence

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import Floats, Image, Quad
from lpr_edge.contract.geometry import places_on_quad

HIDDEN = (0.15, 0.45)
"""Range of the fraction of a plate's width or height that is occluded, from one side."""
BURNT = (0.4, 0.95)
"""Range of how far an overexposed plate's brightest pixel moves towards white."""


def occlude_plates(image_bgr: Image, quads: Sequence[Quad], fraction: float, rng: np.random.Generator) -> Image:
    """Occlude a part of some plates, and overexpose others.

    Args:
        image_bgr: (H, W, 3) uint8; not changed.
        quads: (4, 2) corners of each plate in pixels.
        fraction: fraction of the plates that are changed.
        rng: source of all random choices.
    """
    chosen = [quad for quad in quads if rng.random() < fraction]
    image = image_bgr.copy() if chosen else image_bgr
    for quad in chosen:
        if rng.random() < 0.7:
            _hide(image, quad, rng)
        else:
            _burn(image, quad, rng)
    return image


def _hide(image: Image, quad: Quad, rng: np.random.Generator) -> None:
    """Cover a side of the plate with another part of the image, or with one colour."""
    covered = _mask(image, places_on_quad(quad, _side(rng)))
    if rng.random() < 0.5:
        other = np.empty_like(image)
        other[:] = rng.integers(0, 256, 3)
    else:
        other = np.roll(image, tuple(rng.integers(0, size) for size in image.shape[:2]), axis=(0, 1))
    image[:] = cv2.copyTo(other, covered, image)


def _side(rng: np.random.Generator) -> Floats:
    """(4, 2) corners of the occluded part in fractions of the plate: a strip along one side with a slanted edge."""
    reach = rng.uniform(*HIDDEN) + rng.normal(0.0, 0.08, 2)
    strip = np.array([[-0.1, -0.2], [reach[0], -0.2], [reach[1], 1.2], [-0.1, 1.2]])
    if rng.random() < 0.5:
        strip = strip[:, ::-1]
    return np.asarray(strip if rng.random() < 0.5 else 1.0 - strip)


def _burn(image: Image, quad: Quad, rng: np.random.Generator) -> None:
    """Overexpose the plate until its characters are hardly visible."""
    soft = cv2.blur(_mask(image, quad), (2 * int(rng.integers(1, 6)) + 1,) * 2)
    light = np.asarray(soft, np.float32)[..., np.newaxis] / 255 * rng.uniform(*BURNT)
    image[:] = np.asarray(image + (255 - image.astype(np.float32)) * light, np.uint8)


def _mask(image: Image, corners: Quad | Floats) -> Image:
    mask = np.zeros(image.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round(corners).astype(np.int32)], (255,))
    return mask

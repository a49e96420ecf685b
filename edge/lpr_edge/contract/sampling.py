"""Pixels at positions between pixels, the same to the bit on every machine and with every version of OpenCV.

OpenCV's own warps round differently from version to version and from processor to processor, by a step of 255 in some
pixels, and a network's int8 output turns such steps into other texts. `cv2.remap` with positions in fixed point is
integer arithmetic and agrees everywhere; so the positions are computed here, as OpenCV 4 computes them.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Doubles = NDArray[np.float64]
Positions = NDArray[np.int32]
"""Positions in an image, in 1/32 pixel."""
BITS = 5
"""A position's fraction has so many."""
STEPS = 1 << BITS
AFFINE_BITS = 10
"""Fraction of the sums from which an affine position comes."""
LIMIT = 1 << 15
"""Positions in pixels are 16-bit integers."""
BLOCK = 1 << 14
"""Pixels that are computed at a time: their positions stay in the processor's cache."""


def sample_perspective(image: Pixels, to_image: Doubles, size_hw: tuple[int, int], border: int) -> Pixels:
    """Draw a picture of an image through a perspective.

    Args:
        image: (H, W) or (H, W, C) uint8.
        to_image: (3, 3) float64, from the picture's pixels (x, y, 1) to the image's.
        size_hw: height and width of the picture.
        border: what lies outside of the image, as OpenCV's `BORDER_...`.

    Returns:
        (*size_hw[, C]) uint8, bilinear.
    """
    height, width = size_hw
    picture = np.empty((height, width, *image.shape[2:]), np.uint8)
    rows = max(1, BLOCK // max(1, width))
    for top in range(0, height, rows):
        place_x, place_y = _perspective(to_image, top, min(height, top + rows), width)
        part = picture[top : top + rows]
        part[...] = _sample(image, place_x, place_y, border).reshape(part.shape)  # OpenCV drops a single channel
    return picture


def sample_affine(image: Pixels, to_image: Doubles, size_hw: tuple[int, int], colour: tuple[int, int, int]) -> Pixels:
    """Draw a picture of an image through an affine transform.

    Args:
        image: (H, W, 3) uint8.
        to_image: (2, 3) float64, from the picture's pixels (x, y, 1) to the image's.
        size_hw: height and width of the picture.
        colour: of what lies outside of the image.

    Returns:
        (*size_hw, 3) uint8, bilinear.
    """
    x, y = _columns(size_hw[1]), _rows(0, size_hw[0])
    finer, half = 1 << AFFINE_BITS, 1 << (AFFINE_BITS - BITS - 1)
    places = [
        (_whole((b * y + c) * finer, finer) + half + _whole(a * x * finer, finer)) >> (AFFINE_BITS - BITS)
        for a, b, c in np.asarray(to_image, np.float64)
    ]
    return _sample(image, places[0], places[1], cv2.BORDER_CONSTANT, colour)


def _perspective(to_image: Doubles, top: int, bottom: int, width: int) -> tuple[Positions, Positions]:
    """Where some rows of a picture lie in the image."""
    x, y = _columns(width), _rows(top, bottom)
    (a, b, c), (d, e, f), (g, h, i) = np.asarray(to_image, np.float64)
    depth = g * x + (h * y + i)
    depth[depth == 0] = np.inf
    np.divide(STEPS, depth, out=depth)
    place_x, place_y = a * x + (b * y + c), d * x + (e * y + f)
    place_x *= depth
    place_y *= depth
    return _whole(place_x, STEPS), _whole(place_y, STEPS)


def _columns(width: int) -> Doubles:
    """(1, W)."""
    return np.arange(width, dtype=np.float64)[None]


def _rows(top: int, bottom: int) -> Doubles:
    """(H, 1)."""
    return np.arange(top, bottom, dtype=np.float64)[:, None]


def _whole(values: Doubles, unit: int) -> Positions:
    """The nearest integers of positions in parts of a pixel; the values are changed."""
    values.clip(-LIMIT * unit, LIMIT * unit - 1, out=values)
    return np.rint(values, out=values).astype(np.int32)


def _sample(image: Pixels, x: Positions, y: Positions, border: int, colour: tuple[int, int, int] = (0, 0, 0)) -> Pixels:
    """Bilinear samples at positions (H, W) in 1/32 pixel."""
    pixels = np.empty((*x.shape, 2), np.int16)
    np.right_shift(x, BITS, out=pixels[..., 0], casting="unsafe")
    np.right_shift(y, BITS, out=pixels[..., 1], casting="unsafe")
    y &= STEPS - 1
    y <<= BITS
    y |= x & (STEPS - 1)
    fractions = y.astype(np.uint16)
    sampled = cv2.remap(image, pixels, fractions, cv2.INTER_LINEAR, borderMode=border, borderValue=colour)
    return np.asarray(sampled, np.uint8)

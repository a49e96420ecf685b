"""Pixels at positions between pixels, the same to the bit on every machine and with every version of OpenCV.

OpenCV's own warps round differently from version to version and from processor to processor, by a step of 255 in some
pixels, and a network's int8 output turns such steps into other texts. `cv2.remap` with positions in fixed point is
integer arithmetic and agrees everywhere; so the positions are computed here, as OpenCV 4 computes them.
"""

import sys

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
    matrix = np.asarray(to_image, np.float64)
    in_range = _is_in_range(matrix, height, width)
    for top in range(0, height, rows):
        place_x, place_y = _perspective(matrix, top, min(height, top + rows), width, in_range)
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
        (_clipped((b * y + c) * finer, finer) + half + _clipped(a * x * finer, finer)) >> (AFFINE_BITS - BITS)
        for a, b, c in np.asarray(to_image, np.float64)
    ]
    return _sample(image, places[0], places[1], cv2.BORDER_CONSTANT, colour)


def _perspective(to_image: Doubles, top: int, bottom: int, width: int, in_range: bool) -> tuple[Positions, Positions]:
    """Where some rows of a picture lie in the image; `in_range` says that no position needs to be clipped."""
    x, y = _columns(width), _rows(top, bottom)
    (a, b, c), (d, e, f), (g, h, i) = to_image.tolist()
    depth = g * x + (h * y + i)
    if not in_range:
        depth[depth == 0] = np.inf
    np.divide(STEPS, depth, out=depth)
    place_x, place_y = a * x + (b * y + c), d * x + (e * y + f)
    place_x *= depth
    place_y *= depth
    if not in_range:
        _clip(place_x, STEPS)
        _clip(place_y, STEPS)
    return _rounded(place_x), _rounded(place_y)


def _is_in_range(to_image: Doubles, height: int, width: int) -> bool:
    """Whether no position of a picture can be out of range: where no horizon is, its corners lie farthest out."""
    (a, b, c), (d, e, f), (g, h, i) = to_image.tolist()
    for x, y in ((0, 0), (width, 0), (0, height), (width, height)):
        reach = LIMIT / 2 * (g * x + h * y + i)
        if not (abs(a * x + b * y + c) < reach and abs(d * x + e * y + f) < reach):
            return False
    return True


def _columns(width: int) -> Doubles:
    """(1, W)."""
    return np.arange(width, dtype=np.float64)[None]


def _rows(top: int, bottom: int) -> Doubles:
    """(H, 1)."""
    return np.arange(top, bottom, dtype=np.float64)[:, None]


def _clipped(values: Doubles, unit: int) -> Positions:
    """The nearest integers of positions of any size, `unit` to a pixel; the values are changed."""
    _clip(values, unit)
    return _rounded(values)


def _clip(values: Doubles, unit: int) -> None:
    values.clip(-LIMIT * unit, LIMIT * unit - 1, out=values)


def _rounded(values: Doubles) -> Positions:
    return np.rint(values, out=values).astype(np.int32)


def _sample(image: Pixels, x: Positions, y: Positions, border: int, colour: tuple[int, int, int] = (0, 0, 0)) -> Pixels:
    """Bilinear samples at positions (H, W) in 1/32 pixel; the positions are changed."""
    fractions, across = y.astype(np.uint16), x.astype(np.uint16)
    fractions &= STEPS - 1
    fractions <<= BITS
    across &= STEPS - 1
    fractions |= across
    sampled = cv2.remap(image, _pairs(x, y), fractions, cv2.INTER_LINEAR, borderMode=border, borderValue=colour)
    return np.asarray(sampled, np.uint8)


def _pairs(x: Positions, y: Positions) -> NDArray[np.int16]:
    """Whole pixels (H, W, 2) of positions in 1/32 pixel, which are changed; to write one of two at a time is slower."""
    low, high = (x, y) if sys.byteorder == "little" else (y, x)
    low >>= BITS
    low &= 0xFFFF
    high >>= BITS
    high <<= 16
    low |= high
    return low.view(np.int16).reshape(*low.shape, 2)

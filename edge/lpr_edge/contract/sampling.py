"""Pixels at positions between pixels, the same to the bit on every machine and with every version of OpenCV.

OpenCV's own warps round differently from version to version and from processor to processor, by a step of 255 in some
pixels, and a network's int8 output turns such steps into other texts. `cv2.remap` with positions in fixed point is
integer arithmetic and agrees everywhere; so the positions are computed here, as OpenCV 4 computes them, in NumPy's
separate sums and products, each of which IEEE 754 defines to the bit.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Doubles = NDArray[np.float64]
Integers = NDArray[np.int32]
Positions = NDArray[np.float32]
"""Positions in an image, in pixels: whole numbers of 1/32 pixel."""
BITS = 5
"""A position's fraction has so many."""
STEPS = 1 << BITS
AFFINE_BITS = 10
"""Fraction of the sums from which an affine position comes."""
LIMIT = 1 << 15
"""Positions in pixels are 16-bit integers."""
BLOCK = 1 << 15
"""Pixels that are computed at a time: their positions stay in the processor's cache."""


def sample_perspective(
    image: Pixels, to_image: Doubles, size_hw: tuple[int, int], border: int, out: Pixels | None = None
) -> Pixels:
    """Draw a picture of an image through a perspective.

    Args:
        image: (H, W) or (H, W, C) uint8.
        to_image: (3, 3) float64, from the picture's pixels (x, y, 1) to the image's.
        size_hw: height and width of the picture.
        border: what lies outside of the image, as OpenCV's `BORDER_...`.
        out: contiguous array of the result's shape that it is written into; None for a new one.

    Returns:
        (*size_hw[, C]) uint8, bilinear.
    """
    height, width = size_hw
    picture = np.empty((height, width, *image.shape[2:]), np.uint8) if out is None else out
    rows = max(1, BLOCK // max(1, width))
    matrix = np.asarray(to_image, np.float64)
    in_range = _is_in_range(matrix, height, width)
    for top in range(0, height, rows):
        place_x, place_y = _perspective(matrix, top, min(height, top + rows), width, in_range)
        _sample(image, place_x, place_y, border, picture[top : top + rows])
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
    picture = np.empty((*size_hw, *image.shape[2:]), np.uint8)
    _sample(image, _in_pixels(places[0]), _in_pixels(places[1]), cv2.BORDER_CONSTANT, picture, colour)
    return picture


def _perspective(to_image: Doubles, top: int, bottom: int, width: int, in_range: bool) -> tuple[Positions, Positions]:
    """Where some rows of a picture lie in the image; `in_range` says that no position needs to be clipped.

    In single precision: after a network has run, the processor's caches are cold, and half the memory is faster.
    """
    x, y = _columns(width), _rows(top, bottom)
    place_x, place_y, depth = ((a * x).astype(np.float32) + (b * y + c).astype(np.float32) for a, b, c in to_image)
    if not in_range:
        depth[depth == 0] = np.inf
    np.divide(np.float32(STEPS), depth, out=depth)
    place_x *= depth
    place_y *= depth
    if not in_range:
        _clip(place_x, STEPS)
        _clip(place_y, STEPS)
    return _in_pixels(np.rint(place_x, out=place_x)), _in_pixels(np.rint(place_y, out=place_y))


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


def _clipped(values: Doubles, unit: int) -> Integers:
    """The nearest integers of positions of any size, `unit` to a pixel; the values are changed."""
    _clip(values, unit)
    return np.rint(values, out=values).astype(np.int32)


def _clip(values: Doubles | Positions, unit: int) -> None:
    values.clip(-LIMIT * unit, LIMIT * unit - 1, out=values)


def _in_pixels(values: Positions | Integers) -> Positions:
    """Positions in pixels, of whole numbers of 1/32 pixel: single precision holds each of them exactly."""
    places = values.astype(np.float32, copy=False)
    places *= np.float32(1 / STEPS)
    return places


def _sample(
    image: Pixels, x: Positions, y: Positions, border: int, out: Pixels, colour: tuple[int, int, int] = (0, 0, 0)
) -> None:
    """Write bilinear samples at positions (H, W) into an array (H, W[, C])."""
    pixels, fractions = cv2.convertMaps(x, y, cv2.CV_16SC2)
    cv2.remap(image, pixels, fractions, cv2.INTER_LINEAR, dst=out, borderMode=border, borderValue=colour)

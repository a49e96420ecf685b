"""Measure a plate's colour, which distinguishes private, public, government and tourist plates."""

import math
from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import Floats, Image, Quad
from lpr_edge.contract.country import Colour, Country
from lpr_edge.contract.geometry import is_convex, quad_size, rectify

STRONG = 16.0
"""Distance from grey in Lab from which a hue is as good as any."""
WIDTH = 128
"""Pixels of width at which every plate is measured: strokes are then about as wide on all of them."""
MIN_CONTRAST = 8.0
"""Standard deviation of grey below which a plate shows neither edges nor colours."""


def measure_colour(frame_bgr: Image, quad_xy: Quad, country: Country) -> str:
    """Name a plate's colour with a name of the country's file.

    Args:
        frame_bgr: (H, W, 3) uint8, BGR, or (H, W, 1), grey.
        quad_xy: (4, 2) the plate's corners.
        country: its colours.

    Returns:
        Empty where it can't be measured: in grey, without contrast, or where the corners aren't convex.
    """
    is_grey = frame_bgr.ndim < 3 or frame_bgr.shape[2] == 1
    return "" if is_grey or not is_convex(quad_xy) else colour_of(upright(frame_bgr, quad_xy), country)


def upright(frame_bgr: Image, quad_xy: Quad) -> Image:
    """Rectify the plate to `WIDTH` pixels, in its own aspect ratio."""
    width, height = quad_size(quad_xy)
    return rectify(frame_bgr, quad_xy, (max(16, round(WIDTH * height / max(width, 1.0))), WIDTH))


def colour_of(plate_bgr: Image, country: Country) -> str:
    """The country's colour nearest to the plate's background and characters; empty without contrast."""
    lab = np.asarray(cv2.cvtColor(_inner(plate_bgr), cv2.COLOR_BGR2LAB), np.uint8)
    if float(cv2.meanStdDev(lab)[1][0, 0]) < MIN_CONTRAST or not country.colours:
        return ""
    ground, text = (_seen(values) for values in _ground_and_text(lab))
    return min(country.colours, key=lambda colour: _distance(ground, text, colour)).name


def _inner(plate_bgr: Image) -> Image:
    """Crop the edge off, which is often a frame in the characters' colour, or no longer the plate."""
    height, width = plate_bgr.shape[:2]
    return np.ascontiguousarray(plate_bgr[height // 8 : height - height // 8, width // 16 : width - width // 16])


def _ground_and_text(lab: Image) -> tuple[Floats, Floats]:
    """Median Lab colours (3,) of background and characters, separated by Otsu's threshold.

    The ground is the part with the larger connected piece: characters are many, and heavy ones cover more than half.
    """
    _, light = cv2.threshold(lab[..., 0], 0, 255, cv2.THRESH_OTSU)
    parts = [np.asarray(light, np.uint8), np.asarray(255 - light, np.uint8)]
    ground, text = (_median(lab, part) for part in sorted(parts, key=_largest_piece, reverse=True))
    return ground, text


def _median(lab: Image, part: Image) -> Floats:
    """Median colour (3,) of the pixels where `part` isn't zero, from histograms: bytes needn't be sorted."""
    below = [np.cumsum(cv2.calcHist([lab], [channel], part, [256], [0, 256])) for channel in range(3)]
    count = int(below[0][-1])
    middles = ((count - 1) // 2 + 1, count // 2 + 1)
    return np.array([np.searchsorted(sums, middles).mean() for sums in below], np.float32)


def _largest_piece(part: Image) -> int:
    _, _, stats, _ = cv2.connectedComponentsWithStats(part, connectivity=4)
    return int(stats[1:, cv2.CC_STAT_AREA].max(initial=0))


class Seen(NamedTuple):
    """A colour as distances take it."""

    lightness: float
    hue: complex
    """Direction in Lab's a-b plane; shorter than 1 for nearly grey colours, because paint fades."""


def _distance(ground: Seen, text: Seen, colour: Colour) -> float:
    """Distance of two measured colours from a country's: by hue as far as there is one, and by which is lighter."""
    true_ground, true_text = _seen_of(colour.plate_rgb), _seen_of(colour.text_rgb)
    hues = abs(ground.hue - true_ground.hue) + 0.3 * abs(text.hue - true_text.hue)
    same_way = (ground.lightness > text.lightness) == (true_ground.lightness > true_text.lightness)
    rare = -0.1 * math.log(max(1e-3, colour.weight))
    return hues + (0.0 if same_way else 0.6) + rare


@lru_cache(maxsize=64)
def _seen_of(rgb: tuple[int, int, int]) -> Seen:
    return _seen(np.asarray(cv2.cvtColor(np.array([[rgb]], np.uint8), cv2.COLOR_RGB2LAB)[0, 0], np.float32))


def _seen(lab: Floats) -> Seen:
    """A colour (3,) in OpenCV's Lab of bytes."""
    lightness, a, b = lab.tolist()
    plane = complex(a - 128.0, b - 128.0) / STRONG
    return Seen(lightness, plane / max(1.0, abs(plane)))

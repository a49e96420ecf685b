"""Plates that another program has cropped: the crop's margin is unknown, from none to half a plate on each side."""

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import Image, Quad
from lpr_edge.contract.geometry import stretch_quad
from lpr_edge.vision.detector import PROPOSALS, Detector
from lpr_edge.vision.plates import FoundPlate, PlateReading
from lpr_edge.vision.reader import Reader
from lpr_edge.vision.strategy import PhotographStrategy, best_reading
from lpr_edge.vision.views import apply_low_light_gain

SURROUND = 0.75
"""Grey border on each side, as a share of the crop's longer side: a detector knows plates inside larger frames."""
UPRIGHT = (1.0, 0.0, 0.0, 0.0)
"""Turn scores of a crop: its own top left is the plate's."""
GREY = 114
"""Level of that border."""
MARGINS = (0.0, 0.1, 0.25, 0.5)
"""Margins on each side that are tried, as shares of the plate's width and height."""


def read_crop(detector: Detector, reader: Reader, crop_bgr: Image) -> PlateReading | None:
    """Read the plate that a crop shows.

    The crop with several margins cut off and the detector's best proposal in it are read once each; the best of these
    readings is then refined as a photograph's.

    Args:
        detector: looks for the plate inside the crop.
        reader: reads it.
        crop_bgr: (H, W, 3) uint8, BGR: a plate with any margin from none to half a plate.

    Returns:
        The plate, its corners in the crop's pixels; None where no character is read.
    """
    crop_bgr = apply_low_light_gain(crop_bgr)
    height, width = crop_bgr.shape[:2]
    whole = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    places = [FoundPlate(_without_margin(whole, margin), 1.0, UPRIGHT) for margin in MARGINS]
    places += _proposals(detector, crop_bgr)
    first = [reader.read(crop_bgr, place.quad_xy) for place in places]
    best = best_reading(first)
    place = next(place for place, reading in zip(places, first, strict=True) if reading is best)
    reading = PhotographStrategy(detector.threshold).read(reader, crop_bgr, place)
    return PlateReading(place, reading) if reading.text else None


def _without_margin(whole_xy: Quad, margin: float) -> Quad:
    """Corners (4, 2) of a plate with a margin on each side, from the corners of the whole crop."""
    shrink = -2.0 * margin / (1.0 + 2.0 * margin)
    return stretch_quad(whole_xy, shrink, shrink)


def _proposals(detector: Detector, crop_bgr: Image) -> list[FoundPlate]:
    """The detector's best proposal in a crop, if any, in the crop's pixels."""
    border = round(SURROUND * max(crop_bgr.shape[:2]))
    framed = cv2.copyMakeBorder(crop_bgr, border, border, border, border, cv2.BORDER_CONSTANT, value=(GREY,) * 3)
    found = detector.detect(np.asarray(framed, np.uint8), PROPOSALS)
    return [FoundPlate(p.quad_xy - np.float32(border), p.score, p.turn_scores) for p in found[:1]]

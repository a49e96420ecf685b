"""A labelled plate's form, colour and sharpness, measured in its photograph."""

import cv2
import numpy as np

from lpr_bench.accuracy.plates import PlateTraits
from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.data.plate_photos import PlateLabel
from lpr_edge.contract.geometry import is_convex
from lpr_edge.text.grammar import Grammar
from lpr_edge.vision.plate_colour import MIN_CONTRAST, colour_of, upright

SMOOTHING = 0.8
"""Standard deviation in pixels of the blur that suppresses noise in gradients."""


def describe_plate(label: PlateLabel, frame_bgr: Image, grammar: Grammar, seen: bool) -> PlateTraits:
    """Measure a labelled plate's form, colour and sharpness; what can't be determined stays empty.

    Args:
        label: of the plate.
        frame_bgr: (H, W, 3) uint8, BGR.
        grammar: parses the label's text.
        seen: whether the networks were trained on the photograph; None if unknown.
    """
    form = form_of(label, grammar)
    if not is_convex(label.quad_xy):
        return PlateTraits(form, seen=seen)
    plate = upright(frame_bgr, label.quad_xy)
    return PlateTraits(form, colour_of(plate, grammar.country), sharpness(plate), seen)


def form_of(label: PlateLabel, grammar: Grammar) -> str:
    """The grammar's form of a label's text; empty if it has none or isn't completely legible."""
    try:
        signs = [sign for row in label.text_rows for sign in grammar.country.tokenize(row)]
    except LprError:
        return ""
    return grammar.parse(signs).form or ""


def sharpness(plate_bgr: Image) -> float | None:
    """Sharpness of a plate (H, W, 3) uint8: its steepest horizontal grey gradients, relative to its contrast.

    Dividing by the range makes it the same in shade and sun. Slopes across alone: rows of a video are skipped, columns
    smeared.

    Returns:
        In shares of the range a pixel of `WIDTH`: about 0.1 of a smear, 0.3 of crisp paint; None without contrast.
    """
    grey = cv2.GaussianBlur(cv2.cvtColor(plate_bgr, cv2.COLOR_BGR2GRAY), (0, 0), SMOOTHING).astype(np.float32)
    dark, light = np.percentile(grey, (5, 95))
    slopes = np.abs(grey[:, 2:] - grey[:, :-2]) / 2
    return float(np.percentile(slopes, 98) / (light - dark)) if light - dark >= 2 * MIN_CONTRAST else None

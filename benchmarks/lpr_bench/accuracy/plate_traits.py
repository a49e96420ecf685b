"""What a plate looks like, measured in its photograph: how sharp, and in which of the country's colours."""

import cv2
import numpy as np

from lpr_bench.accuracy.plates import PlateTraits
from lpr_edge.contract.arrays import Floats, Image, Quad
from lpr_edge.contract.country import Colour, Country
from lpr_edge.contract.data import PlateLabel
from lpr_edge.contract.errors import LprError
from lpr_edge.contract.geometry import is_convex, quad_size, rectify
from lpr_edge.text.grammar import Grammar

STRONG = 16.0
"""Distance from grey in Lab from which a hue is as good as any."""
WIDTH = 128
"""Pixels of width at which every plate is measured: strokes are then about as wide on all of them."""
SMOOTHING = 0.8
"""Standard deviation in pixels of the blur that keeps noise out of slopes."""
MIN_CONTRAST = 8.0
"""Standard deviation of grey below which a plate shows neither edges nor colours."""


def describe_plate(label: PlateLabel, frame_bgr: Image, grammar: Grammar, seen: bool) -> PlateTraits:
    """A labelled plate's form, colour and sharpness; what can't be told stays empty."""
    form = form_of(label, grammar)
    if not is_convex(label.quad_xy):
        return PlateTraits(form, seen=seen)
    plate = upright(frame_bgr, label.quad_xy)
    return PlateTraits(form, colour_of(plate, grammar.country), sharpness(plate), seen)


def form_of(label: PlateLabel, grammar: Grammar) -> str:
    """The form that the grammar gives a label's text; empty where it has none or isn't all readable."""
    try:
        signs = [sign for row in label.text_rows for sign in grammar.country.tokenize(row)]
    except LprError:
        return ""
    return grammar.parse(signs).form or ""


def upright(frame_bgr: Image, quad_xy: Quad) -> Image:
    """The plate alone, `WIDTH` pixels wide, in its own proportions."""
    width, height = quad_size(quad_xy)
    return rectify(frame_bgr, quad_xy, (max(16, round(WIDTH * height / max(width, 1.0))), WIDTH))


def sharpness(plate_bgr: Image) -> float | None:
    """How steep a plate's edges are: grey's steepest slopes across, beside its range from dark to light.

    Dividing by the range makes it the same in shade and sun. Slopes across alone: rows of a film are skipped, columns
    smeared.

    Returns:
        In shares of the range a pixel of `WIDTH`: about 0.1 of a smear, 0.3 of crisp paint; None without contrast.
    """
    grey = cv2.GaussianBlur(cv2.cvtColor(plate_bgr, cv2.COLOR_BGR2GRAY), (0, 0), SMOOTHING).astype(np.float32)
    dark, light = np.percentile(grey, (5, 95))
    slopes = np.abs(grey[:, 2:] - grey[:, :-2]) / 2
    return float(np.percentile(slopes, 98) / (light - dark)) if light - dark >= 2 * MIN_CONTRAST else None


def colour_of(plate_bgr: Image, country: Country) -> str:
    """The country's colour that lies nearest to the plate's ground and characters; empty without contrast."""
    lab = np.asarray(cv2.cvtColor(_inner(plate_bgr), cv2.COLOR_BGR2LAB), np.uint8)
    if float(lab[..., 0].std()) < MIN_CONTRAST or not country.colours:
        return ""
    ground, text = _ground_and_text(lab)
    return min(country.colours, key=lambda colour: _distance(ground, text, colour)).name


def _inner(plate_bgr: Image) -> Image:
    """Without the edge, which is often framed in the characters' colour, or no longer the plate."""
    height, width = plate_bgr.shape[:2]
    return np.ascontiguousarray(plate_bgr[height // 8 : height - height // 8, width // 16 : width - width // 16])


def _ground_and_text(lab: Image) -> tuple[Floats, Floats]:
    """The median colours (3,) of the lighter and the darker part (Otsu), the ground first.

    The ground is the part with the larger connected piece: characters are many, and heavy ones cover more than half.
    """
    _, light = cv2.threshold(lab[..., 0], 0, 255, cv2.THRESH_OTSU)
    parts = [np.asarray(light, np.uint8), np.asarray(255 - light, np.uint8)]
    ground, text = (np.median(lab[part > 0], axis=0) for part in sorted(parts, key=_largest_piece, reverse=True))
    return np.asarray(ground, np.float32), np.asarray(text, np.float32)


def _largest_piece(part: Image) -> int:
    _, _, stats, _ = cv2.connectedComponentsWithStats(part, connectivity=4)
    return int(stats[1:, cv2.CC_STAT_AREA].max(initial=0))


def _distance(ground: Floats, text: Floats, colour: Colour) -> float:
    """How far two measured colours are from a country's: by hue as far as there is one, and by which is the lighter."""
    true_ground, true_text = _lab_of(colour.plate_rgb), _lab_of(colour.text_rgb)
    hues = np.linalg.norm(_hue(ground) - _hue(true_ground)) + 0.3 * np.linalg.norm(_hue(text) - _hue(true_text))
    same_way = (ground[0] > text[0]) == (true_ground[0] > true_text[0])
    rare = -0.1 * float(np.log(max(1e-3, colour.weight)))
    return float(hues) + (0.0 if same_way else 0.6) + rare


def _lab_of(rgb: tuple[int, int, int]) -> Floats:
    return np.asarray(cv2.cvtColor(np.array([[rgb]], np.uint8), cv2.COLOR_RGB2LAB)[0, 0], np.float32)


def _hue(lab: Floats) -> Floats:
    """(2,) the direction of a colour in Lab's plane, shorter than 1 where it is nearly grey: paint fades."""
    plane = (lab[1:] - 128.0) / STRONG
    return np.asarray(plane / max(1.0, float(np.linalg.norm(plane))), np.float32)

"""Rounded bold letters of plate shops: a font's strokes made thicker, with round corners."""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.country import Country
from lpr_train.render.draw.shapes import SHAPE_HEIGHT, Glyph, tight
from lpr_train.render.plate.faces import FontSource
from lpr_train.render.plate.style import Face

THICKER = (0.0, 0.01, 0.02)
"""How far a stroke's edge moves outwards, relative to the shape's height: one variant each."""
ROUNDNESS = 0.035
"""Radius of the corners, relative to the shape's height."""
MARGIN = 16
"""Empty pixels around a shape, so that thicker strokes stay inside."""


class RoundedSource:
    """Shapes of a font with thicker strokes and round corners.

    Args:
        face: the font.
        country: whose labels are drawn.
    """

    weight = 1.5
    variants = len(THICKER)

    def __init__(self, face: Face, country: Country) -> None:
        self._font = FontSource(face, country)

    def draws(self, label: str) -> bool:
        """Whether the font has the label."""
        return self._font.draws(label)

    def glyph(self, label: str, variant: int) -> Glyph:
        """Draw the label with strokes as thick as its holes allow."""
        shape = self._font.glyph(label)
        width = max(4, round(SHAPE_HEIGHT * shape.mask.shape[1] / shape.mask.shape[0]))
        mask = np.asarray(cv2.resize(shape.mask, (width, SHAPE_HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)
        thicker = (rounded(mask, share) for share in THICKER[variant % self.variants :: -1])
        return replace(shape, mask=next((one for one in thicker if holes(one) == holes(mask)), mask))


def rounded(mask: Image, share: float) -> Image:
    """Grow a shape and round its corners.

    Args:
        mask: (h, w) uint8, 255 where there is paint.
        share: how far the edges move, relative to the height.

    Returns:
        The new mask, cut tight.
    """
    padded = np.pad(mask, MARGIN)
    reach = 2 * round(share * mask.shape[0]) + 1
    thick = cv2.dilate(padded, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    soft = cv2.GaussianBlur(thick, (0, 0), ROUNDNESS * mask.shape[0])
    return tight(np.asarray(cv2.threshold(soft, 127, 255, cv2.THRESH_BINARY)[1], np.uint8))[0]


def holes(mask: Image) -> int:
    """Count the holes in a shape: ० has one, १ may have none."""
    solid = np.asarray(cv2.threshold(mask, 127, 255, cv2.THRESH_BINARY)[1], np.uint8)
    _, hierarchy = cv2.findContours(solid, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    return int(np.count_nonzero(np.asarray(hierarchy)[0, :, 3] >= 0))


def rounded_sources(country: Country, faces: Sequence[Face]) -> list[RoundedSource]:
    """Make a source for each typeface with a rounded variant."""
    return [RoundedSource(face, country) for face in faces if face.rounded]

"""The shape of a character, and the interface of its sources."""

from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import Image

PAINT = (255.0,)
"""The value of painted pixels in a mask."""
SHAPE_HEIGHT = 96
"""Height in pixels at which shapes are kept; plates draw them smaller."""


@dataclass(frozen=True)
class Glyph:
    """The shape of a character, cropped tightly."""

    mask: Image
    """(h, w) uint8, 255 where there is paint."""
    top: float = 0.0
    """Where the mask begins, in heights of the row's body: below 0 for signs above the head line."""
    bottom: float = 1.0
    """Where it ends; above 1 for signs that hang below the base line."""

    @property
    def aspect(self) -> float:
        """Width of the mask relative to the height of the character's body."""
        return self.mask.shape[1] / self.mask.shape[0] * (self.bottom - self.top)


class ShapeSource(Protocol):
    """A source of shapes: a font, a painted alphabet, or cut-outs of real plates."""

    weight: float
    """Its sampling weight relative to the others."""
    variants: int
    """How many shapes it has for one label."""

    def draws(self, label: str) -> bool:
        """Whether it has a shape for the label."""
        ...

    def glyph(self, label: str, variant: int) -> Glyph:
        """Draw the label; equal values of `variant`, from 0, give equal shapes."""
        ...


def tight(mask: Image) -> tuple[Image, int]:
    """Crop the empty margins of a mask (h, w) uint8.

    Returns:
        The mask, and how many rows were cut off its top.

    Raises:
        ValueError: the mask is empty.
    """
    x, y, width, height = cv2.boundingRect(np.where(mask > 40, 255, 0).astype(np.uint8))
    if not width or not height:
        raise ValueError("an empty mask has no shape to cut out")
    return np.ascontiguousarray(mask[y : y + height, x : x + width]), y

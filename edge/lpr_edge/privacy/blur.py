"""Blur plates in images before anything stores or shows them."""

from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import cv2
import numpy as np

from lpr_edge.capture.frame import Frame
from lpr_edge.contract.base.arrays import Image, Quad
from lpr_edge.vision.plates import FoundPlate

GROWN = 1.3
"""Size of the blurred region relative to the plate, because corners are inexact."""
CELLS = 3
"""The hidden part is left as so many patches of one colour across and down: nothing of a character stays, and unlike a
smooth blur it can't be undone."""
LASTS = timedelta(seconds=1)
"""For so long after a plate was found its place stays hidden, as a detector misses a frame now and then."""


class PlateBlurrer:
    """Blurs the plates in successive frames of one source."""

    def __init__(self) -> None:
        self._places: deque[tuple[datetime, Quad]] = deque()
        self._source = ""

    def over(self, frame: Frame, plates: Iterable[FoundPlate]) -> Frame:
        """Blur all plates of a frame that were detected in it or shortly before it.

        Args:
            frame: any.
            plates: every plate in it, also those that are of no interest otherwise.
        """
        if frame.source != self._source:  # another picture of a folder
            self._places.clear()
            self._source = frame.source
        self._places.extend((frame.time, plate.quad_xy) for plate in plates)
        while self._places and abs(frame.time - self._places[0][0]) > LASTS:
            self._places.popleft()
        quads = [quad_xy for _, quad_xy in self._places]
        return replace(frame, image_bgr=hide(frame.image_bgr, quads)) if quads else frame


def hide(image_bgr: Image, quads_xy: Iterable[Quad]) -> Image:
    """Copy an image (H, W, 3) and replace its plates (4, 2) by a few patches of colour."""
    picture = image_bgr.copy()
    for quad_xy in quads_xy:
        _hide(picture, quad_xy)
    return picture


def _hide(picture: Image, quad_xy: Quad) -> None:
    middle = quad_xy.mean(axis=0)
    corners = middle + GROWN * (quad_xy - middle)
    low = np.floor(corners.min(axis=0)).astype(int).clip(0)
    high = np.ceil(corners.max(axis=0)).astype(int).clip(0, (picture.shape[1], picture.shape[0]))
    part = picture[low[1] : high[1], low[0] : high[0]]
    if not part.size:
        return
    few = cv2.resize(part, (CELLS, CELLS), interpolation=cv2.INTER_AREA)
    part[:] = cv2.resize(few, (part.shape[1], part.shape[0]), interpolation=cv2.INTER_NEAREST)

"""The newest frame as a JPEG, for the live page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any

import cv2
import numpy as np

from lpr_edge.capture.frame import Frame
from lpr_edge.contract.base.arrays import Image
from lpr_edge.output.annotate import NO_MARKS, Marks, draw_plates
from lpr_edge.vision.plates import PlateReading

MAX_SIDE_PX = 960
"""Longest side of the picture, in pixels."""
QUALITY = 75
SHORTEST_S = 0.1
"""From one drawn picture to the next."""


class Picture:
    """Holds the newest frame; it is drawn and encoded only on request, and once for all clients.

    `show` may be called from one thread, and `jpeg` from one other.
    """

    def __init__(self, captions: bool = True, marks: Marks = NO_MARKS) -> None:
        """Create a holder without a frame.

        Args:
            captions: whether the readings are written next to the plates.
            marks: drawn in every frame.
        """
        self._captions, self._marks = captions, marks
        self._newest: tuple[Frame, tuple[PlateReading, ...]] | None = None
        self._drawn: object = None
        self._drawn_at = float("-inf")
        self._jpeg = b""
        self.number = 0
        """Of the picture that `jpeg` gave last, from 1."""

    def show(self, frame: Frame, plates: Sequence[PlateReading]) -> None:
        """Store a frame and its plates; nothing is drawn yet."""
        self._newest = frame, tuple(plates)

    def jpeg(self) -> bytes:
        """The newest frame with corners and text; empty before the first."""
        newest = self._newest
        if newest is not None and newest is not self._drawn and monotonic() - self._drawn_at >= SHORTEST_S:
            self._drawn, self._drawn_at = newest, monotonic()
            self._jpeg = encode(*newest, self._captions, self._marks)
            self.number += 1
        return self._jpeg

    def plain_jpeg(self) -> bytes:
        """The newest frame with nothing drawn on it, encoded on request; empty before the first."""
        newest = self._newest
        return encode(newest[0], (), captions=False) if newest else b""

    @property
    def size_hw(self) -> tuple[int, int]:
        """Height and width of the newest frame in its own pixels; 0 before the first."""
        newest = self._newest
        height, width = newest[0].image_bgr.shape[:2] if newest else (0, 0)
        return height, width


class Pictures:
    """The newest frame of each camera."""

    def __init__(self, by_camera: Mapping[str, Picture]) -> None:
        """Connect the cameras' holders.

        Args:
            by_camera: at least one; where there is one source, that under any name.
        """
        self._by_camera = dict(by_camera)

    def of(self, camera: str) -> Picture:
        """A camera's holder; the first camera's for an unknown name."""
        first = next(iter(self._by_camera.values()))
        return self._by_camera.get(camera, first)


def encode(frame: Frame, plates: Sequence[PlateReading], captions: bool = True, marks: Marks = NO_MARKS) -> bytes:
    """Encode a frame with corners and text as a JPEG of at most MAX_SIDE_PX pixels per side."""
    small, scale = shrink(frame.image_bgr)
    moved = [
        replace(plate, reading=replace(plate.reading, quad_xy=np.asarray(plate.reading.quad_xy * scale, np.float32)))
        for plate in plates
    ]
    drawn = draw_plates(small, moved, captions, marks)
    return cv2.imencode(".jpg", drawn, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()


def shrink(image_bgr: Image) -> tuple[Image, float]:
    """Reduce an image (H, W, 3) to at most MAX_SIDE_PX per side; returns it with the scale factor."""
    height, width = image_bgr.shape[:2]
    scale = min(1.0, MAX_SIDE_PX / max(height, width))
    if scale == 1.0:
        return image_bgr, scale
    size_wh = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(image_bgr, size_wh, interpolation=cv2.INTER_AREA), np.uint8), scale


@dataclass(frozen=True)
class LivePage:
    """A page that is being served."""

    pictures: Pictures
    """Where frames go."""
    server: Any
    """`web.server.Server`; its packages are an extra's."""
    token: str
    """Empty where none is asked for."""

    @property
    def picture(self) -> Picture:
        """Holder of the only source, or of the first camera."""
        return self.pictures.of("")

    def show(self, frame: Frame, plates: Sequence[PlateReading]) -> None:
        """Store a frame and its plates; nothing is drawn yet."""
        self.pictures.of(frame.source).show(frame, plates)

    def close(self) -> None:
        """Stop serving."""
        self.server.close()

"""Drawing in a unit box that may be slanted: vehicles and boards in a scene."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import AnyArray, Floats, Image, Quad
from lpr_edge.contract.geometry import rectangle
from lpr_train.render.draw.noise import cloud_noise
from lpr_train.render.draw.shapes import PAINT

Colour = Sequence[float] | AnyArray


@dataclass(frozen=True)
class Sketch:
    """A unit box (0..1, y down) at a place in an image; all methods draw in place."""

    canvas: Image
    origin: tuple[float, float]
    """The box's top left before it leans, in pixels."""
    size_wh: tuple[float, float]
    lean: float = 0.0
    """Degrees, clockwise, about the middle of the box's foot."""

    def pixels(self, unit_xy: Sequence[Sequence[float]] | Floats) -> Floats:
        """Convert points of the unit box to pixels of the canvas: (n, 2) float32."""
        points = np.asarray(unit_xy, np.float32) * self.size_wh + np.asarray(self.origin)
        foot = np.asarray(self.origin) + np.asarray(self.size_wh) * (0.5, 1.0)
        angle = np.deg2rad(self.lean)
        rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        return np.asarray((points - foot) @ rotation.T + foot, np.float32)

    def polygon(self, unit_xy: Sequence[Sequence[float]] | Floats, colour: Colour) -> None:
        """Fill a polygon."""
        points = np.round(self.pixels(unit_xy) * 16).astype(np.int32)
        cv2.fillPoly(self.canvas, [points], scalar(colour), cv2.LINE_AA, 4)

    def box(self, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
        """Fill a rectangle."""
        self.polygon([[left, top], [right, top], [right, bottom], [left, bottom]], colour)

    def oval(self, x: float, y: float, radius_x: float, radius_y: float, colour: Colour) -> None:
        """Fill an ellipse."""
        angles = np.linspace(0, 2 * np.pi, 28)[:-1]
        self.polygon(np.stack([x + radius_x * np.cos(angles), y + radius_y * np.sin(angles)], axis=1), colour)

    def line(self, start: Sequence[float], end: Sequence[float], width: float, colour: Colour) -> None:
        """Draw a line; its width is a fraction of the box's width."""
        points = np.round(self.pixels([start, end])).astype(int)
        thickness = max(1, round(width * self.size_wh[0]))
        first, last = (tuple(map(int, point)) for point in points)
        cv2.line(self.canvas, first, last, scalar(colour), thickness, cv2.LINE_AA)

    def darken(self, x: float, y: float, radius_x: float, radius_y: float, factor: float) -> None:
        """Multiply the colours within an ellipse, for shadows."""
        angles = np.linspace(0, 2 * np.pi, 24)[:-1]
        rim = self.pixels(np.stack([x + radius_x * np.cos(angles), y + radius_y * np.sin(angles)], axis=1))
        window, corner = self._window(rim)
        if window.size:
            mask = np.zeros(window.shape[:2], np.uint8)
            cv2.fillPoly(mask, [np.round(rim - corner).astype(np.int32)], PAINT)
            np.copyto(window, (window * factor).astype(np.uint8), where=mask[..., None] > 0)

    def _window(self, points_xy: Floats) -> tuple[Image, Floats]:
        """A view of the canvas around some points, and its top left; empty outside of the canvas."""
        low = np.clip(np.floor(points_xy.min(axis=0)), 0, self.canvas.shape[1::-1]).astype(int)
        high = np.clip(np.ceil(points_xy.max(axis=0)), 0, self.canvas.shape[1::-1]).astype(int)
        return self.canvas[low[1] : high[1], low[0] : high[0]], np.asarray(low, np.float32)

    def shade(self, rng: np.random.Generator, strength: float) -> None:
        """Add uneven light around the box, so that no colour stays uniform."""
        window, _ = self._window(self.pixels([[0, 0], [1, 0], [1, 1], [0, 1]]))
        if min(window.shape[:2]) < 4:
            return
        size_hw = window.shape[0], window.shape[1]
        clouds = (cloud_noise(rng, size_hw, rng.uniform(0.1, 1.5)) - 0.5) * np.float32(strength)
        window[:] = cv2.add(window, cv2.merge([clouds] * 3), dtype=cv2.CV_8U)


@dataclass(frozen=True)
class Slot:
    """A place for a plate on a vehicle."""

    centre: tuple[float, float]
    """In pixels of the scene."""
    width: float
    """The widest that fits, in pixels."""
    height: float
    """The highest that fits, in pixels."""
    lean: float
    """Degrees, clockwise."""


def slot(sketch: Sketch, x: float, y: float, width: float, height: float) -> Slot:
    """Make a slot around a point of the unit box; sizes are fractions of the box."""
    centre = sketch.pixels([[x, y]])[0]
    return Slot(
        (float(centre[0]), float(centre[1])), width * sketch.size_wh[0], height * sketch.size_wh[1], sketch.lean
    )


def scalar(colour: Colour) -> tuple[float, ...]:
    """Convert a colour to OpenCV's type."""
    return tuple(float(np.clip(value, 0, 255)) for value in colour)


def paste(canvas: Image, picture: Image | Colour, alpha: Image, quad_xy: Quad) -> None:
    """Warp an image onto a quad and blend it in, in place; parts outside of the canvas are cut off.

    Args:
        canvas: (H, W, 3), changed.
        picture: (h, w, 3), or one colour.
        alpha: (h, w), 255 where the picture covers all.
        quad_xy: (4, 2) where the picture's corners go, clockwise from its top left.
    """
    left, top = (max(0, int(np.floor(v))) for v in quad_xy.min(axis=0))
    right = min(canvas.shape[1], int(np.ceil(quad_xy[:, 0].max())) + 1)
    bottom = min(canvas.shape[0], int(np.ceil(quad_xy[:, 1].max())) + 1)
    if left >= right or top >= bottom:
        return
    alpha = _shrunk(alpha, quad_xy)
    matrix = cv2.getPerspectiveTransform(
        rectangle((alpha.shape[0], alpha.shape[1])), (quad_xy - (left, top)).astype(np.float32)
    )
    size = (right - left, bottom - top)
    share = cv2.warpPerspective(alpha, matrix, size, flags=cv2.INTER_LINEAR)[..., None].astype(np.float32) / 255
    colours = np.asarray(picture, np.float32)
    if colours.ndim == 3:
        picture = _shrunk(np.asarray(picture, np.uint8), quad_xy)
        colours = cv2.warpPerspective(picture, matrix, size, borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
    window = canvas[top:bottom, left:right]
    window[:] = (window + (colours - window) * share).astype(np.uint8)


def _shrunk(picture: Image, quad_xy: Quad) -> Image:
    """Average an image down to about its final size, so that bilinear sampling skips no pixels."""
    sides = np.linalg.norm(np.roll(quad_xy, -1, axis=0) - quad_xy, axis=1)
    width, height = max(4, round(float(max(sides[0], sides[2])))), max(3, round(float(max(sides[1], sides[3]))))
    if width >= picture.shape[1] or height >= picture.shape[0]:
        return picture
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)

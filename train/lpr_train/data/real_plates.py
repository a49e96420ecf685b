"""Real plates as training examples for the reader: cut out of their photographs, their characters placed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from lpr_edge.contract.arrays import Floats, Image, Quad
from lpr_edge.contract.country import UNREADABLE, Country
from lpr_edge.contract.data import PlateLabel
from lpr_edge.contract.errors import LprError
from lpr_edge.contract.geometry import grow_quad, is_convex, places_on_quad, quad_size, rectangle, rectify
from lpr_edge.contract.pictures import file_sha256
from lpr_train.data.photos import Photo
from lpr_train.targets.heat_maps import PlacedCharacter

SURROUNDINGS = 0.5
"""How much around a plate is kept, beside its size."""
UNIT = rectangle((1, 1))
"""Corners in shares of a plate, clockwise from its top left."""


@dataclass(frozen=True)
class RealPlate:
    """A legible plate of a photograph."""

    path: Path
    crop_bgr: Image
    """The plate and its surroundings."""
    quad_xy: Quad
    """(4, 2) corners in the crop."""
    rows: tuple[tuple[str, ...], ...]
    """Labels, row by row."""
    label: PlateLabel
    placed: tuple[PlacedCharacter, ...] = ()
    """Where they stand, in shares of the quad; empty while unknown."""

    @property
    def labels(self) -> list[str]:
        """All of them, in reading order."""
        return [label for row in self.rows for label in row]

    def with_places(self, placed: Sequence[PlacedCharacter] | None) -> "RealPlate":
        """The same plate, its characters placed."""
        return replace(self, placed=tuple(placed or ()))

    def sha256(self) -> str:
        """Hash of the photograph's file."""
        return file_sha256(self.path)


def legible_plates(photos: Sequence[Photo], country: Country) -> list[RealPlate]:
    """The plates of which every character is sure and in the country's alphabet."""
    return [
        _cut_out(photo, label, rows)
        for photo in photos
        for label in photo.labels
        if label.legible == "full" and label.is_to_read and (rows := _tokenized(label, country))
    ]


def _tokenized(label: PlateLabel, country: Country) -> tuple[tuple[str, ...], ...]:
    """The rows as labels; none where one can't be read or written."""
    try:
        rows = tuple(country.tokenize(row) for row in label.rows)
    except LprError:
        return ()
    return () if any(UNREADABLE in row for row in rows) else rows


def _cut_out(photo: Photo, label: PlateLabel, rows: tuple[tuple[str, ...], ...]) -> RealPlate:
    """Keep the plate's surroundings alone, at the photograph's own resolution up to 480 pixels of width."""
    image = photo.scene.image_bgr
    around = grow_quad(label.quad_xy, SURROUNDINGS)
    low = np.floor(around.min(axis=0)).astype(int).clip(0)
    high = np.ceil(around.max(axis=0)).astype(int)
    crop = image[low[1] : high[1], low[0] : high[0]].copy()
    quad = np.asarray(label.quad_xy - low, np.float32)
    scale = min(1.0, 480 / max(1.0, max(quad_size(quad))))
    if scale < 1.0:
        crop = np.asarray(cv2.resize(crop, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    return RealPlate(photo.path, crop, np.asarray(quad * scale, np.float32), rows, label)


SHORT_SIDE = 0.45
"""How much of the longer side a detector's error across the shorter one goes by: one-row plates are hit the worst."""


def jitter(quad_xy: Quad, rng: np.random.Generator, amount: float) -> Quad:
    """Move corners as a detector's errors do: together, apart, turned, stretched.

    Measured on what the detector finds in the training photographs (standard deviations of a corner, beside the
    plate's width and height): 0.05 and 0.09 with two rows, 0.07 and 0.37 with one, whose height is a quarter of its
    width. With `amount` 0.055 two rows get 0.06 and 0.08, one row 0.06 and 0.21; its worst places aren't copied.

    Args:
        quad_xy: (4, 2) true corners.
        rng: draws everything.
        amount: beside the plate's size; each plate gets a fifth to nine fifths of it.

    Returns:
        Convex corners: the true ones, where the drawn ones, of a plate seen nearly from its side, aren't.
    """
    size = np.maximum(quad_size(quad_xy), 1.0)
    reach = 1.0 + SHORT_SIDE * (size.max() / size - 1.0)
    amount *= rng.uniform(0.2, 1.8)
    angle = rng.normal(0.0, 0.6 * amount)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    turned = (UNIT - 0.5) * size @ turn.T / size
    stretched = turned * (1 + rng.normal(0.0, amount, 2) * (1.0, 1.5) * reach).clip(0.5, 2.0)
    apart = rng.normal(0.0, 0.5 * amount, (4, 2)) * reach
    together = rng.normal(0.0, 0.6 * amount, 2) * reach
    quad = places_on_quad(quad_xy, stretched + 0.5 + apart + together)
    return quad if is_convex(quad) else quad_xy


def look_at(
    image_bgr: Image, quad_xy: Quad, seen_xy: Quad, placed: Sequence[PlacedCharacter], size_hw: tuple[int, int]
) -> tuple[Image, list[PlacedCharacter]]:
    """Rectify what lies in other corners than the plate's own, and tell where its characters then stand.

    Args:
        image_bgr: the picture.
        quad_xy: the plate's true corners, in which `placed` is given.
        seen_xy: the corners to rectify.
        placed: characters in shares of the true plate.
        size_hw: of the result.

    Returns:
        The rectified picture, and the characters in shares of it.
    """
    to_picture = cv2.getPerspectiveTransform(UNIT, np.asarray(quad_xy, np.float32))
    to_view = cv2.getPerspectiveTransform(np.asarray(seen_xy, np.float32), UNIT)
    transform = np.asarray(to_view @ to_picture, np.float32)
    return rectify(image_bgr, seen_xy, size_hw), [moved(character, transform) for character in placed]


def moved(character: PlacedCharacter, transform: Floats) -> PlacedCharacter:
    """A character under a perspective transform (3, 3) of the unit square."""
    x, y, half_w, half_h = character.x, character.y, character.width / 2, character.height / 2
    points = np.array([[[x, y], [x - half_w, y], [x + half_w, y], [x, y - half_h], [x, y + half_h]]], np.float64)
    middle, left, right, top, bottom = cv2.perspectiveTransform(points, transform)[0]
    return PlacedCharacter(
        character.index,
        float(middle[0]),
        float(middle[1]),
        float(np.linalg.norm(right - left)),
        float(np.linalg.norm(bottom - top)),
    )

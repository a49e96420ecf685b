"""Real plates as training samples of the reader: cropping, character positions, random corners."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import Floats, Image, Quad
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.base.pictures import file_sha256
from lpr_edge.contract.country import UNREADABLE, Country
from lpr_edge.contract.data.plate_photos import PlateLabel
from lpr_edge.contract.geometry import grow_quad, is_convex, places_on_quad, quad_size, rectangle, rectify, roll_quad
from lpr_edge.contract.outputs import encode_corners
from lpr_train.data.photos import Photo
from lpr_train.targets.heat_maps import UNKNOWN, PlacedCharacter
from lpr_train.targets.unknown_places import unknown_places

SURROUNDINGS = 0.5
"""Margin that is kept around a plate on each side, relative to its size."""
MAX_WIDTH = 320
"""Longer side in pixels to which plates are reduced, larger than the reader's input."""
UNIT = rectangle((1, 1))
"""(4, 2) corners of the unit square, clockwise from the top left."""
NOWHERE = PlacedCharacter(UNKNOWN, 0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class RealPlate:
    """A plate from a photograph with at least one legible character."""

    path: Path
    crop_bgr: Image
    """The plate with its surroundings."""
    quad_xy: Quad
    """(4, 2) corners in the crop."""
    rows: tuple[tuple[str, ...], ...]
    """Labels, row by row; `?` for an unreadable character."""
    label: PlateLabel
    placed: tuple[PlacedCharacter, ...] = ()
    """Positions of the legible characters in fractions of the quad; empty if not known."""
    source: str = ""
    """Source of the photograph."""
    is_crop: bool = False
    """Whether the image is a crop of this plate."""
    is_other: bool = False
    """Whether the photograph comes from the second folder of data, `also`."""
    unknown: tuple[PlacedCharacter, ...] = ()
    """Regions that may hold unreadable characters, once the others are aligned."""

    @property
    def labels(self) -> list[str]:
        """All labels in reading order."""
        return [label for row in self.rows for label in row]

    @property
    def is_whole(self) -> bool:
        """Whether all characters are legible."""
        return UNREADABLE not in self.labels

    @property
    def known_rows(self) -> tuple[tuple[str, ...], ...]:
        """The rows with at least one legible character."""
        return tuple(row for row in self.rows if set(row) != {UNREADABLE})

    @property
    def has_boxes(self) -> bool:
        """Whether the label has a box for each character, so that no alignment is needed."""
        return self.label.character_boxes is not None

    def with_places(self, placed: Sequence[PlacedCharacter] | None) -> "RealPlate":
        """Set the positions of the characters.

        Args:
            placed: positions for `known_rows`, including those with the index `UNKNOWN`; None if the alignment failed.
        """
        if placed is None:
            return replace(self, placed=(), unknown=())
        left = iter(placed)
        rows = [[next(left) for _ in row] if set(row) != {UNREADABLE} else [NOWHERE] for row in self.rows]
        known = tuple(character for row in rows for character in row if character.index != UNKNOWN)
        return replace(self, placed=known, unknown=tuple(unknown_places(rows)))

    def sha256(self) -> str:
        """SHA-256 of the photograph's file."""
        return file_sha256(self.path)


def legible_plates(photos: Sequence[Photo], country: Country, with_partial: bool = False) -> list[RealPlate]:
    """Crop all plates whose characters are legible and in the country's alphabet.

    Args:
        photos: the labelled photographs.
        country: defines the alphabet.
        with_partial: include plates that are legible only in part.
    """
    wanted = ("full", "partial") if with_partial else ("full",)
    return [
        _cut_out(photo, label, rows, country)
        for photo in photos
        for label in photo.labels
        if label.legible in wanted and label.is_to_read and label.has_corners and (rows := _tokenized(label, country))
    ]


def _tokenized(label: PlateLabel, country: Country) -> tuple[tuple[str, ...], ...]:
    """Split the rows into labels; empty if a character isn't in the alphabet, or none is legible."""
    try:
        rows = tuple(country.tokenize(row) for row in label.rows)
    except LprError:
        return ()
    unreadable = sum(row.count(UNREADABLE) for row in rows)
    is_usable = unreadable == 0 if label.legible == "full" else unreadable < sum(map(len, rows))
    return rows if is_usable else ()


def _cut_out(photo: Photo, label: PlateLabel, rows: tuple[tuple[str, ...], ...], country: Country) -> RealPlate:
    """Crop a plate with its surroundings, reduced to at most `MAX_WIDTH`."""
    image = photo.scene.image_bgr
    around = grow_quad(label.quad_xy, SURROUNDINGS)
    low = np.floor(around.min(axis=0)).astype(int).clip(0)
    high = np.ceil(around.max(axis=0)).astype(int)
    crop = image[low[1] : high[1], low[0] : high[0]].copy()
    quad = np.asarray(label.quad_xy - low, np.float32)
    scale = min(1.0, MAX_WIDTH / max(1.0, max(quad_size(quad))))
    if scale < 1.0:
        crop = np.asarray(cv2.resize(crop, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    quad = np.asarray(quad * scale, np.float32)
    plate = RealPlate(photo.path, crop, quad, rows, label, (), photo.source, photo.is_crop, photo.is_other)
    return plate.with_places(_placed_by_boxes(plate, country)) if plate.has_boxes else plate


def _placed_by_boxes(plate: RealPlate, country: Country) -> list[PlacedCharacter] | None:
    """Positions of `known_rows` from the boxes, in fractions of the plate; None unless each label has a box."""
    boxes = plate.label.character_boxes or ()
    if [len(row) for row in boxes] != [len(row) for row in plate.rows]:
        return None
    to_plate = np.asarray(cv2.getPerspectiveTransform(plate.label.quad_xy, UNIT), np.float32)
    index = {label: i for i, label in enumerate(country.labels)}
    return [
        moved(PlacedCharacter(index.get(label, UNKNOWN), x + w / 2, y + h / 2, w, h), to_plate)
        for row, row_boxes in zip(plate.rows, boxes, strict=True)
        if set(row) != {UNREADABLE}
        for label, (x, y, w, h) in zip(row, row_boxes, strict=True)
    ]


SHORT_SIDE = 0.45
"""Fraction of the longer side that determines the error across the shorter one: one-row plates suffer most."""


def jitter(quad_xy: Quad, rng: np.random.Generator, amount: float) -> Quad:
    """Move corners randomly, as detector errors do: shift, scale, rotation, stretch.

    The distribution follows the detector's errors on training photographs, except the largest ones of one-row plates.

    Args:
        quad_xy: (4, 2) true corners in pixels.
        rng: source of all random choices.
        amount: typical error relative to the plate's size; each plate gets a random multiple of it.

    Returns:
        (4, 2) convex corners; the true ones if the moved ones aren't convex.
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


LOOSE = (-0.02, 0.12)
"""Minimum and usual margin of a loose box around a plate, relative to the box's size."""
LOOSEST = 0.5
"""Maximum margin of a loose box, which is rare: half a plate."""


def boxed(quad_xy: Quad, rng: np.random.Generator) -> Quad:
    """Make the corners of a random upright box around a plate, as people crop plates.

    Args:
        quad_xy: (4, 2) true corners in pixels.
        rng: source of all random choices.

    Returns:
        (4, 2) corners of the box, starting with the one nearest to the plate's own top left.
    """
    low, high = quad_xy.min(axis=0), quad_xy.max(axis=0)
    widest = LOOSE[1] if rng.random() < 0.7 else LOOSEST
    before, after = rng.uniform(LOOSE[0], widest, (2, 2)) * (high - low)
    (left, top), (right, bottom) = low - before, high + after
    box = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)
    return roll_quad(box, int(np.argmin(np.linalg.norm(box - quad_xy[0], axis=1))))


FARTHEST = 0.6
"""Error of a corner, relative to the plate, from which nothing is learnt of it: much of the plate is out of view."""


@dataclass(frozen=True)
class PlateView:
    """A plate rectified by corners that may be wrong."""

    image_bgr: Image
    """(H, W, 3) uint8."""
    placed: list[PlacedCharacter]
    """Character positions in fractions of the view."""
    corners: Quad
    """(4, 2) the true corners in fractions of the view."""
    corners_weight: float = 1.0
    """Loss weight of these corners."""

    def corners_target(self, margin: float) -> Floats:
        """Target of the reader's `corners`: (9,) float32, the codes and their weight; `margin` is the reader's."""
        codes = encode_corners(self.corners, margin)
        is_near = bool(np.abs(codes).max() <= FARTHEST)
        return np.append(codes.clip(-FARTHEST, FARTHEST), np.float32(self.corners_weight * is_near))


def rectified_view(
    image_bgr: Image,
    quad_xy: Quad,
    seen_xy: Quad,
    placed: Sequence[PlacedCharacter],
    size_hw: tuple[int, int],
    corners_weight: float = 1.0,
) -> PlateView:
    """Rectify an image by other corners than the plate's own, and transform the character positions.

    Args:
        image_bgr: (H, W, 3) uint8.
        quad_xy: (4, 2) the plate's true corners, to which `placed` refers.
        seen_xy: (4, 2) the corners to rectify.
        placed: character positions in fractions of the true plate.
        size_hw: height and width of the result in pixels.
        corners_weight: loss weight of the true corners.
    """
    to_picture = cv2.getPerspectiveTransform(UNIT, np.asarray(quad_xy, np.float32))
    to_view = cv2.getPerspectiveTransform(np.asarray(seen_xy, np.float32), UNIT)
    transform = np.asarray(to_view @ to_picture, np.float32)
    corners = cv2.perspectiveTransform(UNIT[np.newaxis], transform)[0]
    places = [moved(character, transform) for character in placed]
    return PlateView(rectify(image_bgr, seen_xy, size_hw), places, np.asarray(corners, np.float32), corners_weight)


def moved(character: PlacedCharacter, transform: Floats) -> PlacedCharacter:
    """Apply a perspective transform (3, 3) of the unit square to a character's position."""
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

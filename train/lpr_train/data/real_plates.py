"""Real plates as training samples of the reader: cropping and character positions."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import Image, Quad
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.base.pictures import file_sha256
from lpr_edge.contract.country import UNREADABLE, Country
from lpr_edge.contract.data.plate_photos import PlateLabel
from lpr_edge.contract.geometry import grow_quad, quad_size
from lpr_train.data.photos import Photo
from lpr_train.data.plate_views import UNIT, moved
from lpr_train.targets.heat_maps import UNKNOWN, PlacedCharacter
from lpr_train.targets.unknown_places import unknown_places

SURROUNDINGS = 0.5
"""Margin that is kept around a plate on each side, relative to its size."""
MAX_WIDTH = 320
"""Longer side in pixels to which plates are reduced, larger than the reader's input."""
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

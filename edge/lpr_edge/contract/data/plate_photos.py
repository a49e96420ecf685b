"""The labelled photographs and crops of plates: `plates/labels.jsonl` and `crops/labels.jsonl`, one picture a line."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lpr_edge.contract.base.arrays import Quad
from lpr_edge.contract.base.errors import DataError
from lpr_edge.contract.base.text_files import parse_json, read_lines
from lpr_edge.contract.country import UNREADABLE
from lpr_edge.contract.data.datasets import CROPS, find_dataset, has_dataset, holds_crops
from lpr_edge.contract.data.label_file import BOTH, BOX, FOREIGN, HAND, IMAGES, LABELLERS, LABELS, READING
from lpr_edge.contract.run.model_types import ModelType

CharacterBox = tuple[float, float, float, float]
"""Left, top, width and height in pixels."""


@dataclass(frozen=True)
class PlateLabel:
    """The label of one plate in a photograph."""

    quad_xy: Quad
    """(4, 2) corners in pixels, clockwise from the plate's own top left."""
    rows: tuple[str, ...]
    """Text row by row; `?` is an unreadable character."""
    legible: str
    """`full`, `partial` or `none`."""
    kind: str
    """Script: `devanagari` or `latin` in Nepal's data; or `both`, or `foreign`."""
    vehicle: str
    number_rows: tuple[str, ...] | None = None
    """The registration without a decorative header, where that differs."""
    corners: str = HAND
    """`hand`, or `box` where `quad_xy` is a loose upright box."""
    character_boxes: tuple[tuple[CharacterBox, ...], ...] | None = None
    """For each row a box for each of its labels, in reading order; None where nobody drew them."""
    label: str = HAND
    """Who labelled it: one of `LABELLERS`."""

    @property
    def is_confirmed(self) -> bool:
        """Whether a person labelled it: only then it is ground truth."""
        return self.label == HAND

    @property
    def text_rows(self) -> tuple[str, ...]:
        """The rows that a reading is compared with: of a bilingual plate, those without the Latin twin."""
        own = tuple(row for row in self.rows if not _is_latin(row)) if self.kind == BOTH else ()
        return self.number_rows or own or self.rows

    @property
    def has_corners(self) -> bool:
        """Whether its corners are exact enough for training and for IoU."""
        return self.corners != BOX

    @property
    def is_to_find(self) -> bool:
        """Whether a missed detection is a false negative: at least one character is legible."""
        return self.legible != "none" and self.has_corners

    @property
    def is_to_read(self) -> bool:
        """Whether its legible characters may be trained on, and its readings scored."""
        return self.legible != "none" and self.kind != FOREIGN and self.label != READING


def _is_latin(row: str) -> bool:
    """Whether a row has characters, and all of them are ASCII; `?` doesn't count."""
    signs = row.replace(UNREADABLE, "")
    return bool(signs) and signs.isascii()


@dataclass(frozen=True)
class PlatePhoto:
    """A labelled photograph, or a crop of one plate."""

    path: Path
    split: str
    source: str
    plates: tuple[PlateLabel, ...]
    is_crop: bool = False
    """Whether the plate fills the picture: no detector is trained or measured on it."""

    @property
    def is_ground_truth(self) -> bool:
        """Whether a person labelled all its plates, so that metrics may be computed on it."""
        return all(plate.is_confirmed for plate in self.plates)


def ground_truth(photos: Sequence[PlatePhoto]) -> tuple[list[PlatePhoto], int]:
    """The photographs with ground truth, and the number of the others, which a vote or model labelled."""
    kept = [photo for photo in photos if photo.is_ground_truth]
    return kept, len(photos) - len(kept)


def load_plates(folder: Path, split: str | None = None) -> list[PlatePhoto]:
    """Load the labelled photographs of a split, or of all: the data of detectors.

    Raises:
        DataError: there are no labels, or a line isn't one; it names the line.
    """
    return _load(folder, "plates", split)


def load_crops(folder: Path, split: str | None = None) -> list[PlatePhoto]:
    """Load the labelled plate crops of a split, or of all; empty if the folder has none.

    Raises:
        DataError: a line isn't a label; it names the line.
    """
    return _load(folder, CROPS, split) if has_dataset(folder, CROPS) else []


def load_plates_and_crops(folder: Path, split: str | None = None) -> list[PlatePhoto]:
    """Load photographs, then crops: the data of readers, from which every run makes its split.

    Raises:
        DataError: there is neither, or a line isn't a label; it names the line.
    """
    crops = load_crops(folder, split)
    return [*(load_plates(folder, split) if has_dataset(folder, "plates") or not crops else ()), *crops]


def load_photos_for(model_type: ModelType, folder: Path, split: str | None = None) -> list[PlatePhoto]:
    """Load the labelled photographs that a detector learns from, or those and the crops that a reader does.

    Raises:
        DataError: there are none, or a line isn't a label; it names the line.
    """
    return (load_plates if model_type.finds_plates else load_plates_and_crops)(folder, split)


def _load(folder: Path, name: str, split: str | None) -> list[PlatePhoto]:
    path = find_dataset(folder, name) / LABELS
    photos = [photo_from_line(line, number, path) for number, line in read_lines(path)]
    return [photo for photo in photos if split in (None, photo.split)]


def photo_from_line(line: str, number: int, path: Path) -> PlatePhoto:
    """Parse one line of labels.

    Args:
        line: JSON.
        number: its place in the file, from 1, for the error.
        path: the file.

    Raises:
        DataError: it isn't a photograph's label.
    """
    try:
        values = parse_json(line)
        plates = tuple(map(_plate, values["plates"]))
        picture = path.parent / IMAGES / values["image"]
        return PlatePhoto(picture, values["split"], values.get("source", ""), plates, holds_crops(path.parent))
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}, line {number}: {error!r}; see docs/your-data.md for the format") from error


def _plate(values: dict[str, Any]) -> PlateLabel:
    quad = np.asarray(values["quad"], np.float32)
    if quad.shape != (4, 2):
        raise ValueError(f"a quad needs four corners x, y, found {values['quad']}")
    number_rows, corners = values.get("number_rows"), values.get("corners", HAND)
    if corners not in (HAND, BOX):
        raise ValueError(f"corners are {HAND!r} or {BOX!r}, found {corners!r}")
    label = values.get("label", HAND)
    if label not in LABELLERS:
        raise ValueError(f"a label is by {', '.join(map(repr, LABELLERS))}, found {label!r}")
    return PlateLabel(
        quad,
        tuple(values["rows"]),
        values.get("legible", "full"),
        values.get("kind", ""),
        values.get("vehicle", ""),
        tuple(number_rows) if number_rows else None,
        corners,
        _character_boxes(values.get("character_boxes")),
        label,
    )


def _character_boxes(rows: Any) -> tuple[tuple[CharacterBox, ...], ...] | None:
    if rows is None:
        return None
    for row in rows:
        if any(len(box) != 4 for box in row):
            raise ValueError(f"a character's box needs x, y, width and height, found {row}")
    return tuple(tuple((float(x), float(y), float(w), float(h)) for x, y, w, h in row) for row in rows)

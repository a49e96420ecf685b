"""The folders of labelled pictures that training, calibration and benchmarks read, and their splits.

`plates/`: `labels.jsonl`, one picture a line, and `images/`. `characters/`: one folder a class.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from lpr_edge.contract.arrays import Image, Quad
from lpr_edge.contract.country import Country
from lpr_edge.contract.errors import DataError

PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
VALIDATION_SHARE = 0.3
"""Of each class's file names, sorted as strings, the first `int(n × 0.3)` are validation: the published split."""


@dataclass(frozen=True)
class PlateLabel:
    """A plate in a photograph."""

    quad_xy: Quad
    """(4, 2) corners in pixels, clockwise from the plate's own top left."""
    rows: tuple[str, ...]
    """Text row by row; `?` is an unreadable character."""
    legible: str
    """`full`, `partial` or `none`."""
    kind: str
    """Script: `devanagari` or `latin` in Nepal's data."""
    vehicle: str
    number_rows: tuple[str, ...] | None = None
    """The registration without a decorative header, where that differs."""

    @property
    def text_rows(self) -> tuple[str, ...]:
        """What a reading is scored against."""
        return self.number_rows or self.rows


@dataclass(frozen=True)
class PlatePhoto:
    """A labelled photograph."""

    path: Path
    split: str
    source: str
    plates: tuple[PlateLabel, ...]


@dataclass(frozen=True)
class CharacterFile:
    """A picture of one character."""

    path: Path
    label: str


def find_dataset(folder: Path, name: str) -> Path:
    """The folder of the data set `plates` or `characters`: `folder` itself, or the one of that name in it.

    Raises:
        DataError: neither is there.
    """
    holds = _holds_plates if name == "plates" else _holds_characters
    for candidate in (Path(folder), Path(folder) / name):
        if holds(candidate):
            return candidate
    wanted = "labels.jsonl" if name == "plates" else "a folder of pictures for each class"
    raise DataError(f"no {name} data in {folder}: expected {wanted} there, or in {Path(folder) / name}")


def _holds_plates(folder: Path) -> bool:
    return (folder / "labels.jsonl").is_file()


def _holds_characters(folder: Path) -> bool:
    if not folder.is_dir() or _holds_plates(folder) or (folder / "plates").is_dir() or (folder / "characters").is_dir():
        return False
    return any(_pictures_in(child) for child in folder.iterdir() if child.is_dir())


def load_plates(folder: Path, split: str | None = None) -> list[PlatePhoto]:
    """Read the labels of a split, or of all.

    Raises:
        DataError: there are no labels, or a line isn't one; it names the line.
    """
    path = find_dataset(folder, "plates") / "labels.jsonl"
    photos = [photo_from_line(line, number, path) for number, line in enumerate(_lines(path), 1)]
    return [photo for photo in photos if split in (None, photo.split)]


def _lines(path: Path) -> Iterator[str]:
    return (line for line in path.read_text(encoding="utf-8").splitlines() if line.strip())


def photo_from_line(line: str, number: int, path: Path) -> PlatePhoto:
    """Read one line of labels.

    Args:
        line: JSON.
        number: its place in the file, from 1, for the error.
        path: the file.

    Raises:
        DataError: it isn't a photograph's label.
    """
    try:
        values = json.loads(line)
        plates = tuple(map(_plate, values["plates"]))
        return PlatePhoto(path.parent / "images" / values["image"], values["split"], values.get("source", ""), plates)
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}, line {number}: {error!r}; see the data format in README") from error


def _plate(values: dict[str, Any]) -> PlateLabel:
    quad = np.asarray(values["quad"], np.float32)
    if quad.shape != (4, 2):
        raise ValueError(f"a quad needs four corners x, y, found {values['quad']}")
    number_rows = values.get("number_rows")
    return PlateLabel(
        quad,
        tuple(values["rows"]),
        values.get("legible", "full"),
        values.get("kind", ""),
        values.get("vehicle", ""),
        tuple(number_rows) if number_rows else None,
    )


def load_characters(
    folder: Path, split: str, country: Country, tell: Callable[[Path, str], None] | None = None
) -> list[CharacterFile]:
    """The published split of a character data set.

    Args:
        folder: holds one folder a class, named as `country.characters` says.
        split: `train` or `validation`. Training files whose bytes also stand in validation are left out.
        country: names the classes.
        tell: called with the folder of each class that is missing or empty, and with what is wrong with it; the
            other classes are loaded then.

    Raises:
        DataError: no such data, or, without `tell`, a class's folder is missing or empty.
    """
    root = find_dataset(folder, "characters")
    parts = [_class_files(root, name, country, tell) for name in country.characters]
    validation = [file for part, _ in parts for file in part]
    if split == "validation":
        return validation
    seen = {file_sha256(file.path) for file in validation}
    return [file for _, part in parts for file in part if file_sha256(file.path) not in seen]


def _class_files(
    root: Path, name: str, country: Country, tell: Callable[[Path, str], None] | None
) -> tuple[list[CharacterFile], list[CharacterFile]]:
    try:
        return class_files(root, name, country)
    except DataError as error:
        if tell is None:
            raise
        tell(root / name, str(error))
        return [], []


def class_files(root: Path, name: str, country: Country) -> tuple[list[CharacterFile], list[CharacterFile]]:
    """A class's validation and training files, duplicates and all.

    Raises:
        DataError: there are none.
    """
    paths = sorted(_pictures_in(root / name), key=lambda path: path.name)
    if not paths:
        raise DataError(f"the class {name!r} has no pictures: expected some in {root / name}")
    files = [CharacterFile(path, country.characters[name]) for path in paths]
    cut = int(len(files) * VALIDATION_SHARE)
    return files[:cut], files[cut:]


def _pictures_in(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return [path for path in folder.iterdir() if path.suffix.lower() in PICTURES]


def file_sha256(path: Path) -> str:
    """The hash of a file's bytes: what makes two files the same picture, whatever their names."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_picture(path: Path) -> Image:
    """Read a picture as (H, W, 3) BGR bytes, whatever its depth and channels, as it is stored (no EXIF turning).

    Raises:
        DataError: the file is missing or can't be decoded.
    """
    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise DataError(f"no picture {path}: {error.strerror or error}") from error
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        picture = cv2.imdecode(data, flags) if data.size else None
    except cv2.error:  # a damaged head can promise more pixels than OpenCV takes
        picture = None
    if picture is None:
        raise DataError(f"{path} is no picture that OpenCV can read, or is cut short")
    return np.asarray(picture, np.uint8)

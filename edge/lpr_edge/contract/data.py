"""The folders of labelled pictures that training, calibration and benchmarks read, and their splits.

`plates/`: `labels.jsonl`, one photograph a line, and `images/`. `crops/`: the same of plate crops, for the reader
alone. `characters/`: one folder a class. `glyphs/`: more classes of single characters, listed in `index.csv`.
"""

import csv
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lpr_edge.contract.base.arrays import Quad
from lpr_edge.contract.base.errors import DataError
from lpr_edge.contract.base.pictures import file_sha256, foreign_remedy, is_foreign_picture, is_hidden, is_picture
from lpr_edge.contract.base.text_files import parse_json, read_lines, read_text
from lpr_edge.contract.country import UNREADABLE, Country
from lpr_edge.contract.run.model_types import CLASSIFIER, ModelType

VALIDATION_SHARE = 0.3
"""Of each class's file names, sorted as strings, the first `int(n × 0.3)` are validation: the published split."""


HAND, BOX = "hand", "box"
"""How a plate's corners are known: each by hand, or as a loose upright box around it."""
VOTE, READING = "vote", "reading"
"""Who labelled a plate, where no person (`HAND`) did: a confident vote over a vehicle's frames, or one reading that
nobody has confirmed."""
LABELLERS = (HAND, VOTE, READING)
UNLABELLED = "unlabelled"
"""The split of photographs that wait for a person's labels: nothing is trained or measured on it."""
BOTH, FOREIGN = "both", "foreign"
"""Kinds in addition to the scripts: a registration with its twin in another script, and another country's plate."""
CROPS = "crops"
"""Name of the data set whose pictures a plate fills."""
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


@dataclass(frozen=True)
class CharacterFile:
    """An image file of one character."""

    path: Path
    label: str


@dataclass(frozen=True)
class GlyphFile(CharacterFile):
    """An image file with one variation of a character."""

    group: str = ""
    """Variations of one picture share it: they are never parted."""


GLYPHS = "glyphs"
"""Name of the data set of single characters that an index lists."""


def load_glyphs(folder: Path, split: str) -> list[GlyphFile]:
    """Load a split of the wider single-character data set; empty if the folder has none.

    Args:
        folder: holds `glyphs/index.csv`: file, label, group and split.
        split: `train` or `validation`.

    Raises:
        DataError: the index lacks a column.
    """
    index = Path(folder) / GLYPHS / "index.csv"
    if not index.is_file():
        return []
    rows = list(csv.DictReader(read_text(index).splitlines()))
    missing = {"file", "label", "group", "split"} - set(rows[0] if rows else ())
    if missing:
        raise DataError(
            f"{index} lacks {', '.join(sorted(missing))} in its first line: expected file,label,group,split"
        )
    return [
        GlyphFile(index.parent / row["file"], unicodedata.normalize("NFC", row["label"]), row["group"])
        for row in rows
        if row["split"] == split
    ]


def find_dataset(folder: Path, name: str) -> Path:
    """Find the data set `plates`, `crops` or `characters`: `folder` itself, or its subfolder of that name.

    A folder of labels is taken for photographs, unless it is called `crops`.

    Raises:
        DataError: neither is there.
    """
    holds = _holds_characters if name == CLASSIFIER.dataset else _holds_plates
    folder = Path(folder)
    is_other = name != CLASSIFIER.dataset and _holds_crops(folder) != (name == CROPS)
    candidates = [folder / name] if is_other else [folder, folder / name]
    for candidate in candidates:
        if holds(candidate):
            return candidate
    wanted = "a folder of pictures for each class" if name == CLASSIFIER.dataset else "labels.jsonl"
    raise DataError(f"no {name} data in {folder}: expected {wanted} there, or in {folder / name}")


def has_dataset(folder: Path, name: str) -> bool:
    """Whether `find_dataset` finds the data set."""
    try:
        find_dataset(folder, name)
    except DataError:
        return False
    return True


def _holds_crops(folder: Path) -> bool:
    return folder.absolute().name == CROPS


def _holds_plates(folder: Path) -> bool:
    return (folder / "labels.jsonl").is_file()


def _holds_characters(folder: Path) -> bool:
    if not folder.is_dir() or _holds_plates(folder) or (folder / "plates").is_dir() or (folder / "characters").is_dir():
        return False
    return any(_pictures_in(child) for child in folder.iterdir() if child.is_dir() and not is_hidden(child))


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
    path = find_dataset(folder, name) / "labels.jsonl"
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
        picture = path.parent / "images" / values["image"]
        return PlatePhoto(picture, values["split"], values.get("source", ""), plates, _holds_crops(path.parent))
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


def load_characters(
    folder: Path, split: str, country: Country, report: Callable[[Path, str], None] | None = None
) -> list[CharacterFile]:
    """Load the published split of a character data set.

    Args:
        folder: holds one folder a class, named as `country.characters` says.
        split: `train` or `validation`. Training files whose bytes also stand in validation are left out.
        country: names the classes.
        report: called with the folder of each class that is missing or empty, and with what is wrong with it; the
            other classes are loaded then.

    Raises:
        DataError: no such data, or, without `report`, a class's folder is missing or empty.
    """
    root = find_dataset(folder, "characters")
    parts = [_class_files(root, name, country, report) for name in country.characters]
    validation = [file for part, _ in parts for file in part]
    if split == "validation":
        return validation
    seen = {file_sha256(file.path) for file in validation}
    return [file for _, part in parts for file in part if file_sha256(file.path) not in seen]


def _class_files(
    root: Path, name: str, country: Country, report: Callable[[Path, str], None] | None
) -> tuple[list[CharacterFile], list[CharacterFile]]:
    try:
        return class_files(root, name, country)
    except DataError as error:
        if report is None:
            raise
        report(root / name, str(error))
        return [], []


def class_files(root: Path, name: str, country: Country) -> tuple[list[CharacterFile], list[CharacterFile]]:
    """A class's validation and training files, including duplicates.

    Raises:
        DataError: there are none, or one is of a kind that lpr doesn't read: without it the split would be another.
    """
    foreign = sorted(path for path in _files_in(root / name) if is_foreign_picture(path))
    if foreign:
        raise DataError(f"the class {name!r}: {foreign[0]} {foreign_remedy(foreign[0])}; {len(foreign)} such there")
    paths = sorted(_pictures_in(root / name), key=lambda path: path.name)
    if not paths:
        raise DataError(f"the class {name!r} has no pictures: expected some in {root / name}")
    files = [CharacterFile(path, country.characters[name]) for path in paths]
    cut = int(len(files) * VALIDATION_SHARE)
    return files[:cut], files[cut:]


def _pictures_in(folder: Path) -> list[Path]:
    return [path for path in _files_in(folder) if is_picture(path)]


def _files_in(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []

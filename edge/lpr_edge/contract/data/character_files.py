"""Image files of single characters: `characters/`, one folder a class, and `glyphs/`, which an index lists."""

import csv
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lpr_edge.contract.base.errors import DataError
from lpr_edge.contract.base.pictures import file_sha256, foreign_remedy, is_foreign_picture
from lpr_edge.contract.base.text_files import read_text
from lpr_edge.contract.country import Country
from lpr_edge.contract.data.datasets import files_in, find_dataset, pictures_in

VALIDATION_SHARE = 0.3
"""Of each class's file names, sorted as strings, the first `int(n × 0.3)` are validation: the published split."""


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
    foreign = sorted(path for path in files_in(root / name) if is_foreign_picture(path))
    if foreign:
        raise DataError(f"the class {name!r}: {foreign[0]} {foreign_remedy(foreign[0])}; {len(foreign)} such there")
    paths = sorted(pictures_in(root / name), key=lambda path: path.name)
    if not paths:
        raise DataError(f"the class {name!r} has no pictures: expected some in {root / name}")
    files = [CharacterFile(path, country.characters[name]) for path in paths]
    cut = int(len(files) * VALIDATION_SHARE)
    return files[:cut], files[cut:]

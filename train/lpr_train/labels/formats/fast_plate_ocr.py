"""fast-plate-ocr's tables of crops: CSV with `image_path` and `plate_text`."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from lpr_edge.contract.base.text_files import MAX_LABEL_BYTES, read_text
from lpr_train.labels.formats.records import Notes, SourceImage, SourcePlate
from lpr_train.labels.formats.source_files import SourceFiles, split_word

PATH_COLUMN, TEXT_COLUMN = "image_path", "plate_text"
PADDING = "_"
"""fast-plate-ocr fills texts up with it."""


def recognises(files: SourceFiles) -> bool:
    """Whether a table has both columns."""
    return any({PATH_COLUMN, TEXT_COLUMN} <= set(_columns(head)) for head in files.heads(".csv"))


def _columns(head: str) -> list[str]:
    return [name.strip().strip('"') for name in head.split("\n", 1)[0].split(",")]


def read(files: SourceFiles, notes: Notes) -> Iterator[SourceImage]:
    """Read each row whose image exists."""
    labelled: set[Path] = set()
    for path in files.labels_of(".csv"):
        where = files.shown(path)
        for number, row in enumerate(notes.attempt(where, _rows, path) or [], 2):
            image = notes.attempt(f"{where}:{number}", _image, row, path, f"{where}:{number}", files, notes)
            if image is not None:
                labelled.add(image.path)
                yield image
    files.note_unlabelled(labelled, notes)


def _rows(path: Path) -> list[dict[str, str]]:
    table = csv.DictReader(io.StringIO(read_text(path, MAX_LABEL_BYTES)), strict=True, skipinitialspace=True)
    try:
        rows = list(table)
    except csv.Error as error:
        raise ValueError(f"no CSV: {error}") from error
    return rows if {PATH_COLUMN, TEXT_COLUMN} <= set(table.fieldnames or ()) else []


def _image(row: dict[str, str], path: Path, where: str, files: SourceFiles, notes: Notes) -> SourceImage | None:
    text = (row[TEXT_COLUMN] or "").strip().rstrip(PADDING)
    picture = files.picture(row[PATH_COLUMN] or "", path, where, notes)
    if picture is None:
        return None
    split = split_word(path.stem) or files.split_of(picture) or files.split_of(path)
    return SourceImage(picture, (SourcePlate(None, "", {TEXT_COLUMN: text}),), split, is_crop=True)

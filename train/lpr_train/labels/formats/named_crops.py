"""A folder of crops whose file names are plate texts: `बा२प१२३४.jpg`, `बा२प+१२३४_07.jpg`, `07_KA01AB1234.png`."""

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from lpr_train.labels.formats.records import Notes, SourceImage, SourcePlate
from lpr_train.labels.formats.source_files import SourceFiles

MIN_SHARE = 0.5
"""Of the pictures, those whose name must hold a text for a folder to be taken for such crops."""
COPY = re.compile(r"\s*\(\d+\)$")
"""What systems append to the name of a copy."""
CAMERA_WORDS = frozenset({"IMG", "DSC", "DSCN", "PXL", "VID", "FRAME", "IMAGE", "PHOTO", "MVIMG", "SCREENSHOT"})
"""What cameras, phones and cutters of videos begin names with."""


def recognises(files: SourceFiles) -> bool:
    """Whether at least half of the images are named by a text, and there are no label files."""
    named = sum(bool(text_in_name(path)) for path in files.pictures)
    return named > 0 and named >= MIN_SHARE * len(files.pictures)


def read(files: SourceFiles, notes: Notes) -> Iterator[SourceImage]:
    """Read each image whose name contains a text."""
    for path in files.pictures:
        text = text_in_name(path)
        if text:
            yield SourceImage(path, (SourcePlate(None, "", {"text": text}),), files.split_of(path), is_crop=True)
        else:
            notes.left_out(files.shown(path), "the name holds no plate's text")


def text_in_name(path: Path) -> str:
    """The plate's text in a file name: of its parts between `_`, the first with letters and a digit.

    Numbers alone are counters, and words of cameras no plates.
    """
    stem = COPY.sub("", unicodedata.normalize("NFC", path.stem))
    return next((part.strip() for part in stem.split("_") if _is_text(part)), "")


def _is_text(part: str) -> bool:
    letters = [sign for sign in part if sign.isalpha()]
    word = "".join(letters).upper()
    has_digit = any(sign.isdecimal() for sign in part)
    lower = part.isascii() and part != part.upper()
    return bool(letters) and has_digit and not lower and word not in CAMERA_WORDS

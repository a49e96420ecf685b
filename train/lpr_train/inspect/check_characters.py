"""Check a folder of single characters with a folder for each class."""

from collections.abc import Iterator
from pathlib import Path

from lpr_edge.contract.base.errors import DataError
from lpr_edge.contract.base.pictures import PICTURES, is_hidden, is_picture
from lpr_edge.contract.country import Country
from lpr_edge.contract.data.character_files import class_files
from lpr_train.base.findings import CheckedImage, Report, duplicate_groups, open_picture

SPLITS = ("validation", "train")
"""In the order of `class_files`."""


def check_characters(root: Path, country: Country, report: Report) -> list[CheckedImage]:
    """Add counts by class and split, and every fault, to `report`; returns the usable images."""
    _check_folders(root, country, report)
    kept = [picture for name in country.characters for picture in _readable(root, name, country, report)]
    for split in SPLITS:
        for name, label in country.characters.items():
            count = sum(picture.split == split and picture.label == name for picture in kept)
            report.counts[f"characters, {split}"][label] = count
    for group in duplicate_groups(kept):
        _check_duplicates(group, report)
    return kept


def _check_folders(root: Path, country: Country, report: Report) -> None:
    for path in sorted(path for path in root.iterdir() if not is_hidden(path)):
        if path.is_dir() and path.name not in country.characters:
            known = ", ".join(country.characters)
            report.error(path, f"is no class of {country.name}, so its pictures are never used (classes: {known})")
        elif path.is_file():
            report.warning(path, "lies outside the classes' folders and is never used")


def _readable(root: Path, name: str, country: Country, report: Report) -> Iterator[CheckedImage]:
    try:
        parts = class_files(root, name, country)
    except DataError as error:
        report.error(root / name, str(error))
        return
    for path in sorted((root / name).iterdir()):
        if not is_picture(path) and not is_hidden(path):
            report.warning(path, f"is no picture by its name ({', '.join(PICTURES)}) and is never used")
    for split, files in zip(SPLITS, parts, strict=True):
        for file in files:
            if open_picture(file.path, report) is not None:
                yield CheckedImage(file.path, split, name)


def _check_duplicates(group: list[CheckedImage], report: Report) -> None:
    """Images with two labels are errors; copies of validation images are left out of training by the loader."""
    first, *others = group
    for other in others:
        if other.label != first.label:
            report.error(other.path, f"is the same picture as {first.path}, under another class: delete the wrong one")
        elif other.split != first.split:
            report.warning(other.path, f"is the same picture as {first.path} in validation: training leaves it out")
        else:
            report.warning(other.path, f"is the same picture as {first.path}")

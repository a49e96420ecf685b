"""Faults in data folders, found before they spoil a training run."""

from pathlib import Path

from lpr_edge.contract.country import Country
from lpr_edge.contract.data import find_dataset
from lpr_edge.contract.errors import DataError
from lpr_train.base.findings import Report
from lpr_train.inspect.check_characters import check_characters
from lpr_train.inspect.check_plates import check_plates

CHECKS = {"plates": check_plates, "characters": check_characters}
"""Data set -> what looks through it."""


def check_folder(folder: Path, country: Country) -> Report:
    """Look through plates, characters, or the folder that holds both.

    Raises:
        DataError: neither is there.
    """
    report = Report()
    found = {name: place for name in CHECKS if (place := _place(folder, name)) is not None}
    if not found:
        raise DataError(
            f"no data in {folder}: expected plates (a labels.jsonl and images/), characters (a folder for each class), "
            "or a folder that holds them"
        )
    for name, place in found.items():
        CHECKS[name](place, country, report)
    return report


def _place(folder: Path, name: str) -> Path | None:
    try:
        return find_dataset(folder, name)
    except DataError:
        return None

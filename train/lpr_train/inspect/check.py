"""Check data folders for errors before training."""

from pathlib import Path

from lpr_edge.contract.base.errors import DataError
from lpr_edge.contract.country import Country
from lpr_edge.contract.data.datasets import find_dataset, has_dataset
from lpr_train.base.findings import Report
from lpr_train.inspect.check_characters import check_characters
from lpr_train.inspect.check_plates import check_plates

CHECKS = {"plates": check_plates, "crops": check_plates, "characters": check_characters}
"""Data set -> function that checks it."""


def check_folder(folder: Path, country: Country) -> Report:
    """Check a plates, crops or characters data set, or a folder with several of them.

    Raises:
        DataError: the folder has none of them.
    """
    report = Report()
    found = [name for name in CHECKS if has_dataset(folder, name)]
    if not found:
        raise DataError(
            f"no data in {folder}: expected plates (a labels.jsonl and images/), crops (the same, in a folder of that "
            "name), characters (a folder for each class), or a folder that holds them"
        )
    for name in found:
        CHECKS[name](find_dataset(folder, name), country, report)
    return report

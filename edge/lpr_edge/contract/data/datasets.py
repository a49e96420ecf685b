"""Data sets, found by name in a folder, and the picture files of one."""

from pathlib import Path

from lpr_edge.contract.base.errors import DataError
from lpr_edge.contract.base.pictures import is_hidden, is_picture
from lpr_edge.contract.data.label_file import LABELS
from lpr_edge.contract.run.model_types import CLASSIFIER

CROPS = "crops"
"""Name of the data set whose pictures a plate fills."""


def find_dataset(folder: Path, name: str) -> Path:
    """Find the data set `plates`, `crops` or `characters`: `folder` itself, or its subfolder of that name.

    A folder of labels is taken for photographs, unless it is called `crops`.

    Raises:
        DataError: neither is there.
    """
    holds = _holds_characters if name == CLASSIFIER.dataset else _holds_plates
    folder = Path(folder)
    is_other = name != CLASSIFIER.dataset and holds_crops(folder) != (name == CROPS)
    candidates = [folder / name] if is_other else [folder, folder / name]
    for candidate in candidates:
        if holds(candidate):
            return candidate
    expected = "a folder of pictures for each class" if name == CLASSIFIER.dataset else LABELS
    raise DataError(f"no {name} data in {folder}: expected {expected} there, or in {folder / name}")


def has_dataset(folder: Path, name: str) -> bool:
    """Whether `find_dataset` finds the data set."""
    try:
        find_dataset(folder, name)
    except DataError:
        return False
    return True


def holds_crops(folder: Path) -> bool:
    """Whether a folder is called `crops`: its pictures are plates."""
    return folder.absolute().name == CROPS


def _holds_plates(folder: Path) -> bool:
    return (folder / LABELS).is_file()


def _holds_characters(folder: Path) -> bool:
    if not folder.is_dir() or _holds_plates(folder) or (folder / "plates").is_dir() or (folder / "characters").is_dir():
        return False
    return any(pictures_in(child) for child in folder.iterdir() if child.is_dir() and not is_hidden(child))


def pictures_in(folder: Path) -> list[Path]:
    """The picture files of a folder, in no order; empty where there is no folder."""
    return [path for path in files_in(folder) if is_picture(path)]


def files_in(folder: Path) -> list[Path]:
    """The files of a folder, in no order; empty where there is no folder."""
    return list(folder.iterdir()) if folder.is_dir() else []

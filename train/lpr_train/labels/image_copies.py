"""Copies of labelled images: unique file names, and an exported image with its size."""

import shutil
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lpr_edge.contract.base.text_files import shown
from lpr_edge.contract.data.plate_photos import PlatePhoto


@dataclass(frozen=True)
class Written:
    """A labelled image to export."""

    photo: PlatePhoto
    size_wh: tuple[int, int]
    """Width and height of the upright picture in pixels."""

    def copy_to(self, path: Path) -> None:
        """Copy the image's file unchanged; folders are created."""
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(self.photo.path, path)


def unique_names(paths: Sequence[Path], root: Path) -> list[str]:
    """A file name per image: its own, or with its folders or a number if that is taken."""
    used: set[str] = set()
    names = []
    for path in paths:
        inner = path.relative_to(root) if path.is_relative_to(root) else Path(path.name)
        plain = [path.name, *("_".join(inner.parts[-depth:]) for depth in range(2, len(inner.parts) + 1))]
        numbered = (f"{path.stem}_{number}{path.suffix}" for number in range(2, len(paths) + 2))
        wanted = (shown(name).replace("\\", "_") for names_of in (plain, numbered) for name in names_of)
        name = next(name for name in wanted if _folded(name) not in used)
        used.add(_folded(name))
        names.append(name)
    return names


def _folded(name: str) -> str:
    """A name as case-insensitive file systems compare it."""
    return unicodedata.normalize("NFC", name).casefold()

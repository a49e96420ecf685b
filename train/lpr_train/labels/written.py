"""An exported image, and copying it."""

import shutil
from dataclasses import dataclass
from pathlib import Path

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

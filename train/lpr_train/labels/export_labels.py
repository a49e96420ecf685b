"""Export lpr's labels for other tools: all of them to COCO, and corners as key points to YOLO."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lpr_edge.contract.base.errors import DataError
from lpr_edge.contract.base.pictures import read_picture
from lpr_edge.contract.base.text_files import shown
from lpr_edge.contract.data.datasets import CROPS, has_dataset
from lpr_edge.contract.data.plate_photos import PlatePhoto, load_crops, load_plates
from lpr_train.base.progress import each
from lpr_train.base.staging import staged_folder
from lpr_train.labels.formats.records import Notes
from lpr_train.labels.image_copies import Written
from lpr_train.labels.to_coco import write_coco
from lpr_train.labels.to_yolo import write_yolo

PHOTOGRAPHS = "plates"
WRITERS: dict[str, Callable[[Sequence[Written], Path], None]] = {"coco": write_coco, "yolo": write_yolo}
"""Format -> what writes the labels of pictures that are copied already."""
WITHOUT_CROPS = ("yolo",)
"""Formats that have no place for what crops are for: their texts."""


@dataclass(frozen=True)
class Exported:
    """Result of an export."""

    pictures: int
    plates: int
    notes: Notes

    def to_text(self, out: Path) -> str:
        """A summary line, and a line for each image that was left out."""
        left = [f"left out: {note.where}: {note.reason}" for note in self.notes.omissions]
        return "\n".join([*left, f"{self.pictures} pictures with {self.plates} plates in {shown(out)}"])


def export_labels(data: Path, out: Path, name: str) -> Exported:
    """Write photographs and crops with their labels in another tool's format.

    Args:
        data: the folder of `plates` or `crops`, or one that holds them.
        out: a new folder; it is there whole afterwards, or not at all.
        name: of the format.

    Raises:
        DataError: there is nothing to write.
        LprError: `out` is there already.
    """
    notes = Notes()
    sets = _photos(data, name, notes)
    with staged_folder(out) as folder:
        done: list[Written] = []
        for part, photos in sets.items():
            root = folder / part if len(sets) > 1 else folder
            written = [one for photo in each(photos, "export", "pictures") if (one := _written(photo, notes))]
            if written:
                WRITERS[name](written, root)
            done += written
        if not done:
            raise DataError(f"nothing to export from {shown(data)} as {name}")
    return Exported(len(done), sum(len(one.photo.plates) for one in done), notes)


def _photos(data: Path, name: str, notes: Notes) -> dict[str, list[PlatePhoto]]:
    """Folder in the export -> its images."""
    crops = load_crops(data)
    photos = load_plates(data) if has_dataset(data, PHOTOGRAPHS) or not crops else []
    if crops and name in WITHOUT_CROPS:
        notes.left_out(f"{len(crops)} crops", f"{name} has no place for texts")
        crops = []
    return {part: found for part, found in ((PHOTOGRAPHS, photos), (CROPS, crops)) if found}


def _written(photo: PlatePhoto, notes: Notes) -> Written | None:
    try:
        height, width = read_picture(photo.path).shape[:2]
    except DataError as error:
        notes.left_out(shown(photo.path), str(error))
        return None
    return Written(photo, (width, height))

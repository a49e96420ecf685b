"""Table of the formats that `lpr-train import` supports."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from lpr_edge.contract.base.errors import DataError
from lpr_edge.contract.base.text_files import shown
from lpr_train.labels.formats import coco, cvat, fast_plate_ocr, labelme, named_crops, paddle_ocr, voc, yolo
from lpr_train.labels.formats.records import Notes, SourceImage
from lpr_train.labels.formats.source_files import SourceFiles


class Format(NamedTuple):
    """Reader of a tool's label files."""

    recognises: Callable[[SourceFiles], bool]
    read: Callable[[SourceFiles, Notes], Iterator[SourceImage]]


FORMATS = {
    "yolo": Format(yolo.recognises, yolo.read),
    "voc": Format(voc.recognises, voc.read),
    "coco": Format(coco.recognises, coco.read),
    "cvat": Format(cvat.recognises, cvat.read),
    "labelme": Format(labelme.recognises, labelme.read),
    "paddleocr": Format(paddle_ocr.recognises, paddle_ocr.read),
    "fast-plate-ocr": Format(fast_plate_ocr.recognises, fast_plate_ocr.read),
    "crops": Format(named_crops.recognises, named_crops.read),
}
"""Name, as in `names.IMPORTED`, -> format."""
WITHOUT_LABELS = "crops"
"""Found last: it has no label files by which it could be recognised."""


def recognise(files: SourceFiles) -> str:
    """Detect the format of a data set; returns its name.

    Raises:
        DataError: it has none that lpr knows, or files of several.
    """
    if any(path.name == "labels.jsonl" for path in files.labels):
        raise DataError(f"{shown(files.source)} has labels.jsonl, lpr's own format: use it as it is, by --data")
    found = [name for name in FORMATS if name != WITHOUT_LABELS and FORMATS[name].recognises(files)]
    if not found and FORMATS[WITHOUT_LABELS].recognises(files):
        return WITHOUT_LABELS
    if len(found) == 1:
        return found[0]
    if found:
        raise DataError(f"{shown(files.source)} has labels of {' and '.join(found)}: choose one by --format")
    known = ", ".join(FORMATS)
    raise DataError(
        f"{shown(files.source)} has {len(files.pictures)} pictures and {len(files.labels)} other files, and labels of "
        f"no format that lpr knows ({known}): name it by --format, or give the folder that holds the labels"
    )

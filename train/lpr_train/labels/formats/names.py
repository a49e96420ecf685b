"""Names of the formats on the command line, and where each stores a plate's text."""

from typing import NamedTuple


class FormatName(NamedTuple):
    """Names of one format."""

    title: str
    text_source: str
    """Where the plate's text comes from."""


ATTRIBUTE = "an attribute called text, plate, number, registration or the like; else the class's name"
IMPORTED = {
    "yolo": FormatName("YOLO: boxes, polygons, key points", "the class's name in data.yaml"),
    "voc": FormatName("Pascal VOC", ATTRIBUTE),
    "coco": FormatName("COCO", ATTRIBUTE),
    "cvat": FormatName("CVAT for images (XML)", ATTRIBUTE),
    "labelme": FormatName("LabelMe", "the description; else the label"),
    "paddleocr": FormatName("PaddleOCR", "the transcription"),
    "fast-plate-ocr": FormatName("fast-plate-ocr's CSV", "the column plate_text"),
    "crops": FormatName("crops named by their text", "the file's name"),
}
"""Those that `lpr-train import` reads."""
EXPORTED = ("coco", "yolo")
"""Those that `lpr-train export-labels` writes."""

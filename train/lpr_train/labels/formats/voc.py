"""Pascal VOC: one XML file per image, one `<object>` per plate; also rotated boxes and polygons of other tools."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lpr_train.labels.formats.records import Drawn, Notes, Point, Shape, SourceImage, SourcePlate
from lpr_train.labels.formats.source_files import SourceFiles, split_word
from lpr_train.labels.formats.xml_files import Element, number_of, read_xml, text_of

ROOT = "annotation"
OWN = ("name", "bndbox", "robndbox", "polygon", "pose", "part", "attributes")
"""Children of an object that are no attributes of it."""


def recognises(files: SourceFiles) -> bool:
    """Whether an XML file is an annotation of VOC."""
    return any(f"<{ROOT}>" in head or f"<{ROOT} " in head for head in files.heads(".xml"))


def read(files: SourceFiles, notes: Notes) -> Iterator[SourceImage]:
    """Read each annotation whose image exists."""
    splits = _split_lists(files)
    labelled: set[Path] = set()
    for path in files.labels_of(".xml"):
        where = files.shown(path)
        root = notes.attempt(where, read_xml, path)
        if root is None or root.tag != ROOT:
            continue
        name = text_of(root, "filename") or path.with_suffix(".jpg").name
        picture = files.picture(name, path, where, notes)
        if picture is not None:
            labelled.add(picture)
            plates = tuple(_plates(root, where, notes))
            split = files.split_of(picture) or files.split_of(path) or splits.get(path.stem, "")
            yield SourceImage(picture, plates, split, _size(root))
    files.note_unlabelled(labelled, notes)


def _split_lists(files: SourceFiles) -> dict[str, str]:
    """A file's stem -> its split, by `ImageSets/Main/train.txt` and others."""
    lists = [path for path in files.labels_of(".txt") if "ImageSets" in path.parts and split_word(path.stem)]
    found: dict[str, str] = {}
    for path in lists:
        words = (line.split() for line in path.read_text(encoding="utf-8", errors="replace").splitlines())
        found |= {parts[0]: split_word(path.stem) for parts in words if parts}
    return found


def _size(root: Element) -> tuple[int, int] | None:
    size = root.find("size")
    try:
        width, height = (int(number_of(size, tag)) for tag in ("width", "height")) if size is not None else (0, 0)
    except (ValueError, OverflowError):
        return None
    return (width, height) if width > 0 and height > 0 else None


def _plates(root: Element, where: str, notes: Notes) -> Iterator[SourcePlate]:
    for number, element in enumerate(root.iter("object"), 1):
        plate = notes.attempt(f"{where}, object {number}", _plate, element)
        yield from [plate] if plate else []


def _plate(element: Element) -> SourcePlate:
    return SourcePlate(_shape(element), text_of(element, "name"), _attributes(element))


def _attributes(element: Element) -> dict[str, Any]:
    """Child elements with text, and `<attribute>` elements with name and value as in CVAT."""
    own = {child.tag: child.text or "" for child in element if child.tag not in OWN and not len(child)}
    return own | {text_of(child, "name"): text_of(child, "value") for child in element.iter("attribute")}


def _shape(element: Element) -> Shape:
    polygon, turned, box = (element.find(tag) for tag in ("polygon", "robndbox", "bndbox"))
    if polygon is not None and polygon.find("x1") is not None:
        return Shape(Drawn.POLYGON, tuple(_polygon(polygon)))
    if turned is not None:
        values = [number_of(turned, tag) for tag in ("cx", "cy", "w", "h", "angle")]
        return Shape(Drawn.ROTATED, turned_box(values[0], values[1], values[2], values[3], values[4]))
    if box is None:
        raise ValueError("an object without <bndbox>")
    left, top, right, bottom = (number_of(box, tag) for tag in ("xmin", "ymin", "xmax", "ymax"))
    return Shape(Drawn.BOX, ((left, top), (right, bottom)))


def _polygon(element: Element) -> Iterator[Point]:
    number = 1
    while element.find(f"x{number}") is not None:
        yield number_of(element, f"x{number}"), number_of(element, f"y{number}")
        number += 1


def turned_box(x: float, y: float, width: float, height: float, angle: float) -> tuple[Point, ...]:
    """Corners of a box around x, y, rotated by `angle` radians clockwise on a screen, from its top left."""
    cosine, sine = math.cos(angle), math.sin(angle)
    halves = ((-width, -height), (width, -height), (width, height), (-width, height))
    return tuple((x + (a * cosine - b * sine) / 2, y + (a * sine + b * cosine) / 2) for a, b in halves)

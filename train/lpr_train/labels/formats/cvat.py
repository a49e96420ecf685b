"""CVAT's own XML, `CVAT for images`: `<annotations>` with one `<image>` per image."""

import math
from collections.abc import Iterator
from pathlib import Path

from lpr_train.labels.formats.records import Drawn, Notes, Point, Shape, SourceImage, SourcePlate
from lpr_train.labels.formats.source_files import SourceFiles, split_word
from lpr_train.labels.formats.voc import turned_box
from lpr_train.labels.formats.xml_files import Element, read_xml

ROOT = "annotations"
SHAPES = ("box", "polygon", "points", "polyline", "skeleton")
CORNERS = 4


def recognises(files: SourceFiles) -> bool:
    """Whether an XML file is in CVAT's format."""
    return any(f"<{ROOT}>" in head or f"<{ROOT} " in head for head in files.heads(".xml"))


def read(files: SourceFiles, notes: Notes) -> Iterator[SourceImage]:
    """Read each image of each file; tracks of videos are reported."""
    labelled: set[Path] = set()
    for path in files.labels_of(".xml"):
        where = files.shown(path)
        root = notes.attempt(where, read_xml, path)
        if root is None or root.tag != ROOT:
            continue
        for track in root.iter("track"):
            remedy = "export the task as 'CVAT for images'"
            notes.left_out(f"{where}, track {track.get('id', '')}", "a track through a video", remedy)
        for element in root.iter("image"):
            image = notes.attempt(f"{where}, image {element.get('id', '')}", _image, element, path, files, notes)
            if image is not None:
                labelled.add(image.path)
                yield image
    files.note_unlabelled(labelled, notes)


def _image(element: Element, path: Path, files: SourceFiles, notes: Notes) -> SourceImage | None:
    where = f"{files.shown(path)}, image {element.get('id', '')}"
    picture = files.picture(element.attrib["name"], path, where, notes)
    if picture is None:
        return None
    size = (int(element.attrib["width"]), int(element.attrib["height"])) if "width" in element.attrib else None
    shapes = [child for child in element if child.tag in SHAPES]
    made = [notes.attempt(f"{where}, {child.tag} {number}", _plate, child) for number, child in enumerate(shapes, 1)]
    split = split_word(element.get("subset", "")) or files.split_of(picture) or files.split_of(path)
    return SourceImage(picture, tuple(plate for plate in made if plate is not None), split, size)


def _plate(element: Element) -> SourcePlate:
    attributes = {child.get("name", ""): child.text or "" for child in element.iter("attribute")}
    return SourcePlate(_shape(element), element.get("label", ""), attributes)


def _shape(element: Element) -> Shape:
    if element.tag == "box":
        return _box(element)
    if element.tag == "skeleton":
        points = [point for child in element.iter("points") for point in _points(child)]
    else:
        points = list(_points(element))
    if element.tag in ("points", "skeleton") and len(points) != CORNERS:
        raise ValueError(f"{len(points)} points, and a plate has four corners")
    return Shape(Drawn.CORNERS if element.tag == "skeleton" else Drawn.POLYGON, tuple(points))


def _box(element: Element) -> Shape:
    left, top, right, bottom = (float(element.attrib[key]) for key in ("xtl", "ytl", "xbr", "ybr"))
    turn = math.radians(float(element.get("rotation", 0)))
    if turn:
        middle_x, middle_y = (left + right) / 2, (top + bottom) / 2
        return Shape(Drawn.ROTATED, turned_box(middle_x, middle_y, right - left, bottom - top, turn))
    return Shape(Drawn.BOX, ((left, top), (right, bottom)))


def _points(element: Element) -> Iterator[Point]:
    for pair in element.attrib["points"].split(";"):
        x, y = pair.split(",")
        yield float(x), float(y)

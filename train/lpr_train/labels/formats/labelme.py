"""LabelMe (and X-AnyLabeling): one JSON file per image, with `shapes` and `imagePath`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lpr_train.labels.formats.records import Drawn, Notes, Shape, SourceImage, SourcePlate
from lpr_train.labels.formats.source_files import SourceFiles, read_large_json

Values = dict[str, Any]


def recognises(files: SourceFiles) -> bool:
    """Whether a JSON file has LabelMe's keys."""
    return any('"shapes"' in text and '"imagePath"' in text for text in files.heads(".json", whole=True))


def read(files: SourceFiles, notes: Notes) -> Iterator[SourceImage]:
    """Read each file whose image exists; a file without shapes means that there is no plate."""
    labelled: set[Path] = set()
    for path in files.labels_of(".json"):
        where = files.shown(path)
        values = notes.attempt(where, read_large_json, path)
        if not isinstance(values, dict) or "shapes" not in values:
            continue
        image = notes.attempt(where, _image, values, path, files, notes)
        if image is not None:
            labelled.add(image.path)
            yield image
    files.note_unlabelled(labelled, notes)


def _image(values: Values, path: Path, files: SourceFiles, notes: Notes) -> SourceImage | None:
    where = files.shown(path)
    picture = files.picture(str(values["imagePath"]), path, where, notes)
    if picture is None:
        return None
    made = (notes.attempt(f"{where}, shape {n}", _plate, shape) for n, shape in enumerate(values["shapes"], 1))
    size = (values.get("imageWidth"), values.get("imageHeight"))
    stated = (int(size[0]), int(size[1])) if size[0] and size[1] else None
    split = files.split_of(path) or files.split_of(picture)
    return SourceImage(picture, tuple(plate for plate in made if plate is not None), split, stated)


def _plate(shape: Values) -> SourcePlate:
    attributes = {"description": shape.get("description") or ""}
    for more in (shape.get("attributes"), shape.get("flags")):
        attributes |= more if isinstance(more, dict) else {}
    return SourcePlate(_shape(shape), str(shape.get("label") or ""), attributes)


def _shape(shape: Values) -> Shape:
    points = tuple((float(x), float(y)) for x, y in shape["points"])
    kind = shape.get("shape_type") or "polygon"
    if kind == "rectangle":
        return Shape(Drawn.BOX, (points[0], points[1] if len(points) == 2 else points[2]))
    if kind == "rotation":
        return Shape(Drawn.ROTATED, points)
    if kind in ("polygon", "linestrip", "quadrilateral"):
        return Shape(Drawn.POLYGON, points)
    raise ValueError(f"a shape of the type {kind!r}, and plates are rectangles or polygons")

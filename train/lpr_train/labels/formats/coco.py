"""COCO: one JSON file per split, with `images`, `categories` and `annotations`."""

import math
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lpr_train.labels.formats.records import Drawn, Notes, Point, Shape, SourceImage, SourcePlate
from lpr_train.labels.formats.source_files import SourceFiles, read_large_json, split_word
from lpr_train.labels.formats.voc import turned_box

OWN = (
    "id",
    "image_id",
    "category_id",
    "segmentation",
    "bbox",
    "area",
    "iscrowd",
    "keypoints",
    "num_keypoints",
    "attributes",
)
"""Fields of an annotation that are no attributes of a plate."""
Values = dict[str, Any]


def recognises(files: SourceFiles) -> bool:
    """Whether a JSON file has COCO's lists."""
    return any('"images"' in text and '"annotations"' in text for text in files.heads(".json", whole=True))


def read(files: SourceFiles, notes: Notes) -> Iterator[SourceImage]:
    """Read each image of each file, also those without annotations, which show no plate."""
    labelled: set[Path] = set()
    for path in files.labels_of(".json"):
        where = files.shown(path)
        values = notes.attempt(where, read_large_json, path)
        if not isinstance(values, dict) or "images" not in values or "annotations" not in values:
            continue
        for image in notes.attempt(where, _images, values, path, files, notes) or []:
            labelled.add(image.path)
            yield image
    files.note_unlabelled(labelled, notes)


def _images(values: Values, path: Path, files: SourceFiles, notes: Notes) -> list[SourceImage]:
    names = {category["id"]: str(category["name"]) for category in values.get("categories", [])}
    of_image: dict[Any, list[tuple[int, Values]]] = defaultdict(list)
    for number, annotation in enumerate(values["annotations"], 1):
        of_image[annotation["image_id"]].append((number, annotation))
    made = (_image(entry, of_image, names, path, files, notes) for entry in values["images"])
    return [image for image in made if image is not None]


def _image(
    entry: Values,
    of_image: dict[Any, list[tuple[int, Values]]],
    names: dict[Any, str],
    path: Path,
    files: SourceFiles,
    notes: Notes,
) -> SourceImage | None:
    where = files.shown(path)
    picture = notes.attempt(where, lambda: files.picture(str(entry["file_name"]), path, where, notes))
    if picture is None:
        return None
    made = (
        notes.attempt(f"{where}, annotation {annotation.get('id', number)}", _plate, annotation, names)
        for number, annotation in of_image[entry.get("id")]
    )
    size = (int(entry["width"]), int(entry["height"])) if entry.get("width") and entry.get("height") else None
    split = split_word(path.stem) or files.split_of(path) or files.split_of(picture)
    plates = tuple(plate for plate in made if plate is not None)
    return SourceImage(picture, plates, split, size, bool(entry.get("is_crop")), str(entry.get("source") or ""))


def _plate(annotation: Values, names: dict[Any, str]) -> SourcePlate:
    attributes = {key: value for key, value in annotation.items() if key not in OWN}
    more = annotation.get("attributes") or {}
    attributes |= more if isinstance(more, dict) else {}
    return SourcePlate(_shape(annotation, attributes), names.get(annotation.get("category_id"), ""), attributes)


def _shape(annotation: Values, attributes: Values) -> Shape:
    key_points = annotation.get("keypoints") or []
    if len(key_points) == 12 and all(key_points[2::3]):
        return Shape(
            Drawn.CORNERS, tuple((float(x), float(y)) for x, y in zip(key_points[::3], key_points[1::3], strict=True))
        )
    segmentation = annotation.get("segmentation")
    if isinstance(segmentation, list) and len(segmentation) == 1 and len(segmentation[0]) >= 6:
        return Shape(Drawn.POLYGON, _pairs(segmentation[0]))
    x, y, width, height = map(float, annotation["bbox"])
    if attributes.get("rotation"):  # as CVAT keeps it: the box before it was turned, and degrees
        angle = math.radians(float(attributes["rotation"]))
        return Shape(Drawn.ROTATED, turned_box(x + width / 2, y + height / 2, width, height, angle))
    return Shape(Drawn.BOX, ((x, y), (x + width, y + height)))


def _pairs(numbers: list[Any]) -> tuple[Point, ...]:
    return tuple((float(x), float(y)) for x, y in zip(numbers[::2], numbers[1::2], strict=True))

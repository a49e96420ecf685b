"""YOLO's label files: a .txt next to each picture, or in `labels/` where the pictures are in `images/`.

A line is a class's number and a box (x, y, width, height of its middle), a polygon, or a box and key points; all in
shares of the picture. Classes' names stand in `data.yaml`, `classes.txt` or `obj.names`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lpr_edge.contract.base.errors import DataError, needing_extra
from lpr_edge.contract.base.text_files import read_text
from lpr_train.labels.formats.records import Drawn, Notes, Point, Shape, SourceImage, SourcePlate
from lpr_train.labels.formats.source_files import UNLABELLED, SourceFiles

NAME_FILES = ("classes.txt", "obj.names", "predefined_classes.txt")
CORNERS = 4
"""Key points of a plate: clockwise from its own top left."""
MAX_PLACE = 2.0
"""Shares of a picture beyond it are pixels."""


@dataclass(frozen=True)
class Settings:
    """What a data set says about its lines."""

    names: dict[int, str]
    keypoint_shape: tuple[int, int] | None = None
    """How many key points a line has, and how many numbers each."""


def recognises(files: SourceFiles) -> bool:
    """Whether an image has a YOLO label file; an empty file counts if class names are known."""
    settings = _settings_file(files)
    found = _label_files(files)
    return any(_is_numbers(path) for path in list(found.values())[:50]) or (settings is not None and bool(found))


def read(files: SourceFiles, notes: Notes) -> Iterator[SourceImage]:
    """Read each image with a label file; an empty file means that there is no plate."""
    settings = read_settings(files, notes)
    labels = _label_files(files)
    for picture in files.pictures:
        path = labels.get(picture)
        if path is None:
            notes.left_out(files.shown(picture), UNLABELLED)
            continue
        text = notes.attempt(files.shown(path), read_text, path)
        if text is not None:
            plates = tuple(_plates(text, settings, files.shown(path), notes))
            yield SourceImage(picture, plates, files.split_of(picture) or files.split_of(path))


def read_settings(files: SourceFiles, notes: Notes) -> Settings:
    """Class names and the key points' shape; empty if no file defines them."""
    path = _settings_file(files)
    if path is None:
        return Settings({})
    return notes.attempt(files.shown(path), _parse_settings, path) or Settings({})


def _settings_file(files: SourceFiles) -> Path | None:
    tables = [path for path in files.labels_of(".yaml", ".yml") if "names" in _head(path)]
    lists = [path for path in files.labels if path.name.lower() in NAME_FILES]
    return next(iter([*sorted(tables, key=lambda path: len(path.parts)), *lists]), None)


def _head(path: Path) -> str:
    try:
        return read_text(path)
    except (OSError, DataError):
        return ""


def _parse_settings(path: Path) -> Settings:
    text = read_text(path)
    if path.suffix.lower() not in (".yaml", ".yml"):
        return Settings(dict(enumerate(line.strip() for line in text.strip().splitlines())))
    values = load_yaml(text)
    names = values["names"]
    listed = enumerate(names) if isinstance(names, list) else names.items()
    shape = values.get("kpt_shape")
    return Settings(
        {int(number): str(name) for number, name in listed}, (int(shape[0]), int(shape[1])) if shape else None
    )


def load_yaml(text: str) -> dict[str, Any]:
    """Parse a YAML table.

    Raises:
        DataError: PyYAML isn't installed.
        ValueError: it is no YAML, or no table.
    """
    with needing_extra("YOLO's data.yaml", "PyYAML", "train", DataError):
        import yaml
    try:
        values = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(f"no YAML: {str(error).splitlines()[0]}") from error
    if not isinstance(values, dict):
        raise ValueError("no YAML table")
    return values


def _label_files(files: SourceFiles) -> dict[Path, Path]:
    """Image -> its label file."""
    texts = set(files.labels_of(".txt"))
    pairs = ((picture, path) for picture in files.pictures for path in _places(picture) if path in texts)
    return {picture: path for picture, path in pairs if path.name.lower() not in NAME_FILES}


def _places(picture: Path) -> list[Path]:
    """Possible paths of an image's label file; the last one that exists is used."""
    beside = picture.with_suffix(".txt")
    folders = [at for at, part in enumerate(beside.parts[:-1]) if part.lower() in ("images", "jpegimages")]
    return [beside, *(Path(*beside.parts[:at], "labels", *beside.parts[at + 1 :]) for at in folders)]


def _is_numbers(path: Path) -> bool:
    words = _head(path).split("\n")[0].split()
    return len(words) >= 5 and all(word.lstrip("+-").replace(".", "", 1).replace("e-", "").isdigit() for word in words)


def _plates(text: str, settings: Settings, name: str, notes: Notes) -> Iterator[SourcePlate]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            plate = notes.attempt(f"{name}:{number}", parse_line, line, settings)
            yield from [plate] if plate else []


def parse_line(line: str, settings: Settings) -> SourcePlate:
    """Parse one line.

    Raises:
        ValueError: it has another number of numbers than YOLO's, or pixels.
    """
    word, *rest = line.split()
    numbers = [float(part) for part in rest]
    places = numbers if len(numbers) != 5 else numbers[:4]  # a fifth is a confidence
    if any(abs(number) > MAX_PLACE for number in places):
        raise ValueError("YOLO's numbers are shares of the picture from 0 to 1, and these are larger")
    class_number = int(float(word))
    return SourcePlate(
        _shape(places, settings), settings.names.get(class_number, str(class_number) if settings.names else "")
    )


def _shape(numbers: list[float], settings: Settings) -> Shape:
    if len(numbers) == 4:
        return _box(numbers)
    if settings.keypoint_shape and len(numbers) == 4 + settings.keypoint_shape[0] * settings.keypoint_shape[1]:
        return _key_points(numbers, *settings.keypoint_shape)
    if len(numbers) >= 6 and len(numbers) % 2 == 0:
        return Shape(Drawn.POLYGON, tuple(zip(numbers[::2], numbers[1::2], strict=True)), is_relative=True)
    raise ValueError(
        f"{len(numbers)} numbers after the class: expected 4, a polygon's pairs, or key points as data.yaml has"
    )


def _box(numbers: list[float]) -> Shape:
    x, y, width, height = numbers[:4]
    corners = ((x - width / 2, y - height / 2), (x + width / 2, y + height / 2))
    return Shape(Drawn.BOX, corners, is_relative=True)


def _key_points(numbers: list[float], count: int, size: int) -> Shape:
    """Four visible key points; else only the box is known."""
    points = [numbers[at : at + size] for at in range(4, 4 + count * size, size)]
    seen: list[Point] = [(point[0], point[1]) for point in points if size == 2 or point[2] > 0]
    if len(seen) != CORNERS or all(point == (0, 0) for point in seen):
        return _box(numbers)
    return Shape(Drawn.CORNERS, tuple(seen), is_relative=True)

"""PaddleOCR's label files: an image's path, a tab, and its plates as JSON, or the text of a crop."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lpr_edge.contract.base.text_files import parse_json, read_lines
from lpr_train.labels.formats.records import Drawn, Notes, Shape, SourceImage, SourcePlate
from lpr_train.labels.formats.source_files import SourceFiles, split_word

NOT_LABELS = ("filestate.txt", "cache.cach")
"""What PPOCRLabel keeps next to its labels."""


def recognises(files: SourceFiles) -> bool:
    """Whether the first line of a text file contains an image's name and a tab."""
    return any(_is_label_line(head.split("\n", 1)[0]) for head in files.heads(".txt"))


def _is_label_line(line: str) -> bool:
    name, tab, _ = line.strip().partition("\t")
    return bool(tab) and (name.startswith("[") or "." in name)


def read(files: SourceFiles, notes: Notes) -> Iterator[SourceImage]:
    """Read each line whose image exists."""
    labelled: set[Path] = set()
    for path in files.labels_of(".txt"):
        if path.name.lower() in NOT_LABELS:
            continue
        where = files.shown(path)
        for number, line in notes.attempt(where, read_lines, path) or ():
            images = notes.attempt(f"{where}:{number}", _images, line, path, f"{where}:{number}", files, notes)
            labelled.update(image.path for image in images or ())
            yield from images or ()
    files.note_unlabelled(labelled, notes)


def _images(line: str, path: Path, where: str, files: SourceFiles, notes: Notes) -> list[SourceImage]:
    name, tab, label = line.strip("\r\n").partition("\t")
    if not tab:
        raise ValueError("no tab between the picture's name and its label")
    names = parse_json(name) if name.startswith("[") else [name]
    found = [picture for one in names if (picture := files.picture(str(one), path, where, notes))]
    return [_image(picture, label.strip(), path, where, files, notes) for picture in found]


def _image(picture: Path, label: str, path: Path, where: str, files: SourceFiles, notes: Notes) -> SourceImage:
    split = split_word(path.stem) or files.split_of(picture) or files.split_of(path)
    if not label.startswith("["):
        return SourceImage(picture, (SourcePlate(None, "", {"transcription": label}),), split, is_crop=True)
    boxes = parse_json(label)
    made = (notes.attempt(f"{where}, plate {number}", _plate, box) for number, box in enumerate(boxes, 1))
    return SourceImage(picture, tuple(plate for plate in made if plate is not None), split)


def _plate(box: dict[str, Any]) -> SourcePlate:
    points = tuple((float(x), float(y)) for x, y in box["points"])
    return SourcePlate(Shape(Drawn.POLYGON, points), "", {key: value for key, value in box.items() if key != "points"})

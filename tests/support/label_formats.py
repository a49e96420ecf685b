"""The same labelled pictures, written as each labelling tool writes them."""

import csv
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

Quad = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Drawn:
    """A plate as somebody drew it."""

    quad: Quad
    rows: tuple[str, ...]

    @property
    def text(self) -> str:
        return "|".join(self.rows if len(self.rows) > 1 else (*self.rows, ""))


@dataclass(frozen=True)
class Labelled:
    """A picture on disk, and its plates."""

    path: Path
    size_wh: tuple[int, int]
    split: str
    plates: tuple[Drawn, ...]


def _copy(one: Labelled, folder: Path) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(one.path, folder / one.path.name)
    return one.path.name


def _splits(labelled: Sequence[Labelled]) -> dict[str, list[Labelled]]:
    return {
        split: [one for one in labelled if one.split == split] for split in dict.fromkeys(x.split for x in labelled)
    }


def write_yolo(labelled: Sequence[Labelled], root: Path) -> None:
    """Key points, and a class a text."""
    texts = sorted({plate.text for one in labelled for plate in one.plates})
    names = "".join(f"  {number}: {json.dumps(text)}\n" for number, text in enumerate(texts))
    root.mkdir(parents=True)
    (root / "data.yaml").write_text(f"train: images/train\nkpt_shape: [4, 3]\nnames:\n{names}", encoding="utf-8")
    for one in labelled:
        name = _copy(one, root / "images" / one.split)
        width, height = one.size_wh
        lines = []
        for plate in one.plates:
            points = [(x / width, y / height) for x, y in plate.quad]
            xs, ys = zip(*points, strict=True)
            box = [(min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2, max(xs) - min(xs), max(ys) - min(ys)]
            numbers = [*map(repr, box), *(word for x, y in points for word in (repr(x), repr(y), "2"))]
            lines.append(" ".join([str(texts.index(plate.text)), *numbers]))
        label = root / "labels" / one.split / f"{Path(name).stem}.txt"
        label.parent.mkdir(parents=True, exist_ok=True)
        label.write_text("\n".join(lines), encoding="utf-8")


def write_voc(labelled: Sequence[Labelled], root: Path) -> None:
    """Polygons as Roboflow adds them, texts in attributes as CVAT does."""
    for one in labelled:
        name = _copy(one, root / one.split)
        objects = []
        for plate in one.plates:
            xs, ys = zip(*plate.quad, strict=True)
            box = f"<xmin>{min(xs)}</xmin><ymin>{min(ys)}</ymin><xmax>{max(xs)}</xmax><ymax>{max(ys)}</ymax>"
            points = "".join(f"<x{n}>{x}</x{n}><y{n}>{y}</y{n}>" for n, (x, y) in enumerate(plate.quad, 1))
            text = f"<attribute><name>text</name><value>{escape(plate.text)}</value></attribute>"
            shape = f"<bndbox>{box}</bndbox><polygon>{points}</polygon>"
            objects.append(f"<object><name>plate</name>{shape}<attributes>{text}</attributes></object>")
        size = f"<size><width>{one.size_wh[0]}</width><height>{one.size_wh[1]}</height><depth>3</depth></size>"
        body = f"<filename>{escape(name)}</filename>{size}{''.join(objects)}"
        path = root / one.split / f"{Path(name).stem}.xml"
        path.write_text(f"<annotation>{body}</annotation>", encoding="utf-8")


def write_coco(labelled: Sequence[Labelled], root: Path) -> None:
    """One file a split, as CVAT exports it."""
    (root / "annotations").mkdir(parents=True)
    for split, part in _splits(labelled).items():
        images: list[dict[str, Any]] = []
        annotations: list[dict[str, Any]] = []
        for number, one in enumerate(part, 1):
            name = _copy(one, root / "images")
            images.append({"id": number, "file_name": name, "width": one.size_wh[0], "height": one.size_wh[1]})
            for plate in one.plates:
                xs, ys = zip(*plate.quad, strict=True)
                box = [min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)]
                flat = [number for point in plate.quad for number in point]
                about = {"id": len(annotations) + 1, "image_id": number, "category_id": 1, "bbox": box}
                annotations.append(about | {"segmentation": [flat], "attributes": {"text": plate.text}})
        values = {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "license_plate"}]}
        path = root / "annotations" / f"instances_{split}.json"
        path.write_text(json.dumps(values, ensure_ascii=False), encoding="utf-8")


def write_cvat(labelled: Sequence[Labelled], root: Path) -> None:
    """One annotations.xml, with subsets."""
    images = []
    for number, one in enumerate(labelled):
        name = _copy(one, root / "images")
        shapes = []
        for plate in one.plates:
            points = ";".join(f"{x},{y}" for x, y in plate.quad)
            text = f'<attribute name="text">{escape(plate.text)}</attribute>'
            shapes.append(f'<polygon label="plate" points="{points}">{text}</polygon>')
        size = f'width="{one.size_wh[0]}" height="{one.size_wh[1]}" subset="{one.split}"'
        images.append(f'<image id="{number}" name={quoteattr(name)} {size}>{"".join(shapes)}</image>')
    xml = f'<?xml version="1.0" encoding="utf-8"?>\n<annotations><version>1.1</version>{"".join(images)}</annotations>'
    (root / "annotations.xml").write_text(xml, encoding="utf-8")


def write_labelme(labelled: Sequence[Labelled], root: Path) -> None:
    """A JSON beside each picture, texts as descriptions."""
    for one in labelled:
        name = _copy(one, root / one.split)
        shapes: list[dict[str, Any]] = [
            {"label": "plate", "points": [list(point) for point in plate.quad], "shape_type": "polygon"}
            | {"description": plate.text, "group_id": None, "flags": {}}
            for plate in one.plates
        ]
        values: dict[str, Any] = {
            "version": "5.4.1",
            "flags": {},
            "shapes": shapes,
            "imagePath": name,
            "imageData": None,
        }
        values |= {"imageWidth": one.size_wh[0], "imageHeight": one.size_wh[1]}
        path = root / one.split / f"{Path(name).stem}.json"
        path.write_text(json.dumps(values, ensure_ascii=False), encoding="utf-8")


def write_paddleocr(labelled: Sequence[Labelled], root: Path) -> None:
    """One text file a split."""
    root.mkdir(parents=True)
    for split, part in _splits(labelled).items():
        lines = []
        for one in part:
            name = _copy(one, root / "images")
            plates: list[dict[str, Any]] = [
                {"transcription": plate.text, "points": [list(point) for point in plate.quad], "difficult": False}
                for plate in one.plates
            ]
            lines.append(f"images/{name}\t{json.dumps(plates, ensure_ascii=False)}\n")
        (root / f"Label_{split}.txt").write_text("".join(lines), encoding="utf-8")


def write_fast_plate_ocr(labelled: Sequence[Labelled], root: Path) -> None:
    """One table a split; each picture is a crop of one plate."""
    root.mkdir(parents=True)
    for split, part in _splits(labelled).items():
        with (root / f"{split}_annotations.csv").open("w", encoding="utf-8", newline="") as file:
            table = csv.writer(file)
            table.writerow(["image_path", "plate_text"])
            table.writerows([f"images/{_copy(one, root / 'images')}", one.plates[0].text] for one in part)


def write_paddle_crops(labelled: Sequence[Labelled], root: Path) -> None:
    """PaddleOCR's labels for recognition alone."""
    root.mkdir(parents=True)
    for split, part in _splits(labelled).items():
        lines = [f"crop_img/{_copy(one, root / 'crop_img')}\t{one.plates[0].text}\n" for one in part]
        (root / f"rec_gt_{split}.txt").write_text("".join(lines), encoding="utf-8")


def write_named_crops(labelled: Sequence[Labelled], root: Path) -> None:
    """Files that are named so already, in a folder a split."""
    for one in labelled:
        _copy(one, root / one.split)


PHOTOGRAPHS: dict[str, Callable[[Sequence[Labelled], Path], None]] = {
    "yolo": write_yolo,
    "voc": write_voc,
    "coco": write_coco,
    "cvat": write_cvat,
    "labelme": write_labelme,
    "paddleocr": write_paddleocr,
}
CROPS: dict[str, Callable[[Sequence[Labelled], Path], None]] = {
    "fast-plate-ocr": write_fast_plate_ocr,
    "paddleocr": write_paddle_crops,
    "crops": write_named_crops,
}

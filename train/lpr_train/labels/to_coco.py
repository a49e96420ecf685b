"""COCO export: one JSON file per split; attributes contain what COCO has no field for."""

import json
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from lpr_edge.contract.data.plate_photos import PlateLabel
from lpr_edge.contract.geometry import signed_area
from lpr_train.labels.image_copies import Written

CATEGORIES = [{"id": 1, "name": "plate", "supercategory": ""}]
Values = dict[str, Any]


def write_coco(pictures: Sequence[Written], root: Path) -> None:
    """Write `images/` and `annotations/SPLIT.json`."""
    (root / "annotations").mkdir(parents=True)
    for split in dict.fromkeys(one.photo.split for one in pictures):
        values = coco_values([one for one in pictures if one.photo.split == split])
        text = json.dumps(values, ensure_ascii=False, indent=1)
        (root / "annotations" / f"{split}.json").write_text(text, encoding="utf-8")
    for one in pictures:
        one.copy_to(root / "images" / one.photo.path.name)


def coco_values(pictures: Sequence[Written]) -> Values:
    """One split's lists."""
    numbers = count(1)
    images, annotations = [], []
    for image_id, one in enumerate(pictures, 1):
        images.append(_image(image_id, one))
        annotations += [_annotation(next(numbers), image_id, plate) for plate in one.photo.plates]
    return {"images": images, "categories": CATEGORIES, "annotations": annotations}


def _image(image_id: int, one: Written) -> Values:
    width, height = one.size_wh
    about = {"id": image_id, "file_name": one.photo.path.name, "width": width, "height": height}
    more = {"source": one.photo.source, "is_crop": one.photo.is_crop}
    return about | {key: value for key, value in more.items() if value}


def _annotation(number: int, image_id: int, plate: PlateLabel) -> Values:
    quad = np.round(plate.quad_xy.astype(float), 2)
    low, high = quad.min(axis=0), quad.max(axis=0)
    return {
        "id": number,
        "image_id": image_id,
        "category_id": 1,
        "bbox": [*low.tolist(), *np.round(high - low, 2).tolist()],
        "area": round(abs(signed_area(quad)), 2),
        "iscrowd": 0,
        "segmentation": [quad.ravel().tolist()],
        "attributes": _attributes(plate),
    }


def _attributes(plate: PlateLabel) -> Values:
    """Fields of a plate that lpr defines; `text` is for people and tools, `rows` for lpr."""
    more = {
        "vehicle": plate.vehicle,
        "number_rows": list(plate.number_rows or ()),
        "character_boxes": [[list(box) for box in row] for row in plate.character_boxes or ()],
    }
    own = {
        "text": "|".join(plate.rows),
        "rows": list(plate.rows),
        "legible": plate.legible,
        "kind": plate.kind,
        "corners": plate.corners,
    }
    own |= {} if plate.is_confirmed else {"label": plate.label}
    return own | {key: value for key, value in more.items() if value}

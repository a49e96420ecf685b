"""YOLO pose export: a box per plate, and its corners as key points, marked visible if they are exact."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lpr_edge.contract.data.plate_photos import PlateLabel
from lpr_train.labels.image_copies import Written

SETTINGS = """\
path: .
train: images/train
val: images/test
test: images/test
kpt_shape: [4, 3]
flip_idx: [1, 0, 3, 2]
names:
  0: plate
"""
SEEN, UNKNOWN = 2, 0
"""A key point's third number: it is there, or nobody has marked it."""


def write_yolo(pictures: Sequence[Written], root: Path) -> None:
    """Write `images/SPLIT/`, `labels/SPLIT/` and `data.yaml`."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "data.yaml").write_text(SETTINGS, encoding="utf-8")
    for one, stem in zip(pictures, unique_stems(pictures), strict=True):
        split = one.photo.split
        one.copy_to(root / "images" / split / (stem + one.photo.path.suffix))
        path = root / "labels" / split / f"{stem}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{yolo_line(plate, one.size_wh)}\n" for plate in one.photo.plates), encoding="utf-8")


def unique_stems(pictures: Sequence[Written]) -> list[str]:
    """A file name without extension per image: names that differ only in the extension need two label files."""
    used: set[str] = set()
    stems = []
    for one in pictures:
        plain, ending = one.photo.path.stem, one.photo.path.suffix.removeprefix(".")
        wanted = (plain, f"{plain}_{ending}", *(f"{plain}_{number}" for number in range(2, len(pictures) + 2)))
        stem = next(stem for stem in wanted if stem.casefold() not in used)
        used.add(stem.casefold())
        stems.append(stem)
    return stems


def yolo_line(plate: PlateLabel, size_wh: tuple[int, int]) -> str:
    """Line of a plate: class, box, corners; in fractions of the image."""
    quad = np.round(plate.quad_xy.astype(float), 2) / size_wh
    low, high = quad.min(axis=0), quad.max(axis=0)
    seen = SEEN if plate.has_corners else UNKNOWN
    points = [number for x, y in quad for number in (_number(x), _number(y), str(seen))]
    return " ".join(["0", *map(_number, (*(low + high) / 2, *(high - low))), *points])


def _number(value: float) -> str:
    return f"{value:.12g}"

"""Cut single characters out of plate photographs, as training crops of the classifier."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.country import UNREADABLE
from lpr_edge.contract.geometry import quad_size, rectify
from lpr_edge.contract.run.folder import CONFIG
from lpr_train.base.config import read_config
from lpr_train.data.reader_crops import Crop
from lpr_train.data.real_plates import RealPlate
from lpr_train.loop.warm_start import load_initial_weights
from lpr_train.targets.heat_maps import PlacedCharacter
from lpr_train.tasks.reader.config import ReaderConfig
from lpr_train.tasks.reader.task import ReaderTask

AROUND = 0.08
"""Margin around a character's box on each side, relative to its size, as in crops made by people."""
MIN_HEIGHT = 12.0
"""Minimum height in pixels: smaller characters can only be guessed from their neighbours."""


def load_plate_crops(data: Path, country: str, reader: Path) -> list[Crop]:
    """Cut the characters out of the legible plates of the train split that a person labelled.

    Args:
        data: folder with the plates.
        country: defines the alphabet.
        reader: run folder of a reader, which aligns the labelled characters.

    Returns:
        One crop for each character; `path` is that of the photograph, the label any of the reader's.

    Raises:
        LprError: the folder has no plates, or the run isn't a reader's.
    """
    path = reader / CONFIG
    if not path.is_file():
        raise LprError(f"--reader {reader}: {path} isn't there. Give the run folder of lpr-train reader.")
    settings = read_config(path, ReaderConfig)
    task = ReaderTask(replace(settings, data=str(data), country=country, holdout=0.0, fold=0, folds=0, init=""))
    model = task.build()
    load_initial_weights(
        model, reader
    )  # a reader of a time when the alphabet was shorter finds its letters all the same
    task.learn_from(model)
    return [crop for plate in task.placed if plate.label.is_confirmed for crop in cut_out(plate)]


def cut_out(plate: RealPlate) -> Iterator[Crop]:
    """Cut out the characters of an aligned plate, except those that are too small."""
    width, height = quad_size(plate.quad_xy)
    upright = rectify(plate.crop_bgr, plate.quad_xy, (max(1, round(height)), max(1, round(width))))
    sha256 = plate.sha256()
    known = [label for label in plate.labels if label != UNREADABLE]
    for label, place in zip(known, plate.placed, strict=True):
        if place.height * height >= MIN_HEIGHT and (picture := _cut(upright, place)) is not None:
            yield Crop(plate.path, label, picture, sha256, "plates")


def _cut(upright_bgr: Image, place: PlacedCharacter) -> Image | None:
    size = np.array([upright_bgr.shape[1], upright_bgr.shape[0]])
    half = np.array([place.width, place.height]) * (0.5 + AROUND)
    middle = np.array([place.x, place.y])
    left, top = np.rint((middle - half) * size).astype(int).clip(0)
    right, bottom = np.rint((middle + half) * size).astype(int)
    cut = upright_bgr[top:bottom, left:right]
    return np.ascontiguousarray(cut) if min(cut.shape[:2]) >= MIN_HEIGHT / 3 else None


def part_by_label(crops: Sequence[Crop], labels: Sequence[str]) -> tuple[list[Crop], list[Crop]]:
    """Split crops into those with a classifier's own labels, and those of foreign labels."""
    known = [crop for crop in crops if crop.label in labels]
    strange = [crop for crop in crops if not any(crop.label in label or label in crop.label for label in labels)]
    return known, strange

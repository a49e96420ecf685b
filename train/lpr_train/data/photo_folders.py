"""Photographs of a run's two data folders: its own to train on, hold out and test on, and other ones to train on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from lpr_edge.contract.base.pictures import file_sha256
from lpr_edge.contract.data.plate_photos import ground_truth, load_plates_and_crops
from lpr_edge.contract.data.splits import HoldOut, SeenPictures, vehicle_numbers
from lpr_train.base.config import FoldConfig
from lpr_train.base.task import LEARNT_OTHERS, MIN_COMPARED, OTHER_TEST, OTHERS, TEST
from lpr_train.data.initial_run import images_of_initial_run, unseen_by_initial_run
from lpr_train.data.photos import Photo, load_photo, load_photos

MAX_COMPARED = 300
"""Photographs of `also` that networks are compared on at most."""


@dataclass(frozen=True)
class Parts:
    """The training splits of a run's data folders."""

    training: list[Photo]
    held_out: list[Photo]
    """Of the run's own photographs; without those that the initial weights were trained on."""
    others: list[Photo]
    """Of `also`, to compare networks on; empty unless `also_holdout` asks for it."""
    others_are: str = OTHERS
    """`OTHERS` where they are held out; `LEARNT_OTHERS` where both networks train on them."""


def load_training(config: FoldConfig, with_crops: bool = False) -> Parts:
    """Load the photographs of `data` as `load_photos` does, and those of `also`.

    A photograph of `also` is left out of training if it, or its vehicle, is held out of `data`. A fraction
    `also_holdout` of its vehicles is held out too, but none that the initial weights were trained on: their metrics
    would fall however well the new network reads. Where too few are left, networks are compared on those that both
    train on.

    Raises:
        DataError: an image or a label is missing or broken; `lpr-train check` lists them all.
    """
    parts = HoldOut(config.holdout, config.seed, config.fold, config.folds)
    training, held_out = load_photos(Path(config.data), parts, with_crops) if config.data else ([], [])
    measured = unseen_by_initial_run(config.init, held_out, lambda photo: file_sha256(photo.path))
    if not config.also:
        return Parts(training, measured, [])
    others, apart = load_photos(Path(config.also), HoldOut(config.also_holdout, config.seed), with_crops)
    new = _others_of(others, held_out, [*training, *held_out])
    apart = _others_of(apart, held_out, [*training, *held_out])
    if not config.also_holdout:
        return Parts([*training, *new], measured, [])
    known = images_of_initial_run(config.init)
    unseen = _wholly_unseen(apart, known, {number for photo in training for number in vehicle_numbers(photo.labels)})
    if len(unseen) >= MIN_COMPARED:
        kept = {id(photo) for photo in unseen}
        return Parts([*training, *new, *(photo for photo in apart if id(photo) not in kept)], measured, unseen)
    new += apart
    learnt = [photo for photo in new if known.has(file_sha256(photo.path))]
    chosen = np.random.default_rng(config.seed).permutation(len(learnt))[:MAX_COMPARED]
    return Parts([*training, *new], measured, [learnt[place] for place in sorted(chosen)], LEARNT_OTHERS)


def _others_of(others: Sequence[Photo], held_out: Sequence[Photo], own: Sequence[Photo]) -> list[Photo]:
    """Photographs of `also` without held-out vehicles, and without copies of the run's own."""
    files = {file_sha256(photo.path) for photo in own}
    numbers = {number for photo in held_out for number in vehicle_numbers(photo.labels)}
    return [
        replace(photo, is_other=True)
        for photo in others
        if numbers.isdisjoint(vehicle_numbers(photo.labels)) and file_sha256(photo.path) not in files
    ]


def _wholly_unseen(photos: Sequence[Photo], known: SeenPictures, trained: set[str]) -> list[Photo]:
    """Photographs of vehicles of which no photograph is known, and that the run doesn't train on."""
    seen = {photo.group for photo in photos if known.has(file_sha256(photo.path))}
    return [photo for photo in photos if photo.group not in seen and trained.isdisjoint(vehicle_numbers(photo.labels))]


def load_tests(config: FoldConfig, with_crops: bool = False) -> dict[str, list[Photo]]:
    """Load the test splits of `data` and `also`, without what the initial weights were trained on.

    Returns:
        `TEST` and `OTHER_TEST` -> photographs with ground truth; without those that have none.

    Raises:
        DataError: an image or a label is missing or broken.
    """
    folders = {name: folder for name, folder in ((TEST, config.data), (OTHER_TEST, config.also)) if folder}
    loaded = {name: _load_test(Path(folder), with_crops) for name, folder in folders.items()}
    known = images_of_initial_run(config.init)
    unseen = {name: known.unseen(photos, lambda photo: file_sha256(photo.path)) for name, photos in loaded.items()}
    return {name: photos for name, photos in unseen.items() if photos}


def _load_test(folder: Path, with_crops: bool) -> list[Photo]:
    photos, _ = ground_truth(load_plates_and_crops(folder, "test"))
    return [load_photo(photo.path, photo.plates, "") for photo in photos if with_crops or not photo.is_crop]

"""Photographs of a run's two data folders: its own to train on, hold out and test on, and other ones to train on."""

from dataclasses import replace
from pathlib import Path

from lpr_edge.contract.base.pictures import file_sha256
from lpr_edge.contract.data import ground_truth, load_plates_and_crops
from lpr_edge.contract.splits import HoldOut, SeenPictures, read_seen, vehicle_numbers
from lpr_train.base.config import FitConfig
from lpr_train.base.task import OTHER_TEST, TEST
from lpr_train.data.photos import Photo, load_photo, load_photos


def load_training(config: FitConfig, parts: HoldOut, with_crops: bool = False) -> tuple[list[Photo], list[Photo]]:
    """Load the photographs of `data` as `load_photos` does, and for training those of `also`.

    A photograph of `also` is left out if it, or its vehicle, is held out.

    Raises:
        DataError: an image or a label is missing or broken; `lpr-train check` lists them all.
    """
    training, held_out = load_photos(Path(config.data), parts, with_crops) if config.data else ([], [])
    if not config.also:
        return training, held_out
    others, _ = load_photos(Path(config.also), HoldOut(0.0, config.seed), with_crops)
    files = {file_sha256(photo.path) for photo in (*training, *held_out)}
    numbers = {number for photo in held_out for number in vehicle_numbers(photo.labels)}
    new = [
        replace(photo, is_other=True)
        for photo in others
        if numbers.isdisjoint(vehicle_numbers(photo.labels)) and file_sha256(photo.path) not in files
    ]
    return [*training, *new], held_out


def load_tests(config: FitConfig, with_crops: bool = False) -> dict[str, list[Photo]]:
    """Load the test splits of `data` and `also`, without what the initial weights were trained on.

    Returns:
        `TEST` and `OTHER_TEST` -> photographs with ground truth; without those that have none.

    Raises:
        DataError: an image or a label is missing or broken.
    """
    folders = {name: folder for name, folder in ((TEST, config.data), (OTHER_TEST, config.also)) if folder}
    loaded = {name: _load_test(Path(folder), with_crops) for name, folder in folders.items()}
    known = read_seen(Path(config.init)) if config.init else SeenPictures()
    unseen = {name: known.unseen(photos, lambda photo: file_sha256(photo.path)) for name, photos in loaded.items()}
    return {name: photos for name, photos in unseen.items() if photos}


def _load_test(folder: Path, with_crops: bool) -> list[Photo]:
    photos, _ = ground_truth(load_plates_and_crops(folder, "test"))
    return [load_photo(photo.path, photo.plates, "") for photo in photos if with_crops or not photo.is_crop]

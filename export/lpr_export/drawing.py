"""Draw the representative data set: the run's own, or from the training split of a data folder."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lpr_edge.contract.arrays import Image
from lpr_edge.contract.country import country_from_dict
from lpr_edge.contract.data import PlatePhoto, file_sha256, load_characters, load_plates, read_picture
from lpr_edge.contract.geometry import is_convex
from lpr_edge.contract.manifest import Manifest
from lpr_edge.contract.preprocess import prepare
from lpr_export.calibration import Calibration
from lpr_export.held_out import network_input
from lpr_export.run_folder import Run

COUNT = 500
"""Pictures drawn from a data folder, where it has as many."""


def draw_from_run(run: Run) -> Calibration:
    """The pictures that training drew.

    Raises:
        ExportError: the run has none.
    """
    samples = run.representative()
    return Calibration(samples.pictures, samples.source, samples.sha256, samples.seed)


def draw_from_data(card: Manifest, folder: Path, seed: int, count: int = COUNT) -> Calibration:
    """Draw pictures from the training split of a data folder; the same seed draws the same ones.

    Raises:
        LprError: there is no such data, or a picture can't be read.
    """
    if card.kind == "classifier":
        return _draw_characters(card, folder, seed, count)
    photos = load_plates(folder, "train")
    places = [(photo, number) for photo in photos for number in _places(photo, card.kind)]
    chosen = [places[index] for index in _choose(len(places), seed, count)]
    pictures = tuple(_prepared(photo, number, card) for photo, number in chosen)
    hashes = tuple(file_sha256(photo.path) for photo, _ in chosen)
    return Calibration(pictures, "train split of plates", hashes, seed)


def _draw_characters(card: Manifest, folder: Path, seed: int, count: int) -> Calibration:
    files = load_characters(folder, "train", country_from_dict(card.country))
    paths = [files[index].path for index in _choose(len(files), seed, count)]
    pictures = tuple(prepare(read_picture(path), card.input).pixels[0] for path in paths)
    return Calibration(pictures, "train split of characters", tuple(map(file_sha256, paths)), seed)


def _choose(available: int, seed: int, count: int) -> Sequence[int]:
    chosen = np.random.default_rng(seed).permutation(available)[:count]
    return [int(index) for index in chosen]


def _places(photo: PlatePhoto, kind: str) -> list[int]:
    """What a photograph gives: one frame for a detector (-1), its plates' numbers for a reader."""
    if kind == "detector":
        return [-1]
    return [number for number, plate in enumerate(photo.plates) if is_convex(plate.quad_xy)]


def _prepared(photo: PlatePhoto, number: int, card: Manifest) -> Image:
    picture = read_picture(photo.path)
    quad_xy = None if number < 0 else photo.plates[number].quad_xy
    pixels: Image = network_input(picture, quad_xy, card)[0]
    return pixels

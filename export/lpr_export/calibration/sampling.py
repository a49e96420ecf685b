"""Sample the representative data set: the run's own, or a stratified sample of a data folder's training split.

Sampling orders files by a hash, so it doesn't depend on names or on the order on disk. It takes one picture of each
stratum (content, rows, brightness) in turn, so that rare ones are included.
"""

import hashlib
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from lpr_edge.contract.base.arrays import Image, Quad
from lpr_edge.contract.base.errors import DataError
from lpr_edge.contract.base.pictures import file_sha256, read_picture
from lpr_edge.contract.country import country_from_dict
from lpr_edge.contract.data.character_files import CharacterFile, class_files, load_characters
from lpr_edge.contract.data.datasets import find_dataset
from lpr_edge.contract.data.plate_photos import PlatePhoto, load_photos_for, load_plates_and_crops
from lpr_edge.contract.geometry import is_convex
from lpr_edge.contract.manifest import Manifest
from lpr_edge.contract.run.model_types import MODEL_TYPES, ModelType
from lpr_export.base.run_folder import Run
from lpr_export.calibration.representative_set import EvaluationPictures, RepresentativeSet
from lpr_export.evaluate.held_out import network_input

NOTHING = EvaluationPictures(frozenset(), frozenset())
"""No evaluation pictures except those of the data folder's own splits."""
COUNT = 500
"""Default sample size."""
BRIGHTNESS_CANDIDATES = 4
"""Candidates whose brightness is measured, per sampled picture, so that a large folder isn't read completely."""
BRIGHTNESSES = 4
"""Number of brightness strata."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """A picture that can be sampled."""

    path: Path
    sha256: str
    stratum: str
    """Its content and number of rows."""
    place: int = 0
    """Index of the plate in the picture."""
    quad_xy: Quad | None = None
    """(4, 2) corners of a reader's plate in pixels."""


def draw_from_run(run: Run) -> RepresentativeSet:
    """The representative data set of a run.

    Raises:
        ExportError: the run has none.
    """
    samples = run.representative()
    shown = [str(truth) if isinstance(truth, str) else "" for truth in samples.truth or ("",) * len(samples.pictures)]
    strata = tuple(f"{label} {brightness(picture)}" for label, picture in zip(shown, samples.pictures, strict=True))
    return RepresentativeSet(samples.pictures, samples.source, samples.sha256, samples.seed, strata)


def draw_from_data(
    card: Manifest, folder: Path, seed: int, count: int = COUNT, measured: EvaluationPictures = NOTHING
) -> RepresentativeSet:
    """Sample pictures from the training split of a data folder; the same seed gives the same sample.

    A file that also stands in another split, by its bytes, or among `measured`, is never drawn; `refused` of the result
    counts these files.

    Args:
        card: the network's manifest.
        folder: of the data.
        seed: of all random choices.
        count: number of pictures.
        measured: pictures that metrics are computed on.

    Raises:
        LprError: there is no such data, or a picture can't be read.
    """
    model_type = MODEL_TYPES[card.kind]
    found = _plates(card, folder) if model_type.sees_plates else _characters(card, folder)
    elsewhere = evaluation_files(card, folder) | measured.files
    allowed = [one for one in found if one.sha256 not in elsewhere]
    candidates = _choose(allowed, [one.stratum for one in allowed], seed, BRIGHTNESS_CANDIDATES * count)
    strata_of = {
        one: f"{one.stratum} {brightness(picture)}"
        for one in candidates
        if not measured.holds(one.sha256, picture := _prepared(one, card))
    }
    chosen = _choose(list(strata_of), list(strata_of.values()), seed, count)
    left_out = {one.path for one in found} - {one.path for one in allowed}
    left_out |= {one.path for one in candidates} - {one.path for one in strata_of}
    return RepresentativeSet(
        tuple(_prepared(one, card) for one in chosen),
        f"train split of {model_type.training_data}",
        tuple(one.sha256 for one in chosen),
        seed,
        tuple(strata_of[one] for one in chosen),
        len(left_out),
    )


def _choose(candidates: Sequence[Candidate], strata: Sequence[str], seed: int, count: int) -> list[Candidate]:
    keys = [hashlib.sha256(f"{seed}:{one.sha256}:{one.place}".encode()).hexdigest() for one in candidates]
    return [candidates[index] for index in stratified_order(strata, keys, count)]


def brightness(picture: Image) -> int:
    """Brightness stratum of a picture (H, W, C) uint8: 0 is the darkest."""
    return int(picture.mean()) * BRIGHTNESSES // 256


def stratified_order(strata: Sequence[str], keys: Sequence[str], count: int) -> list[int]:
    """Choose indices: one of each stratum, then another of each, always the one with the smallest key.

    Args:
        strata: of each item, such as its label.
        keys: of each item; hashes give a random choice that doesn't depend on the order.
        count: number of indices, at most.
    """
    groups: dict[str, list[int]] = {}
    for index in sorted(range(len(keys)), key=keys.__getitem__):
        groups.setdefault(strata[index], []).append(index)
    rounds = [(place, strata[group[0]], index) for group in groups.values() for place, index in enumerate(group)]
    return [index for _, _, index in sorted(rounds)[:count]]


def evaluation_files(card: Manifest, folder: Path) -> Set[str]:
    """SHA-256 of every file outside of the training split.

    Raises:
        LprError: there is no such data.
    """
    if not MODEL_TYPES[card.kind].sees_plates:
        files = load_characters(folder, "validation", country_from_dict(card.country))
        return {file_sha256(file.path) for file in files}
    return {
        _hash_of(photo) for photo in load_plates_and_crops(folder) if photo.split != "train" and photo.path.is_file()
    }


def _hash_of(photo: PlatePhoto) -> str:
    try:
        return file_sha256(photo.path)
    except OSError as error:
        raise DataError(f"no picture {photo.path}: {error.strerror or error}") from error


def _characters(card: Manifest, folder: Path) -> list[Candidate]:
    country = country_from_dict(card.country)
    root = find_dataset(folder, "characters")
    files: list[CharacterFile] = [file for name in country.characters for file in class_files(root, name, country)[1]]
    return [Candidate(file.path, file_sha256(file.path), file.label) for file in files]


def _plates(card: Manifest, folder: Path) -> list[Candidate]:
    model_type = MODEL_TYPES[card.kind]
    return [one for photo in load_photos_for(model_type, folder, "train") for one in _of_photo(photo, model_type)]


def _of_photo(photo: PlatePhoto, model_type: ModelType) -> Iterator[Candidate]:
    """Candidates of a photograph: the frame for a detector, each plate for a reader."""
    digest = _hash_of(photo)
    if model_type.finds_plates:
        rows = sorted(len(plate.rows) for plate in photo.plates)
        yield Candidate(photo.path, digest, f"{photo.source} {len(photo.plates)} plates, rows {rows[-1:]}")
        return
    for place, plate in enumerate(photo.plates):
        if plate.has_corners and is_convex(plate.quad_xy):
            shown = f"{photo.source} {plate.kind}, rows {len(plate.rows)}"
            yield Candidate(photo.path, digest, shown, place, plate.quad_xy)


def _prepared(one: Candidate, card: Manifest) -> Image:
    pixels: Image = network_input(read_picture(one.path), one.quad_xy, card)[0]
    return pixels

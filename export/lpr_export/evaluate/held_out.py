"""Held-out pictures with ground truth, which neither training nor calibration used."""

from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from lpr_edge.contract.base.arrays import Image, Quad
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.base.pictures import file_sha256, read_picture
from lpr_edge.contract.country import Country, country_from_dict
from lpr_edge.contract.data.character_files import load_characters
from lpr_edge.contract.data.plate_photos import PlateLabel, PlatePhoto, ground_truth, load_photos_for
from lpr_edge.contract.data.splits import SeenPictures
from lpr_edge.contract.geometry import grow_quad, is_convex, rectangle
from lpr_edge.contract.manifest import Manifest
from lpr_edge.contract.preprocess import prepare, prepare_plate
from lpr_edge.contract.run.model_types import MODEL_TYPES
from lpr_edge.contract.run.samples import Samples, picture_sha256
from lpr_export.base.errors import ExportError
from lpr_export.base.options import MIN_HELD_OUT
from lpr_export.base.run_folder import Run

NONE_SEEN = SeenPictures()


@dataclass(frozen=True)
class GroundTruthPlate:
    """Ground truth of a detector: one plate."""

    quad_xy: Quad
    counted: bool = True
    """False for an illegible plate, which counts neither as false positive nor as false negative."""
    has_corners: bool = True
    """False if `quad_xy` is a loose box around the plate."""


@dataclass(frozen=True)
class Case:
    """One picture with its ground truth."""

    name: str
    load: Callable[[], Image]
    """Loads the picture, (H, W, 3) uint8 BGR or (H, W, 1) grey; lazily, as photographs are large."""
    truth: Any
    """Ground truth: a classifier's label, a reader's labels in reading order, or a detector's `GroundTruthPlate`s."""
    quad_xy: Quad | None = None
    """(4, 2) corners of a reader's plate in pixels; None for other kinds."""

    def pixels(self, card: Manifest) -> Image:
        """The network's input, (1, H, W, C) uint8."""
        return network_input(self.load(), self.quad_xy, card)


def network_input(picture: Image, quad_xy: Quad | None, card: Manifest) -> Image:
    """Preprocess a picture, or the plate at `quad_xy` in it, to the network's input (1, H, W, C) uint8.

    Args:
        picture: (H, W, 3) uint8, BGR.
        quad_xy: (4, 2) corners in pixels, for a reader; None for the whole picture.
        card: has the input's size and colour order.
    """
    if quad_xy is None:
        return prepare(picture, card.input).pixels
    return prepare_plate(picture, quad_xy, card.input, card.margin).pixels


@dataclass(frozen=True)
class HeldOut:
    """Cases of one split."""

    data: str
    split: str
    cases: tuple[Case, ...]
    sha256: frozenset[str]
    """Hashes of the known source files, which must not be calibrated on."""
    contents: frozenset[str]
    """Identifies the set: the hash of each file's bytes, or of each picture's pixels."""
    is_own: bool = False
    """Whether these are the training run's own held-out pictures."""
    learnt: int = 0
    """Number of further pictures that were left out because the network was trained on them."""

    def input_hashes(self, card: Manifest) -> list[str]:
        """Hash of the network's input for each case; loads every picture."""
        return [picture_sha256(case.pixels(card)[0]) for case in self.cases]


def check_size(inputs: Set[str], name: str, is_small_allowed: bool) -> tuple[str, ...]:
    """Check that there are enough different held-out pictures for a significance test.

    Args:
        inputs: hash of each network input, so that copies count once.
        name: of the network.
        is_small_allowed: give a caveat instead of an error.

    Returns:
        The caveats.

    Raises:
        ExportError: there are too few.
    """
    if len(inputs) >= MIN_HELD_OUT:
        return ()
    found = f"{len(inputs)} different held-out pictures"
    small = f"{found}, and the gate needs {MIN_HELD_OUT} or more to detect a loss"
    if is_small_allowed:
        return (f"proved on {small} (--allow-small)",)
    raise ExportError(
        f"{name} has {small}. Give --data DIR, hold out more in training, or add --allow-small, which marks the files"
    )


def held_out_of_run(run: Run) -> HeldOut:
    """The pictures that training kept for this, without those that weights before it have learnt.

    Raises:
        ExportError: the run has none, or of another size than the network's input.
    """
    samples, seen = run.held_out(), run.seen()
    places = seen.unseen(range(len(samples.pictures)), samples.sha256.__getitem__)
    if not places:
        raise ExportError(
            f"the weights of {run.card.name} were trained on every held-out picture of {run.folder}. "
            "Give --data DIR, or train it again from other weights"
        )
    truth = samples.truth or ()
    kept = replace(
        samples,
        pictures=tuple(samples.pictures[place] for place in places),
        sha256=tuple(samples.sha256[place] for place in places),
        truth=tuple(truth[place] for place in places),
    )
    return replace(held_out_of_samples(kept, run.card), learnt=len(samples.pictures) - len(places))


def held_out_of_samples(samples: Samples, card: Manifest) -> HeldOut:
    """Pictures of a network's own size, with what they show.

    Raises:
        ExportError: they are of another size than the network's input, or nothing says what they show.
    """
    spec = card.input
    shapes = {picture.shape for picture in samples.pictures}
    if shapes != {(*spec.size_hw, spec.channels)} or samples.truth is None:
        raise ExportError(
            f"the held-out pictures of {card.name} have shape {sorted(shapes)[0]}, and its network takes "
            f"{(*spec.size_hw, spec.channels)}. Train the run again with lpr-train"
        )
    cases = tuple(
        _prepared_case(str(number), picture, truth, card)
        for number, (picture, truth) in enumerate(zip(samples.pictures, samples.truth, strict=True))
    )
    # The hashes in the file are only a claim: the set is identified by its pixels.
    contents = frozenset(map(picture_sha256, samples.pictures))
    return HeldOut(samples.source, "held out", cases, frozenset(samples.sha256), contents, is_own=True)


def _prepared_case(name: str, picture: Image, truth: Any, card: Manifest) -> Case:
    """A case of a picture that is already a network's input: preprocessing doesn't change it."""
    as_read = np.ascontiguousarray(picture[..., ::-1])  # to OpenCV's order of colours
    load = partial(_given, as_read)
    model_type = MODEL_TYPES[card.kind]
    if not model_type.sees_plates:
        return Case(name, load, str(truth))
    if model_type.finds_plates:
        return Case(name, load, [GroundTruthPlate(np.asarray(quad, np.float32)) for quad in truth])
    labels = _labels(["".join(row) for row in truth], country_from_dict(card.country))
    return Case(name, load, labels, _without_margin(card))


def _without_margin(card: Manifest) -> Quad:
    """Corners of the plate in a reader's input: growing them by the margin gives the whole picture."""
    return grow_quad(rectangle(card.input.size_hw), -card.margin / (1 + 2 * card.margin))


def _labels(rows: Sequence[str], country: Country) -> tuple[str, ...]:
    """Split rows into labels; text that the country has no labels for becomes one label."""
    try:
        return tuple(label for row in rows for label in country.tokenize(row))
    except LprError:
        return tuple("".join(rows))


def _given(picture: Image) -> Image:
    return picture


def held_out_of_data(card: Manifest, folder: Path, seen: SeenPictures = NONE_SEEN) -> HeldOut:
    """The published split of a data folder: `test` of plates, `validation` of characters.

    Args:
        card: the network's.
        folder: of the data.
        seen: what its weights have learnt, which is left out.

    Raises:
        LprError: there is no such data, or nothing in its split that this network can be measured on.
    """
    model_type = MODEL_TYPES[card.kind]
    if not model_type.sees_plates:
        all_files = load_characters(folder, "validation", country_from_dict(card.country))
        files = seen.unseen(all_files, lambda file: file_sha256(file.path))
        cases = [Case(file.path.name, partial(read_picture, file.path), file.label) for file in files]
        found = _found(cases, "characters", "validation", [file.path for file in files], folder)
        return replace(found, learnt=len(all_files) - len(files))
    all_photos, _ = ground_truth(load_photos_for(model_type, folder, "test"))
    photos = seen.unseen(all_photos, lambda photo: file_sha256(photo.path))
    made = _frames(photos) if model_type.finds_plates else _plates(photos, card)
    found = _found(list(made), model_type.training_data, "test", [photo.path for photo in photos], folder)
    return replace(found, learnt=len(all_photos) - len(photos))


def _found(cases: list[Case], data: str, split: str, paths: list[Path], folder: Path) -> HeldOut:
    if not cases:
        raise ExportError(
            f"nothing to measure on in the {data} of {folder}: its {split} split has no picture that this "
            "network should know. Leave --data out to use the run's own held-out pictures"
        )
    hashes = frozenset(map(file_sha256, paths))
    return HeldOut(data, split, tuple(cases), hashes, hashes)


def _frames(photos: list[PlatePhoto]) -> Iterator[Case]:
    for photo in photos:
        truth = [GroundTruthPlate(plate.quad_xy, plate.is_to_find, plate.has_corners) for plate in photo.plates]
        yield Case(photo.path.name, partial(read_picture, photo.path), truth)


def _plates(photos: list[PlatePhoto], card: Manifest) -> Iterator[Case]:
    country = country_from_dict(card.country)
    for photo in photos:
        for plate in photo.plates:
            if is_readable(plate, country):
                load = partial(read_picture, photo.path)
                yield Case(photo.path.name, load, _labels(plate.text_rows, country), plate.quad_xy)


def is_readable(plate: PlateLabel, country: Country) -> bool:
    """Whether a plate can be rectified, is fully legible, and has no Latin characters that the country doesn't use."""
    if plate.legible != "full" or not plate.is_to_read or not is_convex(plate.quad_xy):
        return False
    foreign = {label for group, labels in country.groups.items() if group.startswith("latin_") for label in labels}
    return foreign.isdisjoint(_labels(plate.text_rows, country))

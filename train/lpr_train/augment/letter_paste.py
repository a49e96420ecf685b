"""Copy-paste augmentation of characters: replace a plate's letters and digits by those of other plates.

Few letters make up most plates, and rendered fonts don't look like hand painting. A character cut out of a real plate
keeps its paint and camera, and rare letters become more frequent. Images of single characters serve as well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import Floats, Image
from lpr_edge.contract.country import UNREADABLE, Country
from lpr_edge.contract.geometry import part_of_quad, quad_size, rectify
from lpr_train.augment.copy_paste import Placed, UprightPlate, interchangeable, to_pixels
from lpr_train.data.reader_crops import Crop
from lpr_train.data.real_plates import RealPlate
from lpr_train.targets.heat_maps import PlacedCharacter

AROUND = 0.06
"""Margin that is cut out with a letter on each side, relative to its size."""
STRETCHED = (0.75, 1.35)
"""Range of the width of a pasted letter, relative to its natural width at that height."""
MIN_SHARP = 0.5
"""Minimum height in pixels of a letter, relative to that of the one that it replaces."""
TRIES = 4
RARITY = 0.25
"""Exponent of a letter's count in its sampling weight: 0 would sample all letters equally, and rare ones too often."""


class Letter(Protocol):
    """A real character that can be pasted."""

    @property
    def index(self) -> int:
        """Label index."""
        ...

    def cut(self, aspect: float) -> Image | None:
        """The character's image for a place of this width relative to its height; None if it is too small."""
        ...


@dataclass(frozen=True)
class CutLetter:
    """A character that can be cut out of a plate."""

    plate: RealPlate
    place: PlacedCharacter

    @property
    def index(self) -> int:
        """Label index."""
        return self.place.index

    def cut(self, aspect: float) -> Image | None:  # noqa: ARG002 - a plate's character has a shape of its own
        """The rectified character at its own resolution and shape."""
        place, quad = self.place, self.plate.quad_xy
        half = np.array([place.width, place.height]) * (0.5 + AROUND)
        middle = np.array([place.x, place.y])
        corners = part_of_quad(quad, middle - half, middle + half)
        width, height = (round(size) for size in quad_size(corners))
        return rectify(self.plate.crop_bgr, corners, (height, width)) if min(width, height) >= 4 else None


@dataclass(frozen=True)
class SquareLetter:
    """A single character whose image was stretched to a square."""

    index: int
    image_bgr: Image

    def cut(self, aspect: float) -> Image | None:
        """The image, stretched to the place's shape."""
        height = self.image_bgr.shape[0]
        return np.asarray(cv2.resize(self.image_bgr, (max(4, round(height * aspect)), height)), np.uint8)


class LetterBank:
    """Characters of real plates, by label, for pasting.

    Args:
        plates: only those with aligned characters are used.
        country: defines which labels may replace each other.
        singles: images of single characters.
    """

    def __init__(self, plates: Sequence[RealPlate], country: Country, singles: Sequence[Crop] = ()) -> None:
        index = {label: i for i, label in enumerate(country.labels)}
        found: dict[int, list[Letter]] = {}
        for plate in (plate for plate in plates if plate.placed):
            known = [label for label in plate.labels if label != UNREADABLE]
            for label, place in zip(known, plate.placed, strict=True):
                found.setdefault(index[label], []).append(CutLetter(plate, place))
        for crop in (crop for crop in singles if crop.label in index):
            found.setdefault(index[crop.label], []).append(SquareLetter(index[crop.label], crop.image_bgr))
        self._found: Mapping[int, list[Letter]] = found
        self._zones = {index[label] for label in country.table("zones") if label in index}
        self._classes = {index[label] for label in country.table("classes") if label in index}
        self._kinds = interchangeable(country)

    def alike(self, row: Placed, number: int, is_first_row: bool) -> list[int]:
        """Labels that may replace a character: zones where a plate begins, classes, digits; else its own label."""
        index = row[number].index
        begins = is_first_row and number == 0
        letters = self._zones if begins else self._classes
        kind = self._kinds[index]
        group = letters if index in letters else [i for i, other in enumerate(self._kinds) if other == kind]
        return sorted(label for label in group if self._found.get(label))

    def is_repeated(self, index: int) -> bool:
        """Whether the label is one of a repeated element of the grammar, such as a digit."""
        return self._kinds.count(self._kinds[index]) > 1

    def draw(self, labels: Sequence[int], rng: np.random.Generator) -> Letter:
        """Sample a character with one of the labels; rare ones are oversampled."""
        counts = np.array([len(self._found[label]) for label in labels], float) ** RARITY
        letters = self._found[labels[int(rng.choice(len(labels), p=counts / counts.sum()))]]
        return letters[int(rng.integers(len(letters)))]


@dataclass(frozen=True)
class PasteShares:
    """Fractions of a plate's characters to replace."""

    letters: float
    digits: float
    """Of the characters of repeated elements of the grammar."""


def with_pasted_letters(
    plate: UprightPlate, bank: LetterBank, shares: PasteShares, rng: np.random.Generator
) -> UprightPlate:
    """Replace some characters of a plate by others.

    Args:
        plate: the plate to change.
        bank: the available characters.
        shares: fractions of its characters to replace.
        rng: source of all random choices.

    Returns:
        A plate with an image of its own; unchanged where nothing fits.
    """
    image = plate.image_bgr.copy()
    rows = []
    for number, row in enumerate(plate.rows):
        changed = list(row)
        for i in range(len(row)):
            share = shares.digits if bank.is_repeated(row[i].index) else shares.letters
            labels = bank.alike(row, i, number == 0) if rng.random() < share else []
            if labels:
                changed[i] = _pasted(image, plate, row[i], labels, bank, rng)
        rows.append(tuple(changed))
    return replace(plate, image_bgr=image, rows=tuple(rows))


def _pasted(
    image: Image,
    plate: UprightPlate,
    place: PlacedCharacter,
    labels: Sequence[int],
    bank: LetterBank,
    rng: np.random.Generator,
) -> PlacedCharacter:
    """Paste a character over another one, in place; returns the character that is there afterwards."""
    box = _box_px(image, place)
    for _ in range(TRIES):
        letter = bank.draw(labels, rng)
        width, height = box[2] - box[0], box[3] - box[1]
        cell = letter.cut(width / max(1, height))
        if cell is None or cell.shape[0] < MIN_SHARP * height or min(width, height) < 4:
            continue
        if _is_light_on_dark(cell) != plate.is_light_on_dark:
            continue
        return _laid_over(image, cell, box, place, letter.index)
    return place


def _box_px(image: Image, place: PlacedCharacter) -> tuple[int, int, int, int]:
    """Left, top, right and bottom in pixels of a letter with its margin."""
    height, width = image.shape[:2]
    half_w, half_h = (size * (0.5 + AROUND) for size in (place.width, place.height))
    left, right = (to_pixels(x, width) for x in (place.x - half_w, place.x + half_w))
    top, bottom = (to_pixels(y, height) for y in (place.y - half_h, place.y + half_h))
    return max(0, round(left)), max(0, round(top)), min(width, round(right)), min(height, round(bottom))


def _laid_over(
    image: Image, cell: Image, box: tuple[int, int, int, int], place: PlacedCharacter, index: int
) -> PlacedCharacter:
    left, top, right, bottom = box
    height, width = bottom - top, right - left
    own = cell.shape[1] * height / cell.shape[0]
    new_width = round(min(width, max(own * STRETCHED[0], min(own * STRETCHED[1], width))))
    there = image[top:bottom, left:right]
    resized = np.asarray(cv2.resize(cell, (max(2, new_width), height), interpolation=cv2.INTER_AREA), np.uint8)
    matched = _in_the_light_of(resized, there)
    ground = _ground(there)
    start = (width - matched.shape[1]) // 2
    there[:] = ground
    there[:, start : start + matched.shape[1]] = matched
    return replace(place, index=index, width=place.width * matched.shape[1] / max(1, width))


def _ground(picture: Image) -> Floats:
    """The background colour around a letter: the median of the cell's border."""
    border = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
    return np.asarray(np.median(border, axis=0), np.float32)


def _in_the_light_of(cell: Image, shown: Image) -> Image:
    """Match the dark and light levels of each channel to those of another cell."""
    low, high = (np.percentile(cell, share, axis=(0, 1)) for share in (10, 90))
    wanted_low, wanted_high = (np.percentile(shown, share, axis=(0, 1)) for share in (10, 90))
    gain = np.clip((wanted_high - wanted_low) / np.maximum(high - low, 8.0), 0.3, 3.0)
    return np.asarray(np.clip((cell - low) * gain + wanted_low, 0, 255), np.uint8)


def _is_light_on_dark(cell: Image) -> bool:
    """Whether a letter is lighter than its background."""
    grey = cv2.cvtColor(cell, cv2.COLOR_BGR2GRAY)
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    return float(np.median(border)) < float(grey[1:-1, 1:-1].mean())

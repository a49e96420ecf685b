"""Copy-paste augmentation of real plates: shuffle the digits of a row, and join rows of two plates.

There are few real plates, so a reader overfits to their texts. Copy-paste keeps the paint, light and camera of the
street but changes the text each time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import Floats, Image, Quad
from lpr_edge.contract.country import Country
from lpr_edge.contract.geometry import grow_quad, quad_size, rectangle, rectify
from lpr_train.data.real_plates import SURROUNDINGS, RealPlate
from lpr_train.targets.heat_maps import PlacedCharacter

MIN_WIDTH = 200
"""Width in pixels to which smaller plates are enlarged, so that cuts at whole pixels are accurate."""
MAX_ENLARGED = 3.0
MAX_STRETCHED = 1.6
"""Largest factor by which another plate's rows are stretched or compressed in height to fit."""
SEAM = 0.02
"""Half the height of the blend between two joined plates, as a fraction of the image height."""
HIGHER = 1.15
"""Height of the strip that moves with a character, relative to the highest character of its row."""

Placed = tuple[PlacedCharacter, ...]


@dataclass(frozen=True)
class UprightPlate:
    """A rectified real plate with the same surroundings as a `RealPlate`."""

    image_bgr: Image
    rows: tuple[Placed, ...]
    """The characters, row by row, in fractions of the plate's size."""
    script: str
    """The label's `kind`: rows are only exchanged within one script."""
    is_light_on_dark: bool

    @property
    def quad_xy(self) -> Quad:
        """(4, 2) float32, the plate's corners in `image_bgr`."""
        height, width = self.image_bgr.shape[:2]
        whole = rectangle((height, width))
        return np.asarray(grow_quad(whole, -SURROUNDINGS / (1 + 2 * SURROUNDINGS)), np.float32)

    @property
    def placed(self) -> Placed:
        """All characters, in reading order."""
        return tuple(character for row in self.rows for character in row)


def interchangeable(country: Country) -> list[int]:
    """Number the labels of the alphabet so that labels with equal numbers may be exchanged within a row.

    Exchangeable are the options of a repeated element of the grammar, such as digits; a zone's letter is not.
    """
    kinds = list(range(len(country.labels)))
    index = {label: i for i, label in enumerate(country.labels)}
    for element in (element for form in country.forms for element in form.elements if element.count[1] > 1):
        places = [index[label] for option in element.options for label in option]
        for place in places:
            kinds[place] = min(kinds[place] for place in places)
    return kinds


def upright(plate: RealPlate) -> UprightPlate:
    """Rectify a plate.

    Args:
        plate: its characters must be aligned.

    Raises:
        ValueError: its corners aren't convex.
    """
    width, height = quad_size(plate.quad_xy)
    scale = float(np.clip(MIN_WIDTH / max(width, 1.0), 1.0, MAX_ENLARGED)) * (1 + 2 * SURROUNDINGS)
    size_hw = max(16, round(height * scale)), max(16, round(width * scale))
    image = rectify(plate.crop_bgr, grow_quad(plate.quad_xy, SURROUNDINGS), size_hw)
    ends = np.cumsum([0, *map(len, plate.rows)])
    rows = tuple(plate.placed[start:end] for start, end in pairwise(ends))
    return UprightPlate(image, rows, plate.label.kind, _is_light_on_dark(image))


def copy_paste_rows(
    plate: UprightPlate, other: UprightPlate, kinds: Sequence[int], rng: np.random.Generator
) -> UprightPlate:
    """Replace the lower rows of a plate with those of another one where they fit, and shuffle the digits.

    Args:
        plate: provides the upper rows.
        other: provides the lower rows.
        kinds: for each label of the alphabet a number; labels with equal numbers are exchanged.
        rng: source of all random choices.
    """
    return shuffled(joined(plate, other, rng), kinds, rng)


def joined(upper: UprightPlate, lower: UprightPlate, rng: np.random.Generator) -> UprightPlate:
    """Replace some lower rows of a plate by those of another one; returns it unchanged if they don't fit."""
    count = len(upper.rows)
    alike = (upper.script, upper.is_light_on_dark) == (lower.script, lower.is_light_on_dark)
    if not alike or count < 2 or len(lower.rows) != count:
        return upper
    kept = int(rng.integers(1, count))
    there, here = (split_between(plate.rows, kept) for plate in (lower, upper))
    stretch = (1.0 - here) / max(1.0 - there, 1e-3)
    if not 1 / MAX_STRETCHED < stretch < MAX_STRETCHED:
        return upper
    image = _laid_below(upper.image_bgr, _in_the_light_of(lower.image_bgr, upper.image_bgr), here, there, stretch)
    moved = tuple(
        tuple(replace(c, y=here + (c.y - there) * stretch, height=c.height * stretch) for c in row)
        for row in lower.rows[kept:]
    )
    return replace(upper, image_bgr=image, rows=(*upper.rows[:kept], *moved))


def split_between(rows: Sequence[Placed], kept: int) -> float:
    """Find the height at which the rows from number `kept` on can be cut off, in fractions of the plate."""
    bottom = max(c.y + c.height / 2 for c in rows[kept - 1])
    top = min(c.y - c.height / 2 for c in rows[kept])
    return (bottom + top) / 2


def _laid_below(upper: Image, lower: Image, here: float, there: float, stretch: float) -> Image:
    """Replace an image below `here` by the other one below `there`; heights in fractions of the plate."""
    height, width = upper.shape[:2]
    here_px, there_px = to_pixels(here, height), to_pixels(there, lower.shape[0])
    by = stretch * height / lower.shape[0]
    transform = np.array([[width / lower.shape[1], 0, 0], [0, by, here_px - by * there_px]], np.float32)
    other = cv2.warpAffine(lower, transform, (width, height), borderMode=cv2.BORDER_REPLICATE)
    share = (np.arange(height) - here_px) / (2 * SEAM * height) + 0.5
    share = np.clip(share, 0.0, 1.0).astype(np.float32)[:, np.newaxis, np.newaxis]
    return np.asarray(upper * (1 - share) + other * share + 0.5, np.uint8)


def _in_the_light_of(image: Image, shown: Image) -> Image:
    """Match the mean and standard deviation of each channel to those of another plate's image."""
    (mean, spread), (wanted, wanted_spread) = (cv2.meanStdDev(_inner(picture)) for picture in (image, shown))
    gain = np.clip(wanted_spread / np.maximum(spread, 4.0), 0.35, 2.0).ravel()
    levels = np.arange(256)[:, np.newaxis]
    table = (levels - mean.ravel()) * gain + wanted.ravel()
    return np.asarray(cv2.LUT(image, np.clip(table, 0, 255).astype(np.uint8)[:, np.newaxis]), np.uint8)


def shuffled(plate: UprightPlate, kinds: Sequence[int], rng: np.random.Generator) -> UprightPlate:
    """Exchange characters of the same kind within each row; each keeps its own width."""
    image = plate.image_bgr.copy()
    rows = tuple(_shuffle_row(image, plate.rows, number, kinds, rng) for number in range(len(plate.rows)))
    return replace(plate, image_bgr=image, rows=rows)


def _shuffle_row(
    image: Image, rows: Sequence[Placed], number: int, kinds: Sequence[int], rng: np.random.Generator
) -> Placed:
    """Exchange a row's characters in the image, in place; returns their new positions."""
    row = rows[number]
    order = _new_order([kinds[c.index] for c in row], rng)
    height, width = image.shape[:2]
    half = round(_half_height(rows, number) * height / (1 + 2 * SURROUNDINGS))
    edges = np.array([to_pixels(x, width) for x in _edges(row)]).round().astype(int)
    starts = edges[0] + np.concatenate([[0], np.cumsum(np.diff(edges)[order])])
    slope, start = _line(row)
    lines = [round(to_pixels(start + slope * _share(x, width), height)) for x in (*_middles(edges), *_middles(starts))]
    if half < 2 or edges[0] < 0 or edges[-1] > width or min(lines) < half or max(lines) > height - half:
        return row
    cells = [image[y - half : y + half, a:b].copy() for y, a, b in zip(lines, edges[:-1], edges[1:], strict=False)]
    moved = []
    for source, left, y in zip(order, starts[:-1], lines[len(row) :], strict=True):
        cell, character = cells[source], row[source]
        image[y - half : y + half, left : left + cell.shape[1]] = cell
        right_by = (left - edges[source]) / width * (1 + 2 * SURROUNDINGS)
        lower_by = (y - lines[source]) / height * (1 + 2 * SURROUNDINGS)
        moved.append(replace(character, x=character.x + right_by, y=character.y + lower_by))
    return tuple(moved)


def _new_order(kinds: Sequence[int], rng: np.random.Generator) -> list[int]:
    """Choose for each position a character of the same kind."""
    order = np.arange(len(kinds))
    for kind in sorted(set(kinds)):
        places = np.flatnonzero(np.array(kinds) == kind)
        order[places] = rng.permutation(places)
    return [int(place) for place in order]


def _edges(row: Placed) -> list[float]:
    """X positions that separate a row's characters, in fractions of the plate: one more than there are characters."""
    sides = [(a.x + a.width / 2, b.x - b.width / 2) for a, b in pairwise(row)]
    between = [(right + left) / 2 for right, left in sides]
    gaps = [max(0.0, left - right) for right, left in sides]
    beside = min(gaps, default=0.0) / 2
    first, last = row[0], row[-1]
    edges = [first.x - first.width / 2 - beside, *between, last.x + last.width / 2 + beside]
    return [float(x) for x in np.maximum.accumulate(edges)]


def _half_height(rows: Sequence[Placed], number: int) -> float:
    """Half the height of the strip that moves with a row's characters, in fractions of the plate."""
    middles = [float(np.mean([c.y for c in row])) for row in rows]
    apart = [abs(middles[number] - middle) for i, middle in enumerate(middles) if i != number]
    return min(HIGHER * max(c.height for c in rows[number]), *apart, 1.0) / 2


def _line(row: Placed) -> tuple[float, float]:
    """Slope and height at x = 0 of the line through a row's characters, in fractions of the plate."""
    if len(row) < 2:
        return 0.0, row[0].y
    slope, start = np.polyfit([c.x for c in row], [c.y for c in row], 1)
    return float(slope), float(start)


def _middles(edges: Floats) -> Floats:
    return np.asarray((edges[:-1] + edges[1:]) / 2)


def to_pixels(share: float, size: int) -> float:
    """Convert a fraction of a plate's width or height to pixels in its image of `size` pixels."""
    return (share + SURROUNDINGS) / (1 + 2 * SURROUNDINGS) * size


def _share(pixels: float, size: int) -> float:
    return pixels / size * (1 + 2 * SURROUNDINGS) - SURROUNDINGS


def _inner(image: Image) -> Image:
    """The plate without its surroundings."""
    height, width = image.shape[:2]
    top, left = (round(to_pixels(0.05, size)) for size in (height, width))
    return image[top : height - top, left : width - left]


def _is_light_on_dark(image: Image) -> bool:
    """Whether the characters are lighter than the background, which covers more of the plate."""
    grey = cv2.cvtColor(_inner(image), cv2.COLOR_BGR2GRAY)
    _, light = cv2.threshold(grey, 0, 1, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    return float(light.mean()) < 0.5

"""Row layout augmentation: turn two-row plates into one-row plates, which are rarer in real data."""

from dataclasses import replace

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import Image
from lpr_train.augment.copy_paste import Placed, UprightPlate, split_between, to_pixels
from lpr_train.data.real_plates import SURROUNDINGS
from lpr_train.targets.heat_maps import PlacedCharacter

NARROWED = (0.55, 1.0)
"""Range of the width of characters relative to that in two rows: painters narrow them to fit."""
BETWEEN_ROWS = (0.05, 0.5)
"""Range of the gaps between and around what were two rows, relative to the row's height."""
ABOVE_AND_BELOW = (0.02, 0.2)
"""Range of the margin above and below the row, relative to its height."""
BESIDE = 0.025
"""Margin that is cut out on each side of a row's characters, relative to the plate's width: boxes are inexact."""


def to_one_row(plate: UprightPlate, rng: np.random.Generator) -> UprightPlate:
    """Put the two rows of a plate side by side; a plate with another number of rows is returned unchanged."""
    if len(plate.rows) != 2:
        return plate
    split = split_between(plate.rows, 1)
    bands = ((_top(plate.rows[0]), split), (split, _bottom(plate.rows[1])))
    height = round(max(_height_px(plate, band) for band in bands))
    narrowed = rng.uniform(*NARROWED)
    pieces = [_row_alone(plate, row, band, height, narrowed) for row, band in zip(plate.rows, bands, strict=True)]
    room = [round(height * share) for share in rng.uniform(*BETWEEN_ROWS, 3)]
    above, below = (round(height * share) for share in rng.uniform(*ABOVE_AND_BELOW, 2))
    padded = [
        _bordered(picture, _ground(picture, plate.is_light_on_dark), above, below, left, right)
        for (picture, _), left, right in zip(pieces, room[:2], (0, room[2]), strict=True)
    ]
    whole = np.hstack(padded)
    starts = (room[0], padded[0].shape[1] + room[1])
    row = tuple(
        _shown_in(c, start, above, (picture.shape[0], picture.shape[1]), (whole.shape[0], whole.shape[1]))
        for (picture, characters), start in zip(pieces, starts, strict=True)
        for c in characters
    )
    return replace(plate, image_bgr=_surrounded(whole, plate.image_bgr), rows=(row,))


def _ground(picture: Image, is_light_on_dark: bool) -> list[float]:
    """The background colour between a row's characters, which cover about half of it."""
    return [float(value) for value in np.percentile(picture, 25 if is_light_on_dark else 75, axis=(0, 1))]


def _bordered(picture: Image, colour: list[float], above: int, below: int, left: int, right: int) -> Image:
    framed = cv2.copyMakeBorder(picture, above, below, left, right, cv2.BORDER_CONSTANT, value=colour)
    return np.asarray(framed, np.uint8)


def _top(row: Placed) -> float:
    return max(-0.05, min(c.y - c.height / 2 for c in row) - 0.03)


def _bottom(row: Placed) -> float:
    return min(1.05, max(c.y + c.height / 2 for c in row) + 0.03)


def _height_px(plate: UprightPlate, band: tuple[float, float]) -> float:
    height = plate.image_bgr.shape[0]
    return to_pixels(band[1], height) - to_pixels(band[0], height)


def _row_alone(
    plate: UprightPlate, row: Placed, band: tuple[float, float], height: int, narrowed: float
) -> tuple[Image, Placed]:
    """Cut out a row; returns its image (height, w, 3), and its characters in fractions of that image."""
    size_hw = plate.image_bgr.shape[0], plate.image_bgr.shape[1]
    left, right = row[0].x - row[0].width / 2 - BESIDE, row[-1].x + row[-1].width / 2 + BESIDE
    top_px, bottom_px = (round(to_pixels(y, size_hw[0])) for y in band)
    left_px, right_px = (round(np.clip(to_pixels(x, size_hw[1]), 0, size_hw[1])) for x in (left, right))
    piece = plate.image_bgr[top_px : max(top_px + 2, bottom_px), left_px : max(left_px + 2, right_px)]
    width = max(2, round(piece.shape[1] * height / piece.shape[0] * narrowed))
    picture = np.asarray(cv2.resize(piece, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
    across, down = right - left, band[1] - band[0]
    characters = tuple(
        replace(c, x=(c.x - left) / across, y=(c.y - band[0]) / down, width=c.width / across, height=c.height / down)
        for c in row
    )
    return picture, characters


def _shown_in(
    c: PlacedCharacter, left: int, top: int, piece_hw: tuple[int, int], whole_hw: tuple[int, int]
) -> PlacedCharacter:
    """Convert a character's position from fractions of a piece to fractions of the whole image."""
    (height, width), (whole_height, whole_width) = piece_hw, whole_hw
    return replace(
        c,
        x=(left + c.x * width) / whole_width,
        y=(top + c.y * height) / whole_height,
        width=c.width * width / whole_width,
        height=c.height * height / whole_height,
    )


def _surrounded(plate: Image, around: Image) -> Image:
    """Put a plate's image into the surroundings of another one."""
    height, width = plate.shape[:2]
    y, x = round(height * SURROUNDINGS), round(width * SURROUNDINGS)
    image = np.asarray(cv2.resize(around, (width + 2 * x, height + 2 * y)), np.uint8)
    image[y : y + height, x : x + width] = plate
    return image

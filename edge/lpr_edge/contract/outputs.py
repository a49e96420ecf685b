"""What the numbers of a network mean: how they are coded for training, and read on the device.

Detector heads, on a grid over the input: `centre` (h, w, 1), 0..1, high at plates' centres; `corners` (h, w, 8), the
coded way from a cell's middle to four corners in picture order; `turn` (h, w, 4), which of them is the plate's own
top left. Reader heads: `centre` (h, w, 1), high at characters' centres; `classes` (h, w, labels), logits; `size`
(h, w, 2), width and height relative to the plate's; `corners` (8,), which older readers lack, how far the plate's
true corners are from those that the input was rectified by. Classifier head: `scores` (labels,), 0..1, summing to one.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import Floats, Quad
from lpr_edge.contract.geometry import grow_quad, is_convex, places_on_quad, quad_iou, rectangle, roll_quad
from lpr_edge.contract.rows import Character

Item = TypeVar("Item")


class Head(Protocol):
    """One output as numbers: an array, or what gives a part of one when that part is asked for."""

    def __getitem__(self, place: Any, /) -> Any:
        """The numbers at a place, as an array gives them."""
        ...


STEEPNESS = 30.0
"""How much finer short offsets are encoded than long ones: in int8, small plates then have a resolution below a pixel,
and large ones one that is small relative to their width. A linear scale would be too coarse for small plates."""


@dataclass(frozen=True)
class PlateBox:
    """A plate in a detector's input."""

    quad_xy: Quad
    """(4, 2) corners in input pixels, from the plate's own top left."""
    score: float
    turn_scores: tuple[float, float, float, float]
    """How likely each of its corners, in `quad_xy`'s order, is the own top left."""


def encode_offsets(offsets: Floats) -> Floats:
    """Encode offsets, in fractions of the input's longer side, so that short ones keep their precision in 8 bits."""
    return np.asarray(np.arcsinh(STEEPNESS * offsets) / np.arcsinh(STEEPNESS), np.float32)


_LONGEST = float(np.arcsinh(STEEPNESS))


def decode_offset(code: float) -> float:
    """The inverse of `encode_offsets`, of one number.

    It and what follows is computed in double by plain Python: in single, NumPy 1 and 2 and the processors' own `sinh`
    differ in the last bit, so that a plate is cut out of the frame elsewhere and another text is read; and a few
    numbers take NumPy longer.
    """
    return math.sinh(code * _LONGEST) / STEEPNESS


def encode_corners(corners: Quad, margin: float) -> Floats:
    """Code a plate's true corners in a reader's input.

    Args:
        corners: (4, 2) true corners as shares of the input's width and height, from the plate's own top left on.
        margin: the reader's margin around the plate, as a share of the plate's size.

    Returns:
        (8,) float32 offsets from the corners that the input was rectified by, as shares of that plate's size.
    """
    return np.asarray(corners * (1 + 2 * margin) - margin - rectangle((1, 1)), np.float32).ravel()


def corrected_corners(quad_xy: Quad, codes: Floats, margin: float) -> Quad:
    """The inverse of `encode_corners`, in the picture: a plate's true corners as a reader sees them.

    Args:
        quad_xy: (4, 2) the corners that the reader's input was rectified by, in pixels of the picture.
        codes: (8,) the reader's `corners`.
        margin: the reader's margin around the plate, as a share of the plate's size.

    Returns:
        (4, 2) float32 corners in pixels; the given ones where the result isn't convex.
    """
    in_view = (rectangle((1, 1)) + codes.reshape(4, 2) + margin) / (1 + 2 * margin)
    moved = places_on_quad(grow_quad(quad_xy, margin), in_view)
    return moved if is_convex(moved) else quad_xy


_NEIGHBOURS = np.ones((3, 3), np.uint8)


def find_peaks(heat: Floats, threshold: float) -> list[tuple[int, int]]:
    """Cells (row, column) of a heat map (h, w) that are at least `threshold` and the highest of their 3×3 neighbours.

    Highest first. A plateau gives each of its cells: overlapping results are left to the caller.
    """
    if heat.size == 0 or float(heat.max()) < threshold:
        return []
    places = np.flatnonzero(heat >= np.maximum(cv2.dilate(heat, _NEIGHBOURS), threshold))
    heights = heat.ravel()[places].tolist()
    # Few cells: plain Python sorts them faster than NumPy, and reversed it keeps the order of equal ones, too.
    order = sorted(range(len(heights)), key=heights.__getitem__, reverse=True)
    cells = [divmod(place, heat.shape[1]) for place in places.tolist()]
    return [cells[i] for i in order]


def non_maximum_suppression(detections: Iterable[Item], are_one: Callable[[Item, Item], bool]) -> list[Item]:
    """Non-maximum suppression: sort detections by score, and of overlapping ones keep the first."""
    kept: list[Item] = []
    for one in detections:
        if not any(are_one(one, other) for other in kept):
            kept.append(one)
    return kept


def decode_plates(
    heads: Mapping[str, Head], input_hw: tuple[int, int], thresholds: Mapping[str, float]
) -> list[PlateBox]:
    """Decode a detector's outputs.

    Args:
        heads: `centre` (h, w, 1), `corners` (h, w, 8), `turn` (h, w, 4).
        input_hw: height and width of the detector's input, in pixels.
        thresholds: `score`, the least a plate's centre must have; `overlap`, the IoU from which two are one.

    Returns:
        Plates, by falling score.
    """
    heat = np.ascontiguousarray(heads["centre"][..., 0], np.float32)
    cells = find_peaks(heat, thresholds["score"])[:MAX_PLATES]
    boxes = (_plate_at(cell, heat, heads, input_hw) for cell in cells)
    convex = (box for box in boxes if is_convex(box.quad_xy))
    return non_maximum_suppression(convex, lambda a, b: quad_iou(a.quad_xy, b.quad_xy) > thresholds["overlap"])


MAX_PLATES = 32
"""Peaks looked at in one frame: a bound on time in noise."""


def _plate_at(cell: tuple[int, int], heat: Floats, heads: Mapping[str, Head], input_hw: tuple[int, int]) -> PlateBox:
    corners = _corners_at(cell, heat, heads["corners"], input_hw)
    turn_scores: list[float] = heads["turn"][cell].tolist()
    turn = max(range(4), key=turn_scores.__getitem__)
    first, second, third, fourth = turn_scores[turn:] + turn_scores[:turn]
    return PlateBox(roll_quad(corners, turn), float(heat[cell]), (first, second, third, fourth))


def _corners_at(cell: tuple[int, int], heat: Floats, corners: Head, input_hw: tuple[int, int]) -> Quad:
    """Mean corners of a peak and of neighbours with nearly its value, weighted: more stable than one cell."""
    (row, column), (height, width) = cell, heat.shape
    around = ((row, column), (row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1))
    cells = [(r, c) for r, c in around if 0 <= r < height and 0 <= c < width]
    least = 0.6 * heat.item(cell)  # NumPy 1 and 2 multiply their own numbers in double and in single
    hot = [(r, c, peak) for r, c in cells if (peak := heat.item(r, c)) >= least]
    rows, columns, peaks = zip(*hot, strict=True)
    offsets, x, y = [0.0] * 8, 0.5, 0.5
    for (r, c, peak), codes in zip(hot, corners[rows, columns].tolist(), strict=True):
        weight = peak / sum(peaks)
        x, y = x + weight * c, y + weight * r
        offsets = [offset + weight * decode_offset(code) for offset, code in zip(offsets, codes, strict=True)]
    x, y, longer = x * input_hw[1] / width, y * input_hw[0] / height, max(input_hw)
    return np.array([(longer * offsets[i] + x, longer * offsets[i + 1] + y) for i in (0, 2, 4, 6)], np.float32)


def cell_middle(cell: tuple[int, int], grid: tuple[int, ...], input_hw: tuple[int, int]) -> Floats:
    """Centre (x, y) in input pixels of the cell (row, column) of a grid (h, w)."""
    row, column = cell
    return np.array([(column + 0.5) * input_hw[1] / grid[1], (row + 0.5) * input_hw[0] / grid[0]], np.float32)


def decode_characters(
    heads: Mapping[str, Head], labels: Sequence[str], thresholds: Mapping[str, float]
) -> list[Character]:
    """Decode a reader's outputs.

    Args:
        heads: `centre` (h, w, 1), `classes` (h, w, labels) logits, `size` (h, w, 2).
        labels: what the classes are called.
        thresholds: `peak`, the least a character's centre must have; `temperature`, by which logits are divided
            (1 where none was fitted).

    Returns:
        Characters in no order; `group_rows` gives them one.
    """
    heat = np.ascontiguousarray(heads["centre"][..., 0], np.float32)
    cells = find_peaks(heat, thresholds["peak"])[:MAX_CHARACTERS]
    characters = _characters_at(cells, heat, heads, labels, thresholds.get("temperature", 1.0))
    return non_maximum_suppression(characters, _same_place)


MAX_CHARACTERS = 48
"""Peaks looked at on one plate: the longest real one has 13 characters."""


def _characters_at(
    cells: Sequence[tuple[int, int]], heat: Floats, heads: Mapping[str, Head], labels: Sequence[str], temperature: float
) -> list[Character]:
    """Characters at cells (row, column); all in one call, as NumPy's overhead is per call."""
    if not cells:
        return []
    rows, columns = zip(*cells, strict=True)
    logits = np.asarray(heads["classes"][rows, columns], np.float64) / temperature
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    scores = np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float32)
    best_labels, sizes = scores.argmax(axis=1).tolist(), heads["size"][rows, columns].tolist()
    grid_height, grid_width = heat.shape
    return [
        Character(
            label=labels[best],
            score=shares.item(best),
            peak=heat.item(cell),
            x=(cell[1] + 0.5) / grid_width,
            y=(cell[0] + 0.5) / grid_height,
            width=width,
            height=height,
            scores=shares,
        )
        for cell, best, shares, (width, height) in zip(cells, best_labels, scores, sizes, strict=True)
    ]


def _same_place(a: Character, b: Character) -> bool:
    """Whether two peaks are on one glyph: nearer than half their mean width and height."""
    near_x = abs(a.x - b.x) < 0.25 * (a.width + b.width)
    return near_x and abs(a.y - b.y) < 0.25 * (a.height + b.height)

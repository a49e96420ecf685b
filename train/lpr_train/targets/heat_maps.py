"""Heat-map targets of the detector and the reader.

The last channel of each target is the loss weight; it is 0 where the label is unknown or doesn't matter.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lpr_edge.contract.base.arrays import Floats, Quad
from lpr_edge.contract.geometry import picture_order, quad_size
from lpr_edge.contract.outputs import cell_middle, encode_offsets

POSITIVE = 0.5
"""Heat-map value from which a cell also predicts the plate's corners or the character's class."""
NARROWEST = 0.6
"""Minimum standard deviation of a peak in cells, so that its neighbours still have a visible value."""


UNKNOWN = -1
"""Label index of an unreadable character: no loss applies there."""


@dataclass(frozen=True)
class PlacedCharacter:
    """A character with a known position, in fractions of the plate's width and height."""

    index: int
    """Label index; `UNKNOWN` for a region that may hold unreadable characters."""
    x: float
    y: float
    width: float
    """0 if the size isn't known"""
    height: float


def peak(grid: tuple[int, int], cell: tuple[int, int], spread_rc: tuple[float, float]) -> Floats:
    """Gaussian peak (h, w) float32 with the value 1 at `cell`; standard deviations along rows and columns, in cells."""
    rows = np.arange(grid[0], dtype=np.float32)[:, np.newaxis] - cell[0]
    columns = np.arange(grid[1], dtype=np.float32)[np.newaxis] - cell[1]
    return np.exp(-(rows**2) / (2 * spread_rc[0] ** 2) - columns**2 / (2 * spread_rc[1] ** 2)).astype(np.float32)


def cell_of(x: float, y: float, grid: tuple[int, int]) -> tuple[int, int] | None:
    """The cell (row, column) that contains a point given in fractions of the input; None outside."""
    row, column = int(np.floor(y * grid[0])), int(np.floor(x * grid[1]))
    return (row, column) if 0 <= row < grid[0] and 0 <= column < grid[1] else None


def plate_targets(
    quads: Sequence[Quad],
    ignored: Sequence[Quad],
    input_hw: tuple[int, int],
    stride: int,
    loose: Sequence[Quad] = (),
) -> dict[str, Floats]:
    """Build the targets of the detector.

    Args:
        quads: plates to detect, (4, 2) corners in input pixels, clockwise from the plate's own top left.
        ignored: plates that may or may not be detected, such as illegible ones.
        input_hw: height and width of the input in pixels.
        stride: input pixels per cell.
        loose: boxes around plates to detect whose exact corners are unknown; no corner loss applies there.

    Returns:
        `centre` (h, w, 2): heat map and weight; `corners` (h, w, 9): encoded offsets and weight; `turn` (h, w, 5):
        probabilities of the four rotations and weight.
    """
    grid = (input_hw[0] // stride, input_hw[1] // stride)
    centre = np.zeros((*grid, 2), np.float32)
    centre[..., 1] = 1.0 - _covered(ignored, grid, stride)
    corners, turn = np.zeros((*grid, 9), np.float32), np.zeros((*grid, 5), np.float32)
    for box in loose:
        _draw_centre(box, centre, input_hw, stride)
    for quad in quads:
        _draw_plate(quad, centre, corners, turn, input_hw, stride)
    return {"centre": centre, "corners": corners, "turn": turn}


def _draw_plate(
    quad: Quad, centre: Floats, corners: Floats, turn: Floats, input_hw: tuple[int, int], stride: int
) -> None:
    grid = (centre.shape[0], centre.shape[1])
    heat = _draw_centre(quad, centre, input_hw, stride)
    ordered, turns = picture_order(quad)
    mine = (heat >= POSITIVE) & (heat > corners[..., 8])
    for row, column in np.argwhere(mine):
        offsets = (ordered - cell_middle((row, column), grid, input_hw)) / max(input_hw)
        corners[row, column, :8] = encode_offsets(offsets).ravel()
    corners[mine, 8] = heat[mine]
    turn[mine] = np.append(np.eye(4, dtype=np.float32)[turns], 0.0)
    turn[mine, 4] = heat[mine]


def _draw_centre(quad: Quad, centre: Floats, input_hw: tuple[int, int], stride: int) -> Floats:
    """Draw a plate's peak; returns its heat map (h, w), zero if the plate's centre is outside."""
    grid = (centre.shape[0], centre.shape[1])
    x, y = quad.mean(axis=0)
    cell = cell_of(x / input_hw[1], y / input_hw[0], grid)
    if cell is None:
        return np.zeros(grid, np.float32)
    spread = float(np.clip(0.18 * min(quad_size(quad)) / stride, NARROWEST, 2.5))
    heat = peak(grid, cell, (spread, spread))
    centre[..., 0] = np.maximum(centre[..., 0], heat)
    centre[heat >= POSITIVE, 1] = 1.0
    return heat


def _covered(quads: Sequence[Quad], grid: tuple[int, int], stride: int) -> Floats:
    """Mask (h, w) float32 of the cells that any quad's bounding box covers: 1 there, else 0."""
    mask = np.zeros(grid, np.float32)
    for quad in quads:
        low = np.floor(quad.min(axis=0) / stride).astype(int).clip(0)
        high = np.ceil(quad.max(axis=0) / stride).astype(int).clip(0)
        mask[low[1] : high[1], low[0] : high[0]] = 1.0
    return mask


def character_targets(characters: Sequence[PlacedCharacter], grid: tuple[int, int]) -> dict[str, Floats]:
    """Build the targets of the reader.

    Args:
        characters: the plate's characters and unknown regions.
        grid: height and width of the output in cells.

    Returns:
        `centre` (h, w, 2): heat map and weight; `classes` (h, w, 2): label index and weight; `size` (h, w, 3): width,
        height and weight. Weights are 0 in unknown regions, except at known characters.
    """
    centre = np.zeros((*grid, 2), np.float32)
    centre[..., 1] = 1.0
    classes, size = np.zeros((*grid, 2), np.float32), np.zeros((*grid, 3), np.float32)
    for place in (character for character in characters if character.index == UNKNOWN):
        centre[(*_cells_in(place, grid), 1)] = 0.0
    for character in (character for character in characters if character.index != UNKNOWN):
        _draw_character(character, centre, classes, size)
    return {"centre": centre, "classes": classes, "size": size}


def _draw_character(character: PlacedCharacter, centre: Floats, classes: Floats, size: Floats) -> None:
    grid = (centre.shape[0], centre.shape[1])
    cell = cell_of(character.x, character.y, grid)
    if cell is None:
        return
    spread = (_spread(character.height * grid[0]), _spread(character.width * grid[1]))
    heat = peak(grid, cell, spread)
    mine = (heat >= POSITIVE) & (heat > classes[..., 1])
    classes[mine, 0], classes[mine, 1] = character.index, heat[mine]
    size[mine] = (min(1.0, character.width), min(1.0, character.height), 0.0)  # a sigmoid gives no more
    size[mine, 2] = heat[mine] * (character.width > 0)
    centre[..., 0] = np.maximum(centre[..., 0], heat)
    centre[mine, 1] = 1.0


def _cells_in(place: PlacedCharacter, grid: tuple[int, int]) -> tuple[slice, slice]:
    """The rows and columns that a box covers."""
    top, bottom = (round((place.y + side * place.height / 2) * grid[0]) for side in (-1, 1))
    left, right = (round((place.x + side * place.width / 2) * grid[1]) for side in (-1, 1))
    return slice(max(0, top), max(0, bottom)), slice(max(0, left), max(0, right))


def _spread(cells: float) -> float:
    return float(np.clip(0.12 * cells, NARROWEST, 2.0))

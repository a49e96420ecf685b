"""The characters on a plate, and the rows that they stand in."""

from collections.abc import Sequence
from dataclasses import dataclass

from lpr_edge.contract.base.arrays import Floats


@dataclass(frozen=True)
class Character:
    """A character on a plate; places and sizes are shares of the plate's width and height."""

    label: str
    score: float
    """Probability of the label, given that there is a character."""
    peak: float
    """How sure the network is that a character stands here."""
    x: float
    y: float
    width: float
    height: float
    scores: Floats
    """(labels,) probabilities, in the model's order of labels."""


Rows = tuple[tuple[Character, ...], ...]
"""Rows from the top, each from left to right."""


def labels_of(rows: Sequence[Sequence[Character]]) -> list[str]:
    """The labels in reading order."""
    return [character.label for row in rows for character in row]


def group_rows(characters: Sequence[Character]) -> list[list[Character]]:
    """Group characters into rows from the top, each from left to right.

    One joins the row above it if it lies within 0.6 mean heights of that row's middle; rows are at least a whole one
    apart, and painted characters of one row wander by a third. Where they wander more, all rows may slant alike.
    """
    rows = _rows_along(characters, 0.0)
    if len(characters) < MIN_CHARACTERS_TO_SLANT or abs(slope_of_rows(rows)) <= STRAIGHT:
        return rows
    return min((rows, *(_rows_along(characters, slope) for slope in SLOPES)), key=_rows_cost)


SLOPES = (-0.15, 0.15, -0.3, 0.3, -0.45, 0.45, -0.6, 0.6)
"""Falls of a row over the plate's width, in shares of its height, that are tried: a detector sees plates that lean too
upright, and what it shows then slants by this much."""
MIN_CHARACTERS_TO_SLANT = 4
STRAIGHT = 0.12
"""Fall up to which rows are taken as they are: a painter's hand does as much."""


def slope_of_rows(rows: Sequence[Sequence[Character]]) -> float:
    """Common slope of all rows over the plate's width, in fractions of its height (least squares)."""
    along = across = 0.0
    for row in rows:
        x_mean, y_mean = sum(c.x for c in row) / len(row), sum(c.y for c in row) / len(row)
        along += sum((c.x - x_mean) * (c.y - y_mean) for c in row)
        across += sum((c.x - x_mean) ** 2 for c in row)
    return along / across if across > 0 else 0.0


def _rows_along(characters: Sequence[Character], slope: float) -> list[list[Character]]:
    rows: list[list[Character]] = []
    # Sums over the last row; to sum a row again for each character takes the longest of all.
    middle = height = 0.0
    for character in sorted(characters, key=lambda c: c.y - slope * c.x):
        y = character.y - slope * character.x
        if rows and y - middle / len(rows[-1]) < 0.3 * (character.height + height / len(rows[-1])):
            rows[-1].append(character)
            middle, height = middle + y, height + character.height
        else:
            rows.append([character])
            middle, height = y, character.height
    return [sorted(row, key=lambda c: c.x) for row in rows]


def _residual(row: Sequence[Character], slope: float) -> list[float]:
    middle = sum(c.y - slope * c.x for c in row) / len(row)
    return [abs(c.y - slope * c.x - middle) / max(c.height, 1e-3) for c in row]


def _rows_cost(rows: Sequence[Sequence[Character]]) -> float:
    """Cost of a grouping, less is better: residuals from the rows, number of rows, and slope."""
    slope = slope_of_rows(rows)
    return sum(sum(_residual(row, slope)) for row in rows) + 0.5 * len(rows) + abs(slope)

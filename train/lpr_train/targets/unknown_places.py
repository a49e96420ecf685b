"""Regions of a partly legible plate that may hold unreadable characters, where no loss applies."""

from collections.abc import Sequence
from itertools import pairwise

from lpr_train.targets.heat_maps import UNKNOWN, PlacedCharacter

OUTSIDE = (-0.4, 1.4)
"""Left and right limit of the regions in fractions of the plate: the corners of a truncated plate are guesses."""
ROW_HEIGHT = 1.3
"""Height of a row's band relative to its tallest known character."""

Row = Sequence[PlacedCharacter]


def unknown_places(rows: Sequence[Row]) -> list[PlacedCharacter]:
    """Find boxes with the index `UNKNOWN` that cover all unreadable characters.

    Args:
        rows: the plate's characters as labelled, row by row; unreadable ones have the index `UNKNOWN`. Their own
            positions are ignored, because labels give their number only approximately.

    Returns:
        For each run of unreadable characters the region between its known neighbours, or up to the plate's side; for a
        row without known characters the region between the adjacent rows.
    """
    places = []
    for number, row in enumerate(rows):
        if not row or any(character.index == UNKNOWN for character in row):
            top, bottom = _band(rows, number)
            places += [_box(left, right, top, bottom) for left, right in _gaps(row)]
    return places


def _gaps(row: Row) -> list[tuple[float, float]]:
    """Left and right end of each run of unreadable characters, in fractions of the plate."""
    first, last = OUTSIDE
    if all(character.index == UNKNOWN for character in row):
        return [(first, last)]
    known = [i for i, character in enumerate(row) if character.index != UNKNOWN]
    ends = [-1, *known, len(row)]
    lefts = [first, *(row[i].x + row[i].width / 2 for i in known)]
    rights = [*(row[i].x - row[i].width / 2 for i in known), last]
    rooms = zip(pairwise(ends), lefts, rights, strict=True)
    return [(left, right) for (a, b), left, right in rooms if b - a > 1 and right > left]


def _band(rows: Sequence[Row], number: int) -> tuple[float, float]:
    """Top and bottom of a row: around its known characters or, without any, between the adjacent rows."""
    own = _extent(rows[number])
    if own is not None:
        middle, half = (own[0] + own[1]) / 2, ROW_HEIGHT * (own[1] - own[0]) / 2
        return middle - half, middle + half
    above = [extent[1] for row in rows[:number] if (extent := _extent(row)) is not None]
    below = [extent[0] for row in rows[number + 1 :] if (extent := _extent(row)) is not None]
    return max(above, default=OUTSIDE[0]), min(below, default=OUTSIDE[1])


def _extent(row: Row) -> tuple[float, float] | None:
    """Top and bottom of a row's known characters."""
    known = [character for character in row if character.index != UNKNOWN]
    if not known:
        return None
    return min(c.y - c.height / 2 for c in known), max(c.y + c.height / 2 for c in known)


def _box(left: float, right: float, top: float, bottom: float) -> PlacedCharacter:
    return PlacedCharacter(UNKNOWN, (left + right) / 2, (top + bottom) / 2, right - left, bottom - top)

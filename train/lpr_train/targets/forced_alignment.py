"""Finding where the known characters of a real plate stand, by the reader's own outputs (forced alignment).

Labelled plates say what is written, row by row, but not where. A reader that was trained on rendered plates knows
well enough: of all places that keep the rows' order, those that it likes best are taken.
"""

from collections.abc import Sequence

import numpy as np

from lpr_edge.contract.arrays import Floats
from lpr_train.targets.heat_maps import UNKNOWN, PlacedCharacter

LEAST_GAP = 2
"""Cells between neighbours: on the narrowest plates characters are three cells apart."""
SHARE_OF_GAP = 0.25
"""The same beside what each character of a row has of the grid's width: one २ isn't two that stand in a row."""
LEAST_MEAN = np.log(0.15)
"""Mean log score of a plate's characters, heat times probability, below which the alignment isn't believed."""
LEAST = np.log(0.004)
"""The same for its worst character: one may be badly wrong, that is what there is to learn."""
LEAST_UNKNOWN = np.log(0.05)
"""What an unreadable character costs at most: the labels' count of them is approximate, and they may be hardly seen."""
NEAR = 0.07
"""How far from its row's line a character's middle may be, beside the grid's height."""
STEEPEST = 0.2
"""Most that a row rises or falls over the width, beside the grid's height."""
SLOPES = 9
"""Lines through one height that are tried."""
ROWS_APART = 0.16
"""Least distance of two rows' lines, at both ends, beside the grid's height: a tenth and more is the gap and halves of
characters. Without it two rows that both say १५ are found in the one whose १५ is clearer, and a reader that is taught
so never sees the other.
"""


def align_characters(heads: dict[str, Floats], rows: Sequence[Sequence[int]]) -> list[PlacedCharacter] | None:
    """Place known characters on a plate.

    Args:
        heads: a reader's outputs for the plate: `centre` (h, w, 1), `classes` (h, w, labels), `size` (h, w, 2).
        rows: the labels' indices, row by row from the top; `UNKNOWN` for a character that nobody could read, and at
            least one known in each row.

    Returns:
        One place a character, in reading order, in shares of the reader's input; None where the network disagrees too
        much for its places to be believed. Places of unknown ones are guesses that belief doesn't ask for.
    """
    scores = _log_scores(heads)
    lines = _lines(scores.shape[0])
    aligned = [_Alignment(scores, lines, row) for row in rows]
    chosen = _choose_lines([row.totals for row in aligned], lines, ROWS_APART * scores.shape[0])
    if chosen is None:
        return None
    cells = [cell for row, line in zip(aligned, chosen, strict=True) for cell in row.cells(line)]
    labels = [label for row in rows for label in row]
    if not _believed(scores, cells, labels):
        return None
    return [_placed(label, cell, heads) for label, cell in zip(labels, cells, strict=True)]


def _log_scores(heads: dict[str, Floats]) -> Floats:
    """(h, w, labels + 1): log of heat times probability; last, where `UNKNOWN` points, of any character at all."""
    logits = heads["classes"]
    shifted = logits - logits.max(axis=-1, keepdims=True)
    log_probabilities = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    log_heat = np.log(heads["centre"] + 1e-3)
    scores = log_heat + np.maximum(log_probabilities, np.log(1e-4))
    return np.concatenate([scores, np.maximum(log_heat, LEAST_UNKNOWN)], axis=-1, dtype=np.float32)


def _lines(height: int) -> Floats:
    """Where a row may run (lines, 2): its height in cells at the left and at the right end, level ones first."""
    rises = sorted(np.linspace(-STEEPEST, STEEPEST, SLOPES) * height, key=abs)
    lines = [(middle - rise / 2, middle + rise / 2) for rise in rises for middle in range(height)]
    return np.array([line for line in lines if min(line) >= 0 and max(line) <= height - 1], np.float32)


class _Alignment:
    """The best places of a row's labels along each of many lines, left to right (dynamic programming over columns)."""

    def __init__(self, scores: Floats, lines: Floats, labels: Sequence[int]) -> None:
        height, width = scores.shape[:2]
        reach = max(1, round(NEAR * height))
        middles = np.linspace(lines[:, 0], lines[:, 1], width, axis=1).round().astype(int)
        rows = np.clip(middles[:, np.newaxis] + np.arange(-reach, reach + 1)[:, np.newaxis], 0, height - 1)
        near = scores[..., list(labels)][rows, np.arange(width)]  # (lines, 2 reach + 1, w, n)
        best = near.argmax(axis=1)
        self._rows = np.take_along_axis(rows[..., np.newaxis], best[:, np.newaxis], axis=1)[:, 0]
        self._follow(near.max(axis=1))

    def _follow(self, by_column: Floats) -> None:
        """Fill the tables from the first label to the last; `by_column` is (lines, w, n)."""
        _, width, count = by_column.shape
        gap = max(LEAST_GAP, int(SHARE_OF_GAP * width / count))
        self._best, self._came = by_column[..., 0], []
        for i in range(1, count):
            reach = np.maximum.accumulate(self._best, axis=1)
            origin = np.maximum.accumulate(np.where(self._best >= reach, np.arange(width), 0), axis=1)
            after, came = np.full_like(self._best, -np.inf), np.zeros(self._best.shape, int)
            after[:, gap:] = by_column[:, gap:, i] + reach[:, :-gap]
            came[:, gap:] = origin[:, :-gap]
            self._best = after
            self._came.append(came)

    @property
    def totals(self) -> Floats:
        """(lines,): the score of each; -inf where the labels don't fit."""
        return np.asarray(self._best.max(axis=1), np.float32)

    def cells(self, line: int) -> list[tuple[int, int]]:
        """Row and column of each label along one of the lines."""
        columns = [int(self._best[line].argmax())]
        for came in reversed(self._came):
            columns.append(int(came[line, columns[-1]]))
        return [(int(self._rows[line, column, i]), column) for i, column in enumerate(reversed(columns))]


def _choose_lines(scores: Sequence[Floats], lines: Floats, apart: float) -> list[int] | None:
    """One line a row, from the top, far enough below each other, with the most score in all (dynamic programming)."""
    follows = ((lines[np.newaxis] - lines[:, np.newaxis]) >= apart).all(axis=-1)  # [upper, lower]
    total, came = scores[0], []
    for row in scores[1:]:
        above = np.where(follows, total[:, np.newaxis], -np.inf)
        came.append(above.argmax(axis=0))
        total = above.max(axis=0) + row
    if not np.isfinite(total.max()):
        return None
    chosen = [int(total.argmax())]
    for origin in reversed(came):
        chosen.append(int(origin[chosen[-1]]))
    return chosen[::-1]


def _believed(scores: Floats, cells: Sequence[tuple[int, int]], labels: Sequence[int]) -> bool:
    if len(cells) != len(labels):
        return False
    known = [(cell, label) for cell, label in zip(cells, labels, strict=True) if label != UNKNOWN]
    values = [scores[row, column, label] for (row, column), label in known]
    return bool(np.mean(values) > LEAST_MEAN and min(values) > LEAST)


def _placed(label: int, cell: tuple[int, int], heads: dict[str, Floats]) -> PlacedCharacter:
    height, width = heads["centre"].shape[:2]
    share_w, share_h = map(float, heads["size"][cell])
    return PlacedCharacter(label, (cell[1] + 0.5) / width, (cell[0] + 0.5) / height, share_w, share_h)

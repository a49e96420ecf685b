"""Forced alignment: locate the known characters of a real plate with the reader's own outputs.

Labels say which characters a plate has, row by row, but not where. A reader that was trained on rendered plates
can locate them: of all placements that keep the order within rows, the one with the highest score is taken.
"""

from collections.abc import Sequence

import numpy as np

from lpr_edge.contract.base.arrays import Floats
from lpr_train.targets.heat_maps import UNKNOWN, PlacedCharacter

MIN_GAP = 2
"""Minimum distance of neighbouring characters in cells."""
SHARE_OF_GAP = 0.25
"""The same relative to the average width of a character in its row: one glyph must not be taken for two of a kind."""
MIN_MEAN_LOG_SCORE = np.log(0.15)
"""Minimum mean log score (heat-map value times class probability) of a plate's characters for an accepted alignment."""
MIN_LOG_SCORE = np.log(0.004)
"""Minimum log score of its worst character; low, because a character that is read wrongly is worth learning."""
MIN_UNKNOWN_LOG_SCORE = np.log(0.05)
"""Minimum log score of an unreadable character: their number is approximate, and they may be hardly visible."""
NEAR = 0.07
"""Maximum distance of a character's centre from the line of its row, relative to the grid's height."""
STEEPEST = 0.2
"""Maximum rise or fall of a row over the whole width, relative to the grid's height."""
SLOPES = 9
"""Number of slopes that are tried for each height."""
ROWS_APART = 0.16
"""Minimum distance of two rows' lines at both ends, relative to the grid's height. Without it, two rows with the same
text could both be aligned with the clearer one, and training on that would teach the reader to miss the other.
"""


def align_characters(heads: dict[str, Floats], rows: Sequence[Sequence[int]]) -> list[PlacedCharacter] | None:
    """Align the known characters of a plate with the reader's outputs.

    Args:
        heads: the reader's outputs: `centre` (h, w, 1), `classes` (h, w, labels) logits, `size` (h, w, 2).
        rows: label indices, row by row from the top; `UNKNOWN` for an unreadable character. Each row needs at least one
            known character.

    Returns:
        One position for each character, in reading order, in fractions of the reader's input; None if the scores are
        too low. Positions of unreadable characters are guesses, and their scores don't count.
    """
    scores = _log_scores(heads)
    lines = _lines(scores.shape[0])
    aligned = [_Alignment(scores, lines, row) for row in rows]
    chosen = _choose_lines([row.totals for row in aligned], lines, ROWS_APART * scores.shape[0])
    if chosen is None:
        return None
    cells = [cell for row, line in zip(aligned, chosen, strict=True) for cell in row.cells(line)]
    labels = [label for row in rows for label in row]
    if not _is_plausible(scores, cells, labels):
        return None
    return [_placed(label, cell, heads) for label, cell in zip(labels, cells, strict=True)]


def _log_scores(heads: dict[str, Floats]) -> Floats:
    """Log of heat-map value times class probability, (h, w, labels + 1); last channel (`UNKNOWN`): any character."""
    logits = heads["classes"]
    shifted = logits - logits.max(axis=-1, keepdims=True)
    log_probabilities = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    log_heat = np.log(heads["centre"] + 1e-3)
    scores = log_heat + np.maximum(log_probabilities, np.log(1e-4))
    return np.concatenate([scores, np.maximum(log_heat, MIN_UNKNOWN_LOG_SCORE)], axis=-1, dtype=np.float32)


def _lines(height: int) -> Floats:
    """Candidate lines of a row, (lines, 2): row index in cells at the left and at the right end, level lines first."""
    rises = sorted(np.linspace(-STEEPEST, STEEPEST, SLOPES) * height, key=abs)
    lines = [(middle - rise / 2, middle + rise / 2) for rise in rises for middle in range(height)]
    return np.array([line for line in lines if min(line) >= 0 and max(line) <= height - 1], np.float32)


class _Alignment:
    """Aligns one row's labels, left to right, with each of many lines (dynamic programming over columns)."""

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
        """Fill the tables from the first label to the last; `by_column` is (lines, w, n) log scores."""
        _, width, count = by_column.shape
        gap = max(MIN_GAP, int(SHARE_OF_GAP * width / count))
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
        """(lines,) score of the best alignment with each line; -inf where the labels don't fit."""
        return np.asarray(self._best.max(axis=1), np.float32)

    def cells(self, line: int) -> list[tuple[int, int]]:
        """Row and column of each label on one of the lines."""
        columns = [int(self._best[line].argmax())]
        for came in reversed(self._came):
            columns.append(int(came[line, columns[-1]]))
        return [(int(self._rows[line, column, i]), column) for i, column in enumerate(reversed(columns))]


def _choose_lines(scores: Sequence[Floats], lines: Floats, apart: float) -> list[int] | None:
    """Choose a line for each row, top to bottom with a minimum distance, with the highest total score."""
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


def _is_plausible(scores: Floats, cells: Sequence[tuple[int, int]], labels: Sequence[int]) -> bool:
    if len(cells) != len(labels):
        return False
    known = [(cell, label) for cell, label in zip(cells, labels, strict=True) if label != UNKNOWN]
    values = [scores[row, column, label] for (row, column), label in known]
    return bool(np.mean(values) > MIN_MEAN_LOG_SCORE and min(values) > MIN_LOG_SCORE)


def _placed(label: int, cell: tuple[int, int], heads: dict[str, Floats]) -> PlacedCharacter:
    height, width = heads["centre"].shape[:2]
    share_w, share_h = map(float, heads["size"][cell])
    return PlacedCharacter(label, (cell[1] + 0.5) / width, (cell[0] + 0.5) / height, share_w, share_h)

"""Finding where the known characters of a real plate stand, by the reader's own outputs (forced alignment).

Labelled plates say what is written, row by row, but not where. A reader that was trained on rendered plates knows
well enough: of all places that keep the rows' order, those that it likes best are taken.
"""

from collections.abc import Sequence
from itertools import combinations, pairwise

import numpy as np

from lpr_edge.contract.arrays import Floats
from lpr_train.heat import PlacedCharacter

LEAST_GAP = 2
"""Cells between neighbours: on the narrowest plates characters are three cells apart."""
LEAST_MEAN = np.log(0.15)
"""Mean log score of a plate's characters, heat times probability, below which the alignment isn't believed."""
LEAST = np.log(0.004)
"""The same for its worst character: one may be badly wrong, that is what there is to learn."""


def place_characters(heads: dict[str, Floats], rows: Sequence[Sequence[int]]) -> list[PlacedCharacter] | None:
    """Place known characters on a plate.

    Args:
        heads: a reader's outputs for the plate: `centre` (h, w, 1), `classes` (h, w, labels), `size` (h, w, 2).
        rows: the labels' indices, row by row from the top.

    Returns:
        One place a character, in reading order, in shares of the reader's input; None where the network disagrees too
        much for its places to be believed.
    """
    scores = _log_scores(heads)
    best: tuple[float, list[tuple[int, int]]] | None = None
    for bands in _bands(len(rows), scores.shape[0]):
        aligned = [_align(scores[low:high], row, low) for (low, high), row in zip(bands, rows, strict=True)]
        total = sum(score for score, _ in aligned)
        if best is None or total > best[0]:
            best = (total, [cell for _, cells in aligned for cell in cells])
    labels = [label for row in rows for label in row]
    if best is None or not _believed(scores, best[1], labels):
        return None
    return [_placed(label, cell, heads) for label, cell in zip(labels, best[1], strict=True)]


def _log_scores(heads: dict[str, Floats]) -> Floats:
    """(h, w, labels): log of heat times probability."""
    logits = heads["classes"]
    shifted = logits - logits.max(axis=-1, keepdims=True)
    log_probabilities = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return np.asarray(np.log(heads["centre"] + 1e-3) + np.maximum(log_probabilities, np.log(1e-4)), np.float32)


def _bands(rows: int, height: int) -> list[list[tuple[int, int]]]:
    """Ways to cut a grid into bands, one a row, none thinner than a sixth of the height."""
    thinnest = max(2, height // 6)
    cuts = [(0, *c, height) for c in combinations(range(thinnest, height - thinnest + 1), rows - 1)]
    wide = [c for c in cuts if all(b - a >= thinnest for a, b in pairwise(c))]
    return [list(pairwise(c)) for c in wide]


def _align(band: Floats, row: Sequence[int], top: int) -> tuple[float, list[tuple[int, int]]]:
    """Best places of a row's labels in a band (h, w, labels), left to right (dynamic programming over columns)."""
    by_column = band[..., list(row)].max(axis=0)  # (w, n)
    which_row = band[..., list(row)].argmax(axis=0)
    width, count = by_column.shape
    if count * LEAST_GAP > width:
        return -np.inf, []
    best = np.full((count, width), -np.inf, np.float32)
    came = np.zeros((count, width), int)
    best[0] = by_column[:, 0]
    for i in range(1, count):
        reach, origin = _running_best(best[i - 1])
        best[i, LEAST_GAP:] = by_column[LEAST_GAP:, i] + reach[:-LEAST_GAP]
        came[i, LEAST_GAP:] = origin[:-LEAST_GAP]
    column = int(best[-1].argmax())
    cells = []
    for i in range(count - 1, -1, -1):
        cells.append((top + int(which_row[column, i]), column))
        column = int(came[i, column])
    return float(best[-1].max()), cells[::-1]


def _running_best(values: Floats) -> tuple[Floats, Floats]:
    """For each place the highest value up to it, and where that stood."""
    reach = np.maximum.accumulate(values)
    origin = np.maximum.accumulate(np.where(values >= reach, np.arange(len(values)), 0))
    return reach, origin


def _believed(scores: Floats, cells: Sequence[tuple[int, int]], labels: Sequence[int]) -> bool:
    if len(cells) != len(labels):
        return False
    values = [scores[row, column, label] for (row, column), label in zip(cells, labels, strict=True)]
    return bool(np.mean(values) > LEAST_MEAN and min(values) > LEAST)


def _placed(label: int, cell: tuple[int, int], heads: dict[str, Floats]) -> PlacedCharacter:
    height, width = heads["centre"].shape[:2]
    share_w, share_h = map(float, heads["size"][cell])
    return PlacedCharacter(label, (cell[1] + 0.5) / width, (cell[0] + 0.5) / height, share_w, share_h)

"""Metrics shared by training, export and benchmarks, so that a figure means the same everywhere."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from lpr_edge.contract.base.arrays import Quad
from lpr_edge.contract.geometry import quad_iou

WIDTHS_PX = (40, 80, 160)
"""Limits between the bands of plate widths, in pixels of the photograph."""
WIDTH_BANDS = (
    f"< {WIDTHS_PX[0]} px",
    *(f"{low}–{high} px" for low, high in pairwise(WIDTHS_PX)),
    f">= {WIDTHS_PX[-1]} px",
)
"""What tables call them."""


def width_band(width_px: float) -> str:
    """Name of the band of a width in pixels; a limit belongs to the band above it."""
    return WIDTH_BANDS[sum(width_px >= limit for limit in WIDTHS_PX)]


def exact_match(pairs: Sequence[tuple[str, str]]) -> float:
    """Fraction of (ground truth, prediction) pairs that are equal; 0 without pairs."""
    return sum(truth == found for truth, found in pairs) / len(pairs) if pairs else 0.0


def character_error_rate(pairs: Sequence[tuple[Sequence[str], Sequence[str]]]) -> float:
    """Character error rate (CER): edits per character of the ground truth, over all (ground truth, predicted) pairs.

    Pairs are of strings or of sequences of labels: give labels where one sign is several code points.
    """
    length = sum(len(truth) for truth, _ in pairs)
    return sum(edit_distance(truth, found) for truth, found in pairs) / length if length else 0.0


def edit_distance(a: Sequence[str], b: Sequence[str]) -> int:
    """Least insertions, deletions and replacements that turn `a` into `b` (Levenshtein 1966)."""
    above = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        here = [i]
        for j, y in enumerate(b, 1):
            here.append(min(above[j] + 1, here[j - 1] + 1, above[j - 1] + (x != y)))
        above = here
    return above[-1]


@dataclass(frozen=True)
class Matches:
    """Pairs of detected and ground-truth plates."""

    pairs: tuple[tuple[int, int], ...]
    """(index of the found, index of the true)."""
    false_positives: tuple[int, ...]
    """Indices of found plates that are no true one."""
    missed: tuple[int, ...]
    """Indices of true plates that weren't found."""


MAX_SIZE_RATIO = 3.0
"""Longer side of a detection relative to a loose box's, up to which it may be the plate in there."""


def match_plates(
    detected: Sequence[Quad], ground_truth: Sequence[Quad], iou: float = 0.5, loose: Collection[int] = ()
) -> Matches:
    """Match detected with ground-truth corners, the best overlap first, each at most once.

    Args:
        detected: (4, 2) corners each.
        ground_truth: likewise.
        iou: the least overlap of a pair.
        loose: indices of true plates of which a loose upright box is known: any detection of about that size whose
            middle lies in there pairs with it, where no better-known plate takes it.
    """
    overlaps = [
        (iou * _lies_in(f, t) if j in loose else quad_iou(f, t), i, j)
        for i, f in enumerate(detected)
        for j, t in enumerate(ground_truth)
    ]
    pairs: dict[int, int] = {}
    for overlap, i, j in sorted(overlaps, key=lambda o: (-o[0], o[1], o[2])):
        if overlap >= iou and i not in pairs and j not in pairs.values():
            pairs[i] = j
    return Matches(
        tuple(pairs.items()),
        tuple(i for i in range(len(detected)) if i not in pairs),
        tuple(j for j in range(len(ground_truth)) if j not in pairs.values()),
    )


def _lies_in(found_xy: Quad, box_xy: Quad) -> bool:
    """Whether a detection (4, 2) can be the plate in a loosely labelled box."""
    low, high, middle = box_xy.min(axis=0), box_xy.max(axis=0), found_xy.mean(axis=0)
    is_inside = bool((low <= middle).all() and (middle <= high).all())
    return is_inside and float(np.ptp(found_xy, axis=0).max()) <= MAX_SIZE_RATIO * float((high - low).max())


def binomial_tail(least: int, count: int) -> float:
    """Probability that `count` throws of a fair coin show heads at least `least` times."""
    return float(sum(math.comb(count, k) for k in range(least, count + 1)) / 2**count)


def mcnemar(gained: int, lost: int) -> float:
    """Exact two-sided McNemar test (McNemar 1947) of the numbers of gained and lost items; returns the p-value."""
    return min(1.0, 2 * binomial_tail(max(gained, lost), gained + lost))


def wilson_interval(successes: int, count: int, z: float = 1.96) -> tuple[float, float]:
    """Confidence interval of a proportion (Wilson 1927), 95 % by default; (0, 1) for a count of 0."""
    if count == 0:
        return 0.0, 1.0
    share = successes / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    reach = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count)) / (1 + z * z / count)
    return max(0.0, middle - reach), min(1.0, middle + reach)


def share(successes: int, count: int) -> dict[str, Any]:
    """A proportion for a result file, with its counts and 95 % Wilson interval; the value is null for a count of 0."""
    return {
        "value": successes / count if count else None,
        "successes": successes,
        "count": count,
        "interval": list(wilson_interval(successes, count)),
    }

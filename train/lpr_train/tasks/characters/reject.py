"""Rejection threshold of the classifier: the score below which it answers "I don't know"."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from lpr_edge.contract.base.arrays import Floats

KEPT = 0.99
"""Fraction of true characters that the threshold keeps."""
MIN_IMAGES = 50
"""Minimum number of images for a meaningful threshold."""


def reject_threshold(scores: Floats, kept: float = KEPT) -> float | None:
    """Find the highest threshold that keeps at least the fraction `kept` of true characters.

    Args:
        scores: (N, L) float32 of held-out images of true characters.
        kept: the fraction to keep.

    Returns:
        Threshold for an image's best score, inclusive; None for fewer than `MIN_IMAGES` images.
    """
    if len(scores) < MIN_IMAGES:
        return None
    best = np.sort(scores.max(axis=1))
    # Round down to a multiple of 1/256, the resolution of int8 scores.
    return float(np.floor(best[int(len(best) * (1 - kept) + 1e-9)] * 256) / 256)


def reject_metrics(
    threshold: float, known: tuple[str, str, Floats], unknown: Mapping[str, Floats]
) -> list[dict[str, Any]]:
    """Compute the fraction of true characters that the threshold keeps, and of other images that it rejects.

    Args:
        threshold: as returned by `reject_threshold`.
        known: data, split and scores (N, L) of true characters.
        unknown: what the images show, none of the labels -> their scores (N, L).

    Returns:
        One dict for each figure, with the keys data, split, metric, value and count.
    """
    data, split, scores = known
    shares = [(data, split, "kept", scores.max(axis=1) >= threshold)]
    shares += [(kind, "unseen", "rejected", found.max(axis=1) < threshold) for kind, found in unknown.items()]
    return [
        {"data": data, "split": split, "metric": metric, "value": float(part.mean()), "count": len(part)}
        for data, split, metric, part in shares
    ]

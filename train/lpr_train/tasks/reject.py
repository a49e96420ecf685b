"""The answer "I don't know": below which score a classifier should say nothing, and how much that keeps out."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from lpr_edge.contract.arrays import Floats

KEPT = 0.99
"""Share of true characters that the threshold is to keep."""
FEWEST = 50
"""Pictures below which a threshold would be chance."""


def reject_threshold(scores: Floats, kept: float = KEPT) -> float | None:
    """The highest score below which at most a share 1 - `kept` of true characters fall.

    Args:
        scores: (N, L) of pictures of true characters that training didn't see.
        kept: the share to keep.

    Returns:
        A threshold for the best of a picture's scores, which keeps what is equal to it; None from too few pictures.
    """
    if len(scores) < FEWEST:
        return None
    best = np.sort(scores.max(axis=1))
    # Down to what a device can tell apart: int8 scores come in steps of 1/256.
    return float(np.floor(best[int(len(best) * (1 - kept) + 1e-9)] * 256) / 256)


def reject_metrics(
    threshold: float, known: tuple[str, str, Floats], unknown: Mapping[str, Floats]
) -> list[dict[str, Any]]:
    """What the threshold keeps of true characters, and rejects of what is none.

    Args:
        threshold: as `reject_threshold` gives it.
        known: data, split and scores (N, L) of true characters.
        unknown: scores (N, L) of pictures that show none of the labels, by what they show.

    Returns:
        Dicts of data, split, metric, value and count.
    """
    data, split, scores = known
    shares = [(data, split, "kept", scores.max(axis=1) >= threshold)]
    shares += [(kind, "unseen", "rejected", found.max(axis=1) < threshold) for kind, found in unknown.items()]
    return [
        {"data": data, "split": split, "metric": metric, "value": float(part.mean()), "count": len(part)}
        for data, split, metric, part in shares
    ]

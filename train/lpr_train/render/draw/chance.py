"""Random choice. NumPy's own `choice` takes longer than drawing a character."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")


def pick(rng: np.random.Generator, items: Sequence[T], weights: Sequence[float] | None = None) -> T:
    """Choose one item with probabilities proportional to the weights; uniformly without weights."""
    if weights is None:
        return items[int(rng.random() * len(items))]
    left = float(rng.random()) * sum(weights)
    for item, weight in zip(items, weights, strict=True):
        left -= weight
        if left < 0:
            return item
    return items[-1]


def weighted_order(rng: np.random.Generator, weights: Sequence[float]) -> tuple[int, ...]:
    """Random order of all indices, as by weighted sampling without replacement.

    Efraimidis and Spirakis, "Weighted random sampling with a reservoir", 2006.
    """
    waits = rng.exponential(size=len(weights)) / np.asarray(weights)
    return tuple(int(index) for index in np.argsort(waits))

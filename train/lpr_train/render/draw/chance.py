"""Picking by chance. numpy's own `choice` takes longer than drawing a character."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")


def pick(rng: np.random.Generator, items: Sequence[T], weights: Sequence[float] | None = None) -> T:
    """One of the items, each as often as its weight says; all alike without weights."""
    if weights is None:
        return items[int(rng.random() * len(items))]
    left = float(rng.random()) * sum(weights)
    for item, weight in zip(items, weights, strict=True):
        left -= weight
        if left < 0:
            return item
    return items[-1]


def weighted_order(rng: np.random.Generator, weights: Sequence[float]) -> tuple[int, ...]:
    """All indices in random order, heavy ones early: as if drawn one after the other without putting back.

    Efraimidis and Spirakis, "Weighted random sampling with a reservoir", 2006.
    """
    waits = rng.exponential(size=len(weights)) / np.asarray(weights)
    return tuple(int(index) for index in np.argsort(waits))

"""A pool of rendered things that is renewed bit by bit, for what takes longer to draw than to vary."""

from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

import numpy as np

T = TypeVar("T")


class RenewedPool(Generic[T]):
    """Things made from random numbers, each used about `uses` times before another takes its place.

    What `draw` gives depends on the seed, the sample's index and its generator alone, so a resumed run sees the same.

    Args:
        make: makes one from a generator.
        seed: of all of them.
        size: how many there are at a time.
        uses: how often each is drawn, on average.
    """

    def __init__(self, make: Callable[[np.random.Generator], T], seed: int, size: int = 2000, uses: int = 6) -> None:
        self._make, self._seed, self._size, self._uses = make, seed, size, uses
        self._kept: dict[int, tuple[int, T]] = {}
        self._lock = Lock()

    def draw(self, index: int, rng: np.random.Generator) -> T:
        """One of those that are in the pool when sample `index` is made."""
        slot = int(rng.integers(self._size))
        generation = (index + slot * self._uses) // (self._size * self._uses)
        with self._lock:
            kept = self._kept.get(slot)
        if kept is None or kept[0] != generation:
            kept = (generation, self._make(np.random.default_rng((self._seed, 1, slot, generation))))
            with self._lock:
                self._kept[slot] = kept
        return kept[1]

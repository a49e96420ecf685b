"""A pool of rendered samples that are reused a few times, because rendering is slower than augmenting."""

from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

import numpy as np

T = TypeVar("T")


class RenewedPool(Generic[T]):
    """Samples made from random numbers; each is used about `uses` times before another replaces it.

    `draw` depends only on the seed, the sample's index and the generator, so a resumed run draws the same.

    Args:
        make: makes one sample from a generator.
        seed: random seed of all samples.
        size: number of samples in the pool.
        uses: average number of draws of a sample.
    """

    def __init__(self, make: Callable[[np.random.Generator], T], seed: int, size: int = 2000, uses: int = 6) -> None:
        self._make, self._seed, self._size, self._uses = make, seed, size, uses
        self._kept: dict[int, tuple[int, T]] = {}
        self._lock = Lock()

    def draw(self, index: int, rng: np.random.Generator) -> T:
        """Draw one of the samples that are in the pool at training sample `index`."""
        slot = int(rng.integers(self._size))
        generation = (index + slot * self._uses) // (self._size * self._uses)
        with self._lock:
            kept = self._kept.get(slot)
        if kept is None or kept[0] != generation:
            kept = (generation, self._make(np.random.default_rng((self._seed, 1, slot, generation))))
            with self._lock:
                self._kept[slot] = kept
        return kept[1]

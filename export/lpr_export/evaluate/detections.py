"""Plates that a detector found, compared between runtimes."""

from collections.abc import Iterable

import numpy as np

from lpr_edge.contract.base.arrays import Quad
from lpr_edge.contract.geometry import quad_size

SAME_CORNERS = 0.05
"""Largest difference of a corner, relative to the plate's width, at which two formats found the same plate.

Labels have this error too, and a smaller one doesn't change the reader's text.
"""


class Detections(list[Quad]):
    """Corners (4, 2) of the plates that a detector found, by score; and which of them a step of 8 bits decides on."""

    def __init__(self, quads: Iterable[Quad], marginal: Iterable[int] = (), missed: Iterable[Quad] = ()) -> None:
        """Keep the plates.

        Args:
            quads: those at or above the threshold.
            marginal: indices of those that one step less would lose.
            missed: those below the threshold that one step more would find.
        """
        super().__init__(quads)
        self.marginal, self.missed = frozenset(marginal), tuple(missed)

    def are_in(self, other: "Detections") -> bool:
        """Whether another runtime found the same plates, as far as none of them is decided by a step."""
        left = [*other, *other.missed]
        for number, quad in enumerate(self):
            near = next((place for place, their in enumerate(left) if _same_corners(quad, their)), None)
            if near is not None:
                del left[near]
            elif number not in self.marginal:
                return False
        return True


def _same_corners(a: Quad, b: Quad) -> bool:
    return float(np.abs(a - b).max()) <= max(1 / 16, SAME_CORNERS * quad_size(a)[0])

"""Frozen-frame detector: finds cameras that deliver the same image again and again."""

import numpy as np

from lpr_edge.contract.base.arrays import Image

LONGEST_S = 3600.0
STEP = 16
"""Sampling step of the first comparison; where the samples differ, the rest isn't compared."""


class FrozenFrameDetector:
    """Detects a source whose image doesn't change by a single bit.

    What is still the same after it was opened again may be a lens cap: the limit doubles each time, up to an hour.
    """

    def __init__(self, limit_s: float) -> None:
        """Begin.

        Args:
            limit_s: maximum duration of an unchanged image, in seconds.
        """
        self._usual_s = self._limit_s = limit_s
        self._image: Image | None = None
        self._since = 0.0

    def lasts(self, image: Image, moment: float) -> bool:
        """Take the next picture, and when it was grabbed in seconds; whether it has been the same for too long."""
        if self._image is None or not is_same(self._image, image):
            self._image, self._since, self._limit_s = image, moment, self._usual_s
            return False
        if moment - self._since < self._limit_s:
            return False
        self._since, self._limit_s = moment, min(LONGEST_S, 2 * self._limit_s)
        return True


def is_same(a: Image, b: Image) -> bool:
    """Whether two images are identical."""
    return np.array_equal(a[::STEP, ::STEP], b[::STEP, ::STEP]) and np.array_equal(a, b)

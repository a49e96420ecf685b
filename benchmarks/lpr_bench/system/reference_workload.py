"""A fixed reference workload, timed together with each measurement to detect a slower machine."""

from time import perf_counter

import numpy as np

PASSES = 8
"""Repetitions of the work per timing, long enough for the clock's resolution."""
_A = np.linspace(0.5, 1.5, 32 * 1024, dtype=np.float32)
_B = np.linspace(1.5, 0.5, 32 * 1024, dtype=np.float32)
_OUT = np.empty_like(_A)


def reference_workload_ms() -> float:
    """Time element-wise arithmetic on 128 kB arrays: vector units and the second cache, as networks use them.

    It doesn't depend on lpr, a runtime or OpenCV, so that a change of these doesn't affect it.
    """
    start = perf_counter()
    for _ in range(PASSES):
        np.multiply(_A, _B, out=_OUT)
        np.add(_OUT, _A, out=_OUT)
    return 1000 * (perf_counter() - start)

"""A fixed piece of work to time beside what is measured, so that a slow minute of the machine is seen as one."""

from time import perf_counter

import numpy as np

PASSES = 8
"""Of the work in one go: about a fifth of a millisecond, long beside the clock's own time."""
_A = np.linspace(0.5, 1.5, 32 * 1024, dtype=np.float32)
_B = np.linspace(1.5, 0.5, 32 * 1024, dtype=np.float32)
_OUT = np.empty_like(_A)


def reference_workload_ms() -> float:
    """Time element-wise arithmetic on 128 kB arrays: vector units and the second cache, as networks use them.

    It knows nothing of lpr, of a runtime or of OpenCV, so that a change of these never changes the yardstick.
    """
    start = perf_counter()
    for _ in range(PASSES):
        np.multiply(_A, _B, out=_OUT)
        np.add(_OUT, _A, out=_OUT)
    return 1000 * (perf_counter() - start)

"""Latencies boiled down to the figures that people compare."""

from collections.abc import Sequence

import numpy as np


def summarize_ms(latencies_ms: Sequence[float]) -> dict[str, float]:
    """Mean, extremes and percentiles (linear between ranks) in milliseconds.

    Raises:
        ValueError: there are none.
    """
    if not latencies_ms:
        raise ValueError("no latencies: nothing was measured")
    values = np.asarray(latencies_ms, np.float64)
    percentiles = {f"p{q}": float(np.percentile(values, q)) for q in (50, 90, 95, 99)}
    return {"mean": float(values.mean()), "min": float(values.min()), **percentiles, "max": float(values.max())}

"""Percentiles of latencies, and ratios of latencies with bootstrap intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lpr_edge.contract.base.arrays import AnyArray


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


DRAWS = 4000


@dataclass(frozen=True)
class Ratio:
    """A ratio of times with its confidence interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}–{self.high:.3f}]"

    def to_list(self) -> list[float]:
        """[value, low, high] for a result file."""
        return [round(number, 5) for number in (self.value, self.low, self.high)]


def paired_ratio(times: Sequence[float], reference: Sequence[float], confidence: float = 0.95, seed: int = 0) -> Ratio:
    """Median ratio of times that were measured in turns, with its bootstrap interval (Efron 1979).

    Args:
        times: one per round.
        reference: times of the reference, in the same rounds.
        confidence: level of the interval.
        seed: random seed of the bootstrap.
    """
    ratios = np.asarray(times, np.float64) / np.asarray(reference, np.float64)
    drawn = np.random.default_rng(seed).integers(len(ratios), size=(DRAWS, len(ratios)))
    return _interval(float(np.median(ratios)), np.median(ratios[drawn], axis=1), confidence)


def ratio_over_processes(a: Sequence[float], b: Sequence[float], confidence: float, seed: int = 0) -> Ratio:
    """Ratio of B's to A's time over several processes, with its bootstrap interval.

    Whole processes are resampled, as errors within one are correlated. With n processes the bootstrap underestimates
    the variance by (n - 1)/n; the interval, one of logarithms, is widened by it.

    Args:
        a: one median per process.
        b: the same of the other measurement.
        confidence: level of the interval.
        seed: random seed of the bootstrap.
    """
    rng = np.random.default_rng(seed)
    logs = [np.log(np.asarray(medians, np.float64)) for medians in (a, b)]
    centre = float(logs[1].mean() - logs[0].mean())
    drawn = [one[rng.integers(len(one), size=(DRAWS, len(one)))].mean(axis=1) for one in logs]
    widened = centre + (drawn[1] - drawn[0] - centre) * _small_sample(min(len(a), len(b)))
    return _interval(float(np.exp(centre)), np.exp(widened), confidence)


def _small_sample(count: int) -> float:
    """Correction of a bootstrap's standard deviation for a small sample."""
    return float(np.sqrt(count / (count - 1))) if count > 1 else 1.0


def _interval(value: float, draws: AnyArray, confidence: float) -> Ratio:
    low, high = np.quantile(draws, ((1 - confidence) / 2, (1 + confidence) / 2))
    return Ratio(value, float(low), float(high))

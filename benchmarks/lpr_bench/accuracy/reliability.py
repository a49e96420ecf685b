"""Confidences beside what became of them: how often a reading of 0.9 is right."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from lpr_bench.base.tables import format_share, format_table
from lpr_edge.contract.metrics import share

LIMITS = (0.0, 0.2, 0.5, 0.8, 0.9, 0.95, 1.0)
"""Between the bins: fine where thresholds are set."""
THRESHOLDS = (0.5, 0.8, 0.9, 0.95, 0.99)
"""Of `--min-confidence`, as tables show them."""


@dataclass(frozen=True)
class Bin:
    """Readings of nearly one confidence."""

    low: float
    high: float
    confidences: tuple[float, ...]
    right: int

    @property
    def mean(self) -> float:
        """Of the confidences; the bin's middle where there are none."""
        return sum(self.confidences) / len(self.confidences) if self.confidences else (self.low + self.high) / 2


Pair = tuple[float, bool]
"""A confidence, and whether its reading was right."""


def bins(pairs: Sequence[Pair]) -> list[Bin]:
    """Readings by confidence; a limit belongs to the bin above it."""
    found = []
    for low, high in pairwise(LIMITS):
        inside = [(c, right) for c, right in pairs if low <= c < high or c == high == LIMITS[-1]]
        found.append(Bin(low, high, tuple(c for c, _ in inside), sum(right for _, right in inside)))
    return found


def summarize_reliability(pairs: Sequence[Pair]) -> dict[str, Any]:
    """Bins, shares at each threshold, and the expected calibration error, as plain values."""
    return {
        "readings": len(pairs),
        "bins": [
            {"low": b.low, "high": b.high, "mean_confidence": b.mean, "right": share(b.right, len(b.confidences))}
            for b in bins(pairs)
        ],
        "at_min_confidence": {str(limit): _at(pairs, limit) for limit in THRESHOLDS},
        "expected_calibration_error": calibration_error(pairs),
    }


def _at(pairs: Sequence[Pair], limit: float) -> dict[str, Any]:
    kept = [right for confidence, right in pairs if confidence >= limit]
    return {"right_of_kept": share(sum(kept), len(kept)), "kept_of_right": share(sum(kept), _right(pairs))}


def _right(pairs: Sequence[Pair]) -> int:
    return sum(right for _, right in pairs)


def calibration_error(pairs: Sequence[Pair]) -> float | None:
    """Mean distance of confidence and share of right readings over the bins, by their counts; None of nothing."""
    if not pairs:
        return None
    return sum(abs(sum(b.confidences) - b.right) for b in bins(pairs)) / len(pairs)


def format_reliability(pairs: Sequence[Pair]) -> str:
    """The tables that commands print."""
    by_bin = [
        [
            f"{b.low:.2f}–{b.high:.2f}",
            f"{b.mean:.2f}" if b.confidences else "–",
            format_share(b.right, len(b.confidences)),
        ]
        for b in bins(pairs)
    ]
    by_limit = []
    for limit in THRESHOLDS:
        kept = [right for confidence, right in pairs if confidence >= limit]
        by_limit.append([f"{limit:.2f}", format_share(sum(kept), len(kept)), format_share(sum(kept), _right(pairs))])
    return "\n\n".join(
        [
            format_table([f"confidence, {len(pairs)} readings", "mean", "right"], by_bin),
            format_table(["--min-confidence", "right of those kept", "kept of those right"], by_limit),
        ]
    )

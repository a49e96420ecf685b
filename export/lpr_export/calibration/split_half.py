"""Split-half stability: are the activation ranges and metrics of both halves of the representative set the same?"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from lpr_export.base.layer_names import layer_of
from lpr_export.evaluate.held_out import HeldOut
from lpr_export.evaluate.mcnemar import SIGNIFICANT, difference_p_value
from lpr_export.evaluate.parity import Subject, measure
from lpr_export.evaluate.task_metrics import TaskMetrics

MAX_RANGE_DIFFERENCE = 0.33
"""Largest allowed difference of an activation range between the halves, relative to the range of both together.

It costs about half a bit of int8's resolution; sets that are large enough stay well below it.
"""

Ranges = Mapping[str, tuple[float, float]]


@dataclass(frozen=True)
class SplitHalfStability:
    """Differences between the two halves."""

    pictures: int
    """Number of pictures in both halves together."""
    apart: float
    """Largest difference of an activation range, relative to the range of both halves."""
    layer: str
    """The layer with the largest difference."""
    drops: Mapping[str, float]
    """Metric -> difference between the halves in percentage points."""
    lost: tuple[str, ...]
    """Metrics whose difference is larger than allowed, and significant."""

    @property
    def missing(self) -> int:
        """Number of pictures to add, 0 if there are enough: range differences shrink with the root of the number."""
        if self.apart > MAX_RANGE_DIFFERENCE:
            return math.ceil(self.pictures * ((self.apart / MAX_RANGE_DIFFERENCE) ** 2 - 1))
        return self.pictures if self.lost else 0

    @property
    def fault(self) -> str:
        """The reason why the set is too small, in one line; empty if it is large enough."""
        if not self.missing:
            return ""
        how = (
            f"the range of {self.layer} differs by {100 * self.apart:.0f} %, and {100 * MAX_RANGE_DIFFERENCE:.0f} % is "
            "allowed"
            if self.apart > MAX_RANGE_DIFFERENCE
            else f"one half loses {max(self.drops.values()):.2f} points of {self.lost[0].replace('_', ' ')}"
        )
        return (
            f"the representative data set of {self.pictures} pictures is too small: of its two halves, calibrated "
            f"apart, {how}. Add about {self.missing} pictures"
        )


def range_difference(a: Ranges, b: Ranges) -> tuple[float, str]:
    """The largest difference of two halves' ranges, relative to the range of both, and its layer."""
    found = []
    for name in a.keys() & b.keys():
        low, high = min(a[name][0], b[name][0]), max(a[name][1], b[name][1])
        off = max(abs(a[name][0] - b[name][0]), abs(a[name][1] - b[name][1]))
        found.append((off / (high - low) if high > low else 0.0, layer_of(name)))
    return max(found, default=(0.0, ""))


class CalibratedHalf(Protocol):
    """A calibrated half of the representative set."""

    @property
    def ranges(self) -> dict[str, tuple[float, float]]:
        """Tensor name -> its minimum and maximum."""

    @property
    def pictures(self) -> int:
        """Number of pictures it was calibrated on."""


def compare_halves(
    halves: Sequence[CalibratedHalf],
    subjects: Sequence[Subject],
    held_out: HeldOut,
    metrics: TaskMetrics,
    max_drop: float,
) -> SplitHalfStability:
    """Compare two halves of a representative data set.

    Args:
        halves: their ranges.
        subjects: their int8 files, after `run_cases`.
        held_out: the cases.
        metrics: of the network's kind.
        max_drop: allowed difference of any metric in percentage points.
    """
    apart, layer = range_difference(halves[0].ranges, halves[1].ranges)
    pairs = list(zip(*(measure(subject, held_out.cases, metrics) for subject in subjects), strict=True))
    drops = {a.metric: abs(a.drop(b)) for a, b in pairs}
    lost = tuple(a.metric for a, b in pairs if drops[a.metric] > max_drop and differ_significantly(a.costs, b.costs))
    return SplitHalfStability(sum(half.pictures for half in halves), apart, layer, drops, lost)


def differ_significantly(a: Sequence[int], b: Sequence[int]) -> bool:
    """Whether two halves' errors (one number per picture) differ significantly, by a two-sided test.

    Two-sided, as it isn't known beforehand which half is worse: two one-sided tests would double the error rate.
    """
    return difference_p_value(a, b) <= SIGNIFICANT

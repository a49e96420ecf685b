"""Is the representative data set large enough? Its two halves, calibrated apart, must tell the same."""

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
"""How far the ends of an activation's range may be apart in the two halves, beside the range of both together: that
costs 0.6 of int8's 8 bits. lpr's own networks differed by 0.08 in halves of 100 pictures, by 0.22 in halves of 33."""

Ranges = Mapping[str, tuple[float, float]]


@dataclass(frozen=True)
class SplitHalfStability:
    """What the halves differ in."""

    pictures: int
    """In both halves together."""
    apart: float
    """The largest difference of a range."""
    layer: str
    """Where that is."""
    drops: Mapping[str, float]
    """Points that the worse half loses against the better, a metric."""
    lost: tuple[str, ...]
    """Metrics of which more was lost than is allowed, and than chance takes."""

    @property
    def missing(self) -> int:
        """How many pictures to add: ranges come closer as the root of the number of pictures; 0 where it is enough."""
        if self.apart > MAX_RANGE_DIFFERENCE:
            return math.ceil(self.pictures * ((self.apart / MAX_RANGE_DIFFERENCE) ** 2 - 1))
        return self.pictures if self.lost else 0

    @property
    def fault(self) -> str:
        """What is wrong, in a line; empty where nothing is."""
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
    """The largest difference of two halves' ranges, beside the range of both, and the layer."""
    found = []
    for name in a.keys() & b.keys():
        low, high = min(a[name][0], b[name][0]), max(a[name][1], b[name][1])
        off = max(abs(a[name][0] - b[name][0]), abs(a[name][1] - b[name][1]))
        found.append((off / (high - low) if high > low else 0.0, layer_of(name)))
    return max(found, default=(0.0, ""))


class CalibratedHalf(Protocol):
    """A half, as far as it matters here."""

    @property
    def ranges(self) -> dict[str, tuple[float, float]]:
        """Name of a tensor -> what was seen in it."""

    @property
    def pictures(self) -> int:
        """How many it was calibrated on."""


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
        subjects: their int8 files, which have answered every case.
        held_out: the cases.
        metrics: of the network's kind.
        max_drop: points of any metric that one may lose against the other.
    """
    apart, layer = range_difference(halves[0].ranges, halves[1].ranges)
    pairs = list(zip(*(measure(subject, held_out.cases, metrics) for subject in subjects), strict=True))
    drops = {a.metric: abs(a.drop(b)) for a, b in pairs}
    lost = tuple(a.metric for a, b in pairs if drops[a.metric] > max_drop and differ_significantly(a.costs, b.costs))
    return SplitHalfStability(sum(half.pictures for half in halves), apart, layer, drops, lost)


def differ_significantly(a: Sequence[int], b: Sequence[int]) -> bool:
    """Whether one of two halves makes more mistakes (one number a picture each) than chance explains.

    Two-sided: which of the two would be the worse wasn't known before, and asking both ways at once would find fault
    with one good set in ten where one in twenty is meant.
    """
    return difference_p_value(a, b) <= SIGNIFICANT

"""Compare two results of one benchmark: ratios of latencies with intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lpr_bench.base.results import Record
from lpr_bench.latency.statistics import Ratio, ratio_over_processes
from lpr_bench.system.validity import case_faults, is_valid, why_invalid
from lpr_edge.contract.base.errors import LprError

CONFIDENCE = 0.95
"""Family-wise confidence of a comparison; divided among its series (Bonferroni)."""
MARGIN = 0.03
"""Ratios closer to 1 than this count as equal: two builds of one source can differ by as much."""
COMPARABLE = ("frames", "latency")
"""Benchmarks with latencies."""


class NotComparableError(LprError):
    """Two results that can't be compared."""


@dataclass(frozen=True)
class Series:
    """A latency in each process of a measurement."""

    name: str
    medians: list[float]
    """One median per process, relative to the reference workload in the same process."""


@dataclass(frozen=True)
class Change:
    """A series that two results have in common."""

    name: str
    ratio: Ratio
    """Time of B divided by time of A."""

    @property
    def verdict(self) -> str:
        """`slower`, `faster`, or `same` within interval and margin."""
        if self.ratio.low > 1 + MARGIN:
            return "slower"
        return "faster" if self.ratio.high < 1 / (1 + MARGIN) else "same"


def check_comparable(a: Record, b: Record, other_models: bool = False) -> None:
    """Check that two records measure the same on the same machine.

    Args:
        a: the older one.
        b: the newer one.
        other_models: allow different models.

    Raises:
        NotComparableError: they don't, or one is invalid.
    """
    for name, record in (("A", a), ("B", b)):
        if not is_valid(record):
            raise NotComparableError(
                f"the {record['benchmark']} of {name} are invalid ({why_invalid(record)}): measure again"
            )
    for what, of in (("board", _machine), ("threads", _threads)):
        if of(a) != of(b):
            raise NotComparableError(f"another {what}: {of(a)} in A, {of(b)} in B. Compare results of one {what}")
    if not other_models and _hashes(a) != _hashes(b):
        raise NotComparableError("A and B were measured with other models: --other-models compares them all the same")


def _machine(record: Record) -> tuple[str, ...]:
    environment = record["environment"]
    return tuple(str(environment[key]) for key in ("board", "cpu", "cores", "architecture"))


def _threads(record: Record) -> Any:
    return record.get("threads")


def _hashes(record: Record) -> list[str]:
    return sorted(model["sha256"] for model in record["models"])


def compare_records(a: Record, b: Record) -> list[Change]:
    """The ratio of every series that both records have.

    Raises:
        NotComparableError: they have none in common.
    """
    ours = {series.name: series for series in series_of(a)}
    pairs = [(ours[theirs.name], theirs) for theirs in series_of(b) if theirs.name in ours]
    if not pairs:
        has = [", ".join(series.name for series in series_of(record)) or "none that is valid" for record in (a, b)]
        raise NotComparableError(
            f"the {a['benchmark']} of A and B have no series in common: A has {has[0]}; B has {has[1]}. "
            "Measure the same on both"
        )
    confidence = 1 - (1 - CONFIDENCE) / len(pairs)
    return [Change(x.name, ratio_over_processes(x.medians, y.medians, confidence)) for x, y in pairs]


def series_of(record: Record) -> list[Series]:
    """A record's series: whole frames by share with a plate, or inferences by valid case."""
    if record["benchmark"] == "frames":
        return [_share_series(share, record["period"]) for share in record["shares"]]
    return [_case_series(case, record["yardstick_ms"]) for case in record["cases"] if not case_faults(case)]


def _share_series(share: Mapping[str, Any], period: int) -> Series:
    medians = [
        trimmed_mean_of_medians(process["whole"], period) / float(np.median(process["yardstick"]))
        for process in share["processes"]
    ]
    return Series(f"whole frame, plate in {share['share_with_plate']:.0%}", medians)


def _case_series(case: Mapping[str, Any], reference_times: Sequence[Sequence[float]]) -> Series:
    medians = [
        float(np.median(times) / np.median(yardstick))
        for times, yardstick in zip(case["raw_ms"], reference_times, strict=True)
    ]
    return Series(f"{case['path']} in {case['runtime']}, {case['threads']} thread(s)", medians)


def trimmed_mean_of_medians(values: Sequence[float], period: int) -> float:
    """Mean over the pictures of each one's median time, without the extreme tenths.

    Frames with and without plates take two different times, and the median of such a mixture jumps between them. A
    picture that was interrupted in most of its few runs would still pull a plain mean.
    """
    numbers = np.asarray(values, np.float64)
    places = np.arange(len(numbers)) % period
    medians = sorted(float(np.median(numbers[places == place])) for place in range(min(period, len(numbers))))
    cut = len(medians) // 10
    return float(np.mean(medians[cut : len(medians) - cut]))

"""The project's acceptance criteria: the measured value of each, its limit, and whether it is met."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lpr_bench.latency.statistics import paired_ratio
from lpr_bench.roofline.roofline import CHARACTERS, IN_A_ROW, LimitTimes

MAX_SHARE_OUTSIDE_NETWORKS = 0.12
MAX_P99_TO_P50 = 2.0
MIN_SPEED_UP = 10.0
MOONSHOT = 25.0
MAX_START_TO_IMPORT = 0.2
MAX_MEMORY_MB = 200.0


def check_criteria(measured: LimitTimes, cold_start: Mapping[str, Any]) -> list[dict[str, Any]]:
    """All criteria with measured values; `reached` is null for a value that couldn't be measured."""
    outside = measured.profile["outside_networks"]
    in_a_row = measured.times[IN_A_ROW]
    tail = float(np.percentile(in_a_row, 99) / np.median(in_a_row))
    published = None
    if "published" in measured.times:
        published = paired_ratio(measured.times["published"], measured.times["frame"])
    memory = max(cold_start["peak_memory_mb"].values()) if "peak_memory_mb" in cold_start else None
    return [
        _criterion("time outside the networks, share", outside, MAX_SHARE_OUTSIDE_NETWORKS),
        _criterion("p99 of a whole frame / p50", tail, MAX_P99_TO_P50),
        _criterion(
            "start to first reading / importing TensorFlow",
            cold_start.get("ratio_to_tensorflow_import"),
            MAX_START_TO_IMPORT,
        ),
        _criterion("most memory of lpr-edge, MB", memory, MAX_MEMORY_MB),
        {
            **_criterion(
                f"published classifier in float32 on {CHARACTERS} characters / a whole frame",
                published.value if published else None,
                MIN_SPEED_UP,
                at_least=True,
            ),
            "interval": published.to_list()[1:] if published else None,
            "moonshot": MOONSHOT,
        },
    ]


def _criterion(name: str, value: float | None, limit: float, at_least: bool = False) -> dict[str, Any]:
    reached = None if value is None else (value >= limit if at_least else value <= limit)
    return {"bar": name, "value": value, "limit": limit, "at_least": at_least, "reached": reached}


def criterion_rows(criteria: Sequence[Mapping[str, Any]], missed: str = "missed") -> list[list[str]]:
    """Table rows, one per criterion: name, measured value, limit, result.

    Args:
        criteria: a record's criteria.
        missed: word for a criterion that isn't met.
    """
    result = {None: "not measured", True: "reached", False: missed}
    return [
        [
            criterion["bar"],
            "–" if criterion["value"] is None else f"{criterion['value']:.3g}",
            f"{'≥' if criterion['at_least'] else '≤'} {criterion['limit']:g}",
            result[criterion["reached"]],
        ]
        for criterion in criteria
    ]

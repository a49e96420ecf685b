"""The project's bars: what was found beside each, and whether it was reached."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lpr_bench.latency.statistics import paired_ratio
from lpr_bench.roofline.roofline import CHARACTERS, IN_A_ROW, LimitTimes

OUTSIDE_BAR = 0.15
TAIL_BAR = 2.0
PUBLISHED_BAR = 10.0
MOONSHOT = 25.0
STARTING_BAR = 0.2
MEMORY_BAR_MB = 200.0


def bars(found: LimitTimes, starting: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The project's bars with what was found; `reached` is null where the figure couldn't be taken."""
    in_a_row = found.times[IN_A_ROW]
    tail = float(np.percentile(in_a_row, 99) / np.median(in_a_row))
    published = None
    if "published" in found.times:
        published = paired_ratio(found.times["published"], found.times["frame"])
    memory = max(starting["peak_memory_mb"].values()) if "peak_memory_mb" in starting else None
    return [
        _bar("time outside the networks, share", found.profile["outside_networks"], OUTSIDE_BAR),
        _bar("p99 of a whole frame beside its p50", tail, TAIL_BAR),
        _bar(
            "start to first reading beside importing TensorFlow",
            starting.get("ratio_to_tensorflow_import"),
            STARTING_BAR,
        ),
        _bar("most memory of lpr-edge, MB", memory, MEMORY_BAR_MB),
        {
            **_bar(
                f"published classifier in float32 on {CHARACTERS} characters beside a whole frame",
                published.value if published else None,
                PUBLISHED_BAR,
                at_least=True,
            ),
            "interval": published.to_list()[1:] if published else None,
            "moonshot": MOONSHOT,
        },
    ]


def _bar(name: str, value: float | None, limit: float, at_least: bool = False) -> dict[str, Any]:
    reached = None if value is None else (value >= limit if at_least else value <= limit)
    return {"bar": name, "value": value, "limit": limit, "at_least": at_least, "reached": reached}


def bar_rows(found: Sequence[Mapping[str, Any]], missed: str = "missed") -> list[list[str]]:
    """A row a bar for any table: its name, what was found, the limit, and the verdict.

    Args:
        found: a record's bars.
        missed: the word for one that wasn't reached.
    """
    said = {None: "not measured", True: "reached", False: missed}
    return [
        [
            bar["bar"],
            "–" if bar["value"] is None else f"{bar['value']:.3g}",
            f"{'≥' if bar['at_least'] else '≤'} {bar['limit']:g}",
            said[bar["reached"]],
        ]
        for bar in found
    ]

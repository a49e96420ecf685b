"""Compare a network before and after fine-tuning, and decide whether the new one is kept."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lpr_train.base.task import HELD_OUT, LEARNT_OTHERS, OTHER_TEST, OTHERS, RENDERED, TEST, Measured

TITLES = {
    HELD_OUT: "your held-out photographs",
    OTHERS: "held-out photographs of --also",
    LEARNT_OTHERS: "learnt photographs of --also",
    RENDERED: "rendered images",
    TEST: "your test split",
    OTHER_TEST: "the test split of --also",
}


@dataclass(frozen=True)
class Change:
    """A metric before and after fine-tuning."""

    before: Measured
    after: Measured

    @property
    def points(self) -> float:
        """Difference in percentage points, positive if the new network is better."""
        return 100 * (self.after.value - self.before.value)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for fine_tune.json."""
        values = dataclasses.asdict(self.after)
        del values["value"]
        return values | {"before": self.before.value, "after": self.after.value}


def compare(before: Sequence[Measured], after: Sequence[Measured]) -> list[Change]:
    """Pair the metrics of two networks on the same images."""
    return [Change(old, new) for old, new in zip(before, after, strict=True)]


def what_is_worse(changes: Sequence[Change], max_drop: float) -> list[str]:
    """Describe what got worse; empty if the new network may replace the old one.

    On the held-out photographs any drop counts, on those of `also` and on rendered images one of more than `max_drop`
    points: they aren't what the user trains for, but must not be forgotten. Nothing is decided by a test split.
    """
    allowed = {HELD_OUT: 0.0, OTHERS: max_drop, LEARNT_OTHERS: max_drop, RENDERED: max_drop}
    return [
        f"{change.after.metric} on {TITLES[change.after.pictures]} fell from "
        f"{change.before.value:.1%} to {change.after.value:.1%}"
        for change in changes
        if change.points < -allowed.get(change.after.pictures, 100.0) - 1e-9
    ]


def format_changes(changes: Sequence[Change]) -> str:
    """Format the table before / after."""
    rows = [("pictures", "metric", "count", "before", "after", "points")]
    rows += [
        (
            TITLES[change.after.pictures],
            change.after.metric,
            str(change.after.count),
            f"{change.before.value:.1%}",
            f"{change.after.value:.1%}",
            f"{change.points:+.1f}",
        )
        for change in changes
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if place < 2 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )

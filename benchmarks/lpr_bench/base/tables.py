"""Cells of text tables."""

from lpr_edge.contract.metrics import wilson_interval


def format_share(successes: int, count: int) -> str:
    """A share with its 95 % interval and counts; a dash for a count of 0."""
    if not count:
        return "–"
    low, high = wilson_interval(successes, count)
    return f"{successes / count:6.1%} [{low:.0%}–{high:.0%}] {successes}/{count}"

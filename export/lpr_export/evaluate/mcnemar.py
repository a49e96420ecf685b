"""Is a loss more than chance? The same pictures before and after, so a paired test."""

import math
from collections.abc import Sequence

from lpr_edge.contract.metrics import fair_tail, mcnemar

SIGNIFICANT = 0.05
"""A loss that chance alone brings about this rarely, or more rarely, is called one."""


def loss_p_value(before: Sequence[int], now: Sequence[int]) -> float:
    """How likely as many pictures would be worse, were better and worse equally likely (exact McNemar, one-sided).

    Args:
        before: each picture's mistakes, such as 0 or 1, or a plate's edits.
        now: the same pictures' mistakes afterwards.

    Returns:
        0..1; 1 where nothing changed (McNemar 1947; of more than one mistake a picture this is the sign test).
    """
    better, worse = _changes(before, now)
    return fair_tail(worse, better + worse)


def difference_p_value(a: Sequence[int], b: Sequence[int]) -> float:
    """How likely two that are equally good would differ as much, either way (exact McNemar, two-sided).

    Args:
        a: each picture's mistakes in one.
        b: the same pictures' mistakes in the other, neither being the one to measure by.
    """
    return mcnemar(*_changes(a, b))


def _changes(before: Sequence[int], now: Sequence[int]) -> tuple[int, int]:
    """How many pictures became better, and how many worse."""
    pairs = list(zip(before, now, strict=True))
    return sum(b < a for a, b in pairs), sum(b > a for a, b in pairs)


def min_significant_losses() -> int:
    """The fewest pictures that must get worse, none better, before it is called a loss."""
    return math.ceil(-math.log2(SIGNIFICANT))

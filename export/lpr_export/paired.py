"""Is a loss more than chance? The same pictures before and after, so a paired test."""

import math
from collections.abc import Sequence

from lpr_edge.contract.metrics import fair_tail

SIGNIFICANT = 0.05
"""A loss that chance alone brings about this rarely, or more rarely, is called one."""


def chance_of_loss(before: Sequence[int], now: Sequence[int]) -> float:
    """How likely as many pictures would be worse, were better and worse equally likely (exact McNemar, one-sided).

    Args:
        before: each picture's mistakes, such as 0 or 1, or a plate's edits.
        now: the same pictures' mistakes afterwards.

    Returns:
        0..1; 1 where nothing changed (McNemar 1947; of more than one mistake a picture this is the sign test).
    """
    worse = sum(b > a for a, b in zip(before, now, strict=True))
    changed = worse + sum(b < a for a, b in zip(before, now, strict=True))
    return fair_tail(worse, changed)


def least_telling_loss() -> int:
    """The fewest pictures that must get worse, none better, before it is called a loss."""
    return math.ceil(-math.log2(SIGNIFICANT))

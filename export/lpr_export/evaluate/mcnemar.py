"""Significance of a difference between two networks on the same pictures (McNemar's exact test)."""

import math
from collections.abc import Sequence

from lpr_edge.contract.metrics import binomial_tail, mcnemar

SIGNIFICANT = 0.05
"""Significance level of the tests."""


def loss_p_value(before: Sequence[int], now: Sequence[int]) -> float:
    """One-sided p-value of a loss (McNemar's exact test).

    Args:
        before: errors on each picture, such as 0 or 1, or a plate's edit distance.
        now: errors on the same pictures of the other network.

    Returns:
        0..1; 1 if nothing changed (McNemar 1947; with several errors per picture this is the sign test).
    """
    better, worse = _changes(before, now)
    return binomial_tail(worse, better + worse)


def difference_p_value(a: Sequence[int], b: Sequence[int]) -> float:
    """Two-sided p-value of a difference (McNemar's exact test).

    Args:
        a: errors on each picture of one network.
        b: errors on the same pictures of the other network.
    """
    return mcnemar(*_changes(a, b))


def _changes(before: Sequence[int], now: Sequence[int]) -> tuple[int, int]:
    """Number of pictures with fewer errors, and with more."""
    pairs = list(zip(before, now, strict=True))
    return sum(b < a for a, b in pairs), sum(b > a for a, b in pairs)


def min_significant_losses() -> int:
    """Minimum number of worse pictures, with no better one, for a significant loss."""
    return math.ceil(-math.log2(SIGNIFICANT))

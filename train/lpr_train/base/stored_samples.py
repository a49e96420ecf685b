"""The samples that a run stores for its export: real ones, with rendered ones behind them where these are few."""

from collections.abc import Callable

from lpr_edge.contract.run.samples import Samples

LEAST_TO_PROVE = 100
"""Held-out samples that a run stores at least, if its settings ask for so many: an export refuses fewer than half."""
ENOUGH_TO_CALIBRATE = 200
"""Real samples from which on activation ranges don't depend on a few of them."""
FILLED_UP = 300
"""Samples to calibrate on where the real ones are fewer: each half needs enough rendered ones, too."""


def proving_samples(real: Samples | None, render: Callable[[int], Samples], count: int) -> Samples:
    """The real samples, and rendered ones behind them if they are few.

    Args:
        real: held out of training; None without any.
        render: makes a number of rendered samples.
        count: how many are wanted.

    Returns:
        The real ones alone if they are `LEAST_TO_PROVE` or `count`.
    """
    if real is None:
        return render(count)
    return _filled_up(real, render, min(LEAST_TO_PROVE, count))


def calibration_samples(real: Samples | None, render: Callable[[int], Samples], count: int) -> Samples:
    """The real samples, and rendered ones behind them if int8 ranges would depend on single pictures otherwise.

    Args:
        real: training samples, `count` of them if there are so many; None without any.
        render: makes a number of rendered samples.
        count: how many are wanted.

    Returns:
        The real ones alone if they are `ENOUGH_TO_CALIBRATE` or `count`. Otherwise up to half as many again as `count`.
    """
    if real is None:
        return render(count)
    is_enough = len(real.pictures) >= min(ENOUGH_TO_CALIBRATE, count)
    return real if is_enough else _filled_up(real, render, min(FILLED_UP, count * 3 // 2))


def _filled_up(real: Samples, render: Callable[[int], Samples], count: int) -> Samples:
    """Up to `count` samples; their source names both, so that no figure of a mixture is compared with one of real ones.

    It has ground truth where both have it.
    """
    missing = count - len(real.pictures)
    if missing <= 0:
        return real
    more = render(missing)
    data, comma, split = real.source.partition(",")
    truth = None if real.truth is None or more.truth is None else (*real.truth, *more.truth)
    return Samples(
        (*real.pictures, *more.pictures),
        f"{data} and rendered{comma}{split}",
        (*real.sha256, *more.sha256),
        truth,
        real.seed,
    )

"""The held-out samples of a run, with rendered ones where too few are real to prove an exported model on."""

from collections.abc import Callable

from lpr_edge.contract.run.samples import Samples

LEAST = 100
"""Samples that a run stores at least, if its settings ask for so many: an export refuses fewer than half of that."""


def proving_samples(real: Samples | None, render: Callable[[int], Samples], count: int) -> Samples:
    """The real samples, and rendered ones behind them if they are few.

    Args:
        real: held out of training; None without any.
        render: makes a number of rendered samples.
        count: how many are wanted.

    Returns:
        The real ones alone if they are `LEAST` or `count`. Otherwise the source names both, so that no figure of a
        mixture is compared with one of real images.
    """
    if real is None:
        return render(count)
    missing = min(LEAST, count) - len(real.pictures)
    if missing <= 0:
        return real
    more = render(missing)
    data, comma, split = real.source.partition(",")
    truth = (*(real.truth or ()), *(more.truth or ()))
    return Samples(
        (*real.pictures, *more.pictures),
        f"{data} and rendered{comma}{split}",
        (*real.sha256, *more.sha256),
        truth,
        real.seed,
    )

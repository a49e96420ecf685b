"""How often each real plate is shown in training: rare letters, whole plates and hard examples more often."""

from collections import Counter
from collections.abc import Sequence
from typing import TypeVar

from lpr_train.data.real_plates import RealPlate

RARE = (40, 160)
"""Plates with a label on fewer plates than the first number are oversampled by three, below the second one by two."""
MAX_REPEATED = 8
"""How often a sample of the run's own data is repeated at most, where there are many others."""
T = TypeVar("T")


def sampled_plates(plates: Sequence[RealPlate], misread: Sequence[bool], weight: int) -> list[RealPlate]:
    """The aligned plates, each as many times as it is to be shown.

    Args:
        plates: all real plates.
        misread: whether the reader misread each of them.
        weight: sampling weight of those that it did.
    """
    weighed = weighted_plates(plates, misread, weight)
    shown = [plate for plate, times in zip(weighed, rarities(weighed), strict=True) for _ in range(times)]
    return balanced(shown, [plate.is_other for plate in shown])


def balanced(samples: Sequence[T], is_other: Sequence[bool]) -> list[T]:
    """Repeat the run's own samples until they are about as many as those of the second folder of data, `also`."""
    others = sum(is_other)
    own = len(samples) - others
    times = min(MAX_REPEATED, max(1, round(others / own))) if own else 1
    return [sample for sample, other in zip(samples, is_other, strict=True) for _ in range(1 if other else times)]


def weighted_plates(plates: Sequence[RealPlate], misread: Sequence[bool], weight: int) -> list[RealPlate]:
    """The aligned plates, with those that were misread repeated `weight` times.

    A vote that the reader contradicts may itself be wrong, so it isn't repeated.
    """
    shown = [(plate, wrong and plate.label.is_confirmed) for plate, wrong in zip(plates, misread, strict=True)]
    return [plate for plate, is_hard in shown for _ in range(weight if is_hard else 1) if plate.placed]


def rarities(plates: Sequence[RealPlate]) -> list[int]:
    """Sampling weights of plates: whole photographs, rare letters and fully legible plates are oversampled.

    Plates that a vote labelled have the least weight, 1.
    """
    counts = Counter(label for plate in plates for label in set(plate.labels))
    return [_rarity(plate, min(counts[label] for label in set(plate.labels))) for plate in plates]


def _rarity(plate: RealPlate, count: int) -> int:
    if not plate.label.is_confirmed:
        return 1
    base = (1 if plate.is_crop else 2) * (2 if plate.is_whole else 1)
    return base * (3 if count < RARE[0] else 2 if count < RARE[1] else 1)

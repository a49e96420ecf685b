"""Choose the test photographs: by the source's split or a new one; all photographs of a vehicle are in one split."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.country import UNREADABLE

TRAIN, TEST, VALIDATION = "train", "test", "val"
KEEP, AUTO = "keep", "auto"
TEST_SHARE = 0.2
"""Of the photographs, where the source has no split."""


@dataclass(frozen=True)
class SplitRule:
    """How photographs are split."""

    how: str = AUTO
    """`auto`: kept where the source has one, else made; `keep`; `train` or `test` for all; or a share for testing."""
    seed: int = 1
    """The same seed draws the same vehicles."""

    def __post_init__(self) -> None:
        """Refuse what is no rule.

        Raises:
            LprError: it is none of the words, nor a share between 0 and 1.
        """
        if self.how not in (AUTO, KEEP, TRAIN, TEST) and not 0 < self.share < 1:
            raise LprError(f"--split {self.how}: expected auto, keep, train, test, or a share such as 0.2")

    @property
    def share(self) -> float:
        """Fraction for testing in a new split."""
        try:
            return float(self.how)
        except ValueError:
            return TEST_SHARE if self.how == AUTO else 0.0


@dataclass(frozen=True)
class SplitResult:
    """Split of each photograph, and what was changed."""

    splits: tuple[str, ...]
    moved: tuple[int, ...]
    """Places of training photographs that went to `test`, because their vehicle is tested on."""
    story: str
    """One sentence for the report."""


def vehicles_of(texts: Sequence[Iterable[str]]) -> list[int]:
    """Group number of each photograph: photographs that share a complete plate text, directly or indirectly, share it.

    Args:
        texts: of each photograph's plates, the rows joined; a text with `?` identifies no vehicle.
    """
    parent = list(range(len(texts)))

    def root(at: int) -> int:
        while parent[at] != at:
            parent[at] = parent[parent[at]]
            at = parent[at]
        return at

    first: dict[str, int] = {}
    for number, own in enumerate(texts):
        for text in own:
            if text and UNREADABLE not in text:
                parent[root(number)] = root(first.setdefault(text, number))
    return [root(number) for number in range(len(texts))]


def assign_splits(given: Sequence[str], texts: Sequence[Iterable[str]], rule: SplitRule) -> SplitResult:
    """Choose the split of each photograph.

    Args:
        given: what the source says: `train`, `val`, `test`, or nothing.
        texts: of each photograph's plates.
        rule: how.

    Raises:
        LprError: the source's split is to be kept, and it has none.
    """
    if rule.how in (TRAIN, TEST):
        return SplitResult((rule.how,) * len(given), (), f"all {rule.how}, as asked")
    vehicles = vehicles_of(texts)
    has_split = TEST in given or VALIDATION in given
    if rule.how == KEEP and not any(given):
        raise LprError("--split keep: the source has no split. Give a share to test on, such as --split 0.2")
    if (rule.how == AUTO and has_split) or rule.how == KEEP:
        return _keep_given(given, vehicles)
    return _make_new(vehicles, rule)


def _keep_given(given: Sequence[str], vehicles: Sequence[int]) -> SplitResult:
    """The source's split; `val` becomes `train`, because lpr holds out a part of the training split itself."""
    tested = TEST if TEST in given else VALIDATION
    tested_vehicles = {vehicle for split, vehicle in zip(given, vehicles, strict=True) if split == tested}
    splits = tuple(TEST if vehicle in tested_vehicles else TRAIN for vehicle in vehicles)
    moved = tuple(at for at, split in enumerate(given) if split != tested and splits[at] == TEST)
    names = "val for test" if tested == VALIDATION else "val for train" if VALIDATION in given else "as it is"
    return SplitResult(splits, moved, f"kept from the source, {names}")


def _make_new(vehicles: Sequence[int], rule: SplitRule) -> SplitResult:
    """Choose whole vehicles by the seed until the fraction is reached; with two or more, both splits get one."""
    count = Counter(vehicles)
    order = sorted(count)
    np.random.default_rng(rule.seed).shuffle(order)
    wanted, reached, tested = rule.share * len(vehicles), 0, set[int]()
    for vehicle in order[:-1]:
        if reached >= wanted:
            break
        tested.add(vehicle)
        reached += count[vehicle]
    splits = tuple(TEST if vehicle in tested else TRAIN for vehicle in vehicles)
    return SplitResult(splits, (), f"made by vehicle, {rule.share:.0%} of the pictures for testing, seed {rule.seed}")

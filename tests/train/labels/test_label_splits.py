"""Who is trained on and who is tested on: one vehicle's photographs never part."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpr_edge.contract.base.errors import LprError
from lpr_train.labels.splits import SplitRule, assign_splits, vehicles_of

TEXTS = st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=2), min_size=1, max_size=40)
GIVEN = st.sampled_from(["train", "val", "test", ""])


def _shared(texts: Sequence[Sequence[str]], splits: Sequence[str]) -> set[str]:
    """Texts that stand on both sides."""
    sides = [
        {text for own, split in zip(texts, splits, strict=True) if split == side for text in own}
        for side in ("train", "test")
    ]
    return sides[0] & sides[1]


@given(TEXTS, st.integers(0, 5), st.sampled_from(["auto", "0.3"]))
def test_a_made_split_keeps_vehicles_together(texts: list[list[str]], seed: int, how: str) -> None:
    """Also where two vehicles stand in one photograph."""
    result = assign_splits([""] * len(texts), texts, SplitRule(how, seed))
    assert _shared(texts, result.splits) == set()
    assert set(result.splits) <= {"train", "test"}
    if len(set(vehicles_of(texts))) > 1:
        assert set(result.splits) == {"train", "test"}


@given(
    TEXTS.flatmap(lambda texts: st.tuples(st.just(texts), st.lists(GIVEN, min_size=len(texts), max_size=len(texts))))
)
def test_a_kept_split_is_never_weaker(drawn: tuple[list[list[str]], list[str]]) -> None:
    """All that the source tests on stays; what shows its vehicles comes from train, and nothing else moves."""
    texts, given_splits = drawn
    result = assign_splits(given_splits, texts, SplitRule())
    assert _shared(texts, result.splits) == set()
    tested = "test" if "test" in given_splits else "val"
    if tested in given_splits:
        assert all(own == "test" for own, split in zip(result.splits, given_splits, strict=True) if split == tested)
        after = {at for at, own in enumerate(result.splits) if own == "test"}
        assert after == {at for at, split in enumerate(given_splits) if split == tested} | set(result.moved)


def test_unreadable_texts_tell_no_vehicle() -> None:
    """Two plates that nobody can read aren't one."""
    assert len(set(vehicles_of([["बा१प?"], ["बा१प?"], ["?"], [""], []]))) == 5


def test_the_same_seed_makes_the_same_split() -> None:
    """And another seed another one."""
    texts = [[str(number)] for number in range(60)]
    first, again, other = (assign_splits([""] * 60, texts, SplitRule("0.2", seed)).splits for seed in (1, 1, 2))
    assert first == again != other
    assert first.count("test") == 12


def test_val_is_for_training_where_there_is_a_test_split() -> None:
    """Lpr holds a part of the training split out by itself; without a test split val is tested on."""
    texts = [["a"], ["b"], ["c"]]
    assert assign_splits(["train", "val", "test"], texts, SplitRule()).splits == ("train", "train", "test")
    assert assign_splits(["train", "val", "val"], texts, SplitRule()).splits == ("train", "test", "test")


def test_all_of_one_split() -> None:
    """`--split train` and `--split test` take the source's word for nothing."""
    assert assign_splits(["train", "test"], [["a"], ["b"]], SplitRule("test")).splits == ("test", "test")


def test_a_split_that_is_not_there_cannot_be_kept() -> None:
    """The error names the share to give instead."""
    with pytest.raises(LprError, match="the source has no split"):
        assign_splits(["", ""], [["a"], ["b"]], SplitRule("keep"))


@pytest.mark.parametrize("how", ["half", "0", "1", "-0.1", "nan", ""])
def test_rules_that_are_none(how: str) -> None:
    """Words and shares that mean nothing are refused."""
    with pytest.raises(LprError, match="expected auto, keep, train, test, or a share"):
        SplitRule(how)

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.data.plate_photos import PlateLabel, PlatePhoto
from lpr_edge.contract.data.splits import HoldOut, held_out_groups, is_source, seen_by_training, vehicle_groups

QUAD = np.array([[0, 0], [9, 0], [9, 4], [0, 4]], np.float32)


def photo(number: int, text: str, split: str = "train") -> PlatePhoto:
    return PlatePhoto(Path(f"{number}.jpg"), split, "made", (PlateLabel(QUAD, (text,), "full", "own", "car"),))


def photos(count: int, split: str = "train") -> list[PlatePhoto]:
    """Photographs of as many vehicles."""
    return [photo(number, f"A{1000 + number}", split) for number in range(count)]


@given(st.integers(2, 7), st.integers(0, 40), st.integers(0, 5))
def test_folds_hold_out_every_group_once(folds: int, groups: int, seed: int) -> None:
    """The parts of one seed share no group, and together are all of them; none is larger than another by two."""
    names = [f"group {i}" for i in range(groups)]
    parts = [HoldOut(0.1, seed, fold, folds).choose(names) for fold in range(1, folds + 1)]
    assert sorted(name for part in parts for name in part) == sorted(names)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_photographs_of_one_plate_share_a_group() -> None:
    """The last four signs of a fully readable plate make the group; what isn't readable joins none."""
    plates = [photo(i, text).plates for i, text in enumerate(("BA1PA2345", "2345", "BA?45", "BA1PA2346"))]
    groups = vehicle_groups(plates)
    assert groups[0] == groups[1]
    assert len(set(groups)) == 3


def test_what_a_run_held_out_is_unseen() -> None:
    """Of the training split all but the held-out share is seen; of the test split nothing is."""
    training = {"data": "data", "holdout": 0.2, "seed": 3}
    assert seen_by_training(photos(50), training).count(False) == 10
    assert not any(seen_by_training(photos(50, "test"), training))


def test_each_photograph_is_unseen_by_one_fold() -> None:
    """Over the runs of a cross-validation every photograph is left to exactly one of them."""
    seen = [seen_by_training(photos(23), {"data": "data", "seed": 1, "fold": k, "folds": 4}) for k in (1, 2, 3, 4)]
    assert [column.count(False) for column in map(list, zip(*seen, strict=True))] == [1] * 23


def test_rendered_training_has_seen_nothing_and_a_continued_one_all() -> None:
    """Without data no photograph is seen; a run that started from other weights may have seen every one."""
    assert not any(seen_by_training(photos(5), {"data": "", "init": ""}))
    assert all(seen_by_training(photos(5), {"data": "data", "init": "runs/a", "holdout": 0.5, "seed": 1}))


def test_a_continued_run_has_seen_what_its_beginning_had() -> None:
    """Begun from rendered pictures it has seen its own part; begun from photographs, theirs too."""
    own = {"data": "data", "init": "runs/a", "holdout": 0.2, "seed": 3}
    rendered = {"data": "data", "real_share": 0.0}
    assert seen_by_training(photos(50), own | {"began_from": rendered}).count(False) == 10
    assert seen_by_training(photos(50), own | {"began_from": {**own, "init": "", "real_share": 0.5}}).count(False) == 10
    other = {"data": "data", "holdout": 0.2, "seed": 4}
    assert 0 < seen_by_training(photos(50), own | {"began_from": other}).count(False) < 10
    assert all(seen_by_training(photos(50), own | {"began_from": rendered | {"init": "runs/lost"}}))


@pytest.mark.parametrize(("fold", "folds"), [(0, 5), (6, 5), (1, 0), (1, 1), (-1, 3)])
def test_a_fold_that_is_not_there(fold: int, folds: int) -> None:
    """A part outside the folds, or one part alone, is refused with both settings named."""
    with pytest.raises(LprError, match=f"`fold` and `folds` are {fold} and {folds}"):
        HoldOut(0.1, 1, fold, folds)


def test_a_run_of_some_sources_has_seen_those_alone() -> None:
    """`sources` names them, divided by commas; what a run that began from it was shown counts too."""
    mixed = [replace(one, source=source) for one, source in zip(photos(30), "abc" * 10, strict=True)]
    before = {"data": "data", "sources": "a, b"}
    assert [one.source for one, seen in zip(mixed, seen_by_training(mixed, before), strict=True) if not seen] == [
        "c"
    ] * 10
    training = {"data": "data", "holdout": 0.5, "seed": 1, "init": "runs/a", "began_from": before}
    seen = seen_by_training(mixed, training)
    assert all(is_seen for one, is_seen in zip(mixed, seen, strict=True) if one.source != "c")
    assert 0 < sum(is_seen for one, is_seen in zip(mixed, seen, strict=True) if one.source == "c") < 10
    assert is_source("d", "")


def test_a_run_holds_out_the_same_vehicles_beside_votes() -> None:
    """What a run has seen is told by its ground truth alone, as training parts it."""
    own = photos(30)
    votes = [replace(one, path=Path(f"v{one.path}"), plates=(replace(one.plates[0], label="vote"),)) for one in own]
    training = {"data": "data", "holdout": 0.3, "seed": 2}
    seen = seen_by_training(own, training)
    assert seen_by_training([*own, *votes], training) == seen * 2
    groups = vehicle_groups([one.plates for one in votes])
    assert held_out_groups(votes, groups, HoldOut(0.5, 1)) == frozenset()


def test_a_second_folder_counts_as_seen() -> None:
    """A manifest doesn't say which of two folders is measured, and of the second one nothing was held out."""
    training = {"data": "data", "also": "others", "holdout": 0.2, "seed": 1}
    assert all(seen_by_training(photos(50), training))
    assert not any(seen_by_training(photos(50, "test"), training))
    assert not any(seen_by_training(photos(50), training | {"real_share": 0.0}))

"""Float networks that are broken, and held-out sets that prove nothing."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.support.golden_subjects import compared, draw, pair
from tests.support.rewriting import rewrite

from lpr_edge.contract.manifest import Manifest, read_manifest
from lpr_edge.contract.run.samples import Samples
from lpr_export.base.errors import ExportError
from lpr_export.evaluate.float_quality import find_weaknesses
from lpr_export.evaluate.gate import Verdict
from lpr_export.evaluate.held_out import check_size, held_out_of_samples
from lpr_export.evaluate.task_metrics import TASK_METRICS


def verdict_of(path: Path, samples: Samples | None = None, count: int = 12) -> tuple[Verdict, Manifest]:
    """A classifier's answers, as if the file were the float network."""
    card = read_manifest(path)
    held_out = held_out_of_samples(samples or draw("characters", count), card)
    return compared([(path, "litert")], held_out, "classifier")[1], card


def weaknesses(path: Path, min_points: float | None = None, **changes: Any) -> list[str]:
    verdict, card = verdict_of(path)
    return find_weaknesses(verdict, replace(card, **changes), TASK_METRICS["classifier"], min_points)


@pytest.fixture
def good() -> Path:
    return pair("characters")[0][0]


@pytest.fixture
def shifted(good: Path, tmp_path: Path) -> Path:
    """The classifier with its labels shifted by one."""
    labels = read_manifest(good).labels
    return rewrite(good, tmp_path / "shifted.tflite", labels=(*labels[1:], labels[0]))


def recorded(value: float, split: str = "held out of training", **changes: Any) -> dict[str, Any]:
    record = {"data": "rendered", "split": split, "metric": "accuracy", "value": value, "count": 200}
    return {"metrics": (record | changes,)}


def test_good_network_has_no_weakness(good: Path) -> None:
    """A network that is as good as its run recorded passes, also with records of what isn't measured here."""
    assert weaknesses(good) == []
    assert weaknesses(good, **recorded(1.0)) == []
    assert weaknesses(good, metrics=({"metric": "kept"}, {"data": "rendered", "metric": "accuracy"})) == []


def test_shifted_labels_are_below_the_floor(shifted: Path) -> None:
    """A classifier whose labels are shifted by one answers nothing right: the floor stops it, whatever it recorded."""
    (found,) = weaknesses(shifted)
    assert found.startswith("the float network has 0.00 % accuracy of 12 on 12 pictures (rendered, held out), and 50 %")
    assert weaknesses(shifted, 0.0) == []


def test_record_is_a_measure_too(shifted: Path) -> None:
    """Far below what the run recorded of its own held-out pictures is a weakness, also above the floor that is set."""
    (found,) = weaknesses(shifted, 0.0, **recorded(0.98))
    assert "its run recorded 98.00 % of 200 on rendered (held out of training)" in found
    assert weaknesses(shifted, 0.0, **recorded(0.1)) == []
    assert weaknesses(shifted, 0.0, **recorded(0.98, data="plates")) == []
    assert weaknesses(shifted, 0.0, **recorded(0.98, metric="kept")) == []


def test_record_of_another_split_is_none_of_a_data_folders(shifted: Path) -> None:
    """What was recorded on other photographs of a data folder may well be higher; on the same split it may not."""
    verdict, card = verdict_of(shifted)
    folder = replace(verdict.held_out, data="characters", split="validation", is_own=False)
    verdict = replace(verdict, held_out=folder)
    for split, count in (("validation", 1), ("held out of training", 0)):
        told = replace(card, **recorded(0.98, split, data="characters"))
        assert len(find_weaknesses(verdict, told, TASK_METRICS["classifier"], 0.0)) == count


@pytest.mark.parametrize(("lost", "count", "is_weak"), [(16, 500, True), (14, 500, False), (16, 20, False)])
def test_far_below_is_more_than_chance(good: Path, lost: int, count: int, is_weak: bool) -> None:
    """Sixteen points less of 500 are far below; fourteen aren't, and of 20 pictures sixteen may be chance."""
    verdict, card = verdict_of(good)
    row = verdict.rows[0]
    measure = replace(row.measures[0], value=(90 - lost) / 100, count=count)
    verdict = replace(verdict, rows=(replace(row, measures=(measure,)),))
    told = replace(card, **recorded(0.9, count=count))
    assert bool(find_weaknesses(verdict, told, TASK_METRICS["classifier"], 0.0)) is is_weak


def test_label_that_is_never_answered(good: Path, tmp_path: Path) -> None:
    """A class that pictures show and no answer names is a weakness, although half of all answers are right."""
    label = read_manifest(good).labels[0]
    only = rewrite(good, tmp_path / "only.tflite", labels=(label, label))
    verdict, _ = verdict_of(only, count=30)
    (found,) = find_weaknesses(verdict, read_manifest(good), TASK_METRICS["classifier"], None)
    assert found.startswith("the float network never answers X; X stands 15 times in 30 pictures")


def test_rare_label_may_be_missed(good: Path, tmp_path: Path) -> None:
    """A label shown twice is too rare to be called silent."""
    drawn = draw("characters", 16)
    kept = [number for number, label in enumerate(drawn.truth or ()) if label == "0" or number in (1, 3)]
    samples = replace(
        drawn,
        pictures=tuple(drawn.pictures[n] for n in kept),
        sha256=tuple(drawn.sha256[n] for n in kept),
        truth=tuple((drawn.truth or ())[n] for n in kept),
    )
    only = rewrite(good, tmp_path / "only.tflite", labels=("0", "0"))
    verdict, _ = verdict_of(only, samples)
    assert find_weaknesses(verdict, read_manifest(good), TASK_METRICS["classifier"], None) == []


@pytest.mark.parametrize("count", [0, 1, 49])
def test_few_held_out_pictures_are_refused(count: int) -> None:
    """Fewer than 50 different pictures prove nothing; a person may say that they are enough, and the files say so."""
    inputs = set(map(str, range(count)))
    with pytest.raises(ExportError, match=rf"^reader has {count} different held-out pictures, .* add --allow-small"):
        check_size(inputs, "reader", is_small_allowed=False)
    (caveat,) = check_size(inputs, "reader", is_small_allowed=True)
    assert caveat.startswith(f"proved on {count} different held-out pictures, and the gate needs 50 or more")


def test_fifty_held_out_pictures_are_enough() -> None:
    """The least that passes, without a caveat."""
    assert check_size(set(map(str, range(50))), "reader", is_small_allowed=False) == ()


def test_copies_are_one_input(good: Path) -> None:
    """Copies of a picture have one hash, that of its pixels, whatever is said of their files."""
    (picture,) = draw("characters", 1).pictures
    other = np.ascontiguousarray(picture[::-1])
    samples = Samples((picture, picture, other), "rendered", ("a", "b", "c"), ("0", "0", "0"))
    card = read_manifest(good)
    held_out = held_out_of_samples(samples, card)
    first, second, third = held_out.input_hashes(card)
    assert first == second != third
    assert held_out.sha256 == frozenset("abc")
    assert held_out.contents == frozenset({first, third})

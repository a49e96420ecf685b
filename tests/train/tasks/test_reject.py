from pathlib import Path

import cv2
import numpy as np
import pytest

from lpr_edge.contract.base.arrays import Floats
from lpr_edge.contract.countries import load_country
from lpr_train.tasks.characters.config import CharactersConfig
from lpr_train.tasks.characters.reject import MIN_IMAGES, reject_metrics, reject_threshold
from lpr_train.tasks.characters.rendered import RenderedCharacters, foreign_labels
from lpr_train.tasks.characters.task import CharactersTask

NEPAL = load_country("nepal")


def _scores(best: list[float]) -> Floats:
    """Two labels' scores, the first the better one."""
    values = np.array(best, np.float32)
    return np.stack([values, 1 - values], axis=1)


def test_the_threshold_keeps_what_it_is_to_keep() -> None:
    """Of 200 true characters two fall below it, and no third one could."""
    best = [0.6, 0.7, 0.75, *np.linspace(0.8, 1.0, 197)]
    threshold = reject_threshold(_scores(best), 0.99)
    assert threshold == pytest.approx(0.75, abs=1 / 256)
    assert threshold is not None
    assert sum(score >= threshold for score in best) == 198


def test_the_threshold_is_a_step_of_bytes() -> None:
    """Scores of int8 come in steps of 1/256: a threshold between two of them would reject more than in float."""
    threshold = reject_threshold(_scores([0.613] * 60))
    assert threshold == 156 / 256


def test_too_few_pictures_give_no_threshold() -> None:
    """One in a hundred can't be told from less than half a hundred."""
    assert reject_threshold(_scores([0.9] * (MIN_IMAGES - 1))) is None
    assert reject_threshold(_scores([0.9] * MIN_IMAGES)) is not None


def test_figures_say_what_is_kept_and_rejected() -> None:
    """True characters kept, and each kind of what is none rejected, as shares with their counts."""
    known = ("characters", "validation", _scores([0.9, 0.9, 0.9, 0.6]))
    metrics = reject_metrics(0.7, known, {"rendered clutter": _scores([0.6, 0.8])})
    assert [(m["data"], m["split"], m["metric"], m["value"], m["count"]) for m in metrics] == [
        ("characters", "validation", "kept", 0.75, 4),
        ("rendered clutter", "unseen", "rejected", 0.5, 2),
    ]


def test_strangers_are_of_the_script_and_share_no_stroke() -> None:
    """No class itself, no piece of one (ब of बा), nothing with one in it (प्रदेश), and nothing Latin (0 is ०)."""
    found = foreign_labels(NEPAL)
    assert {"को", "ज", "च", "ख"} <= set(found)
    assert not set(found) & {*NEPAL.characters.values(), "ब", "प्रदेश", "बागमती", "0", "O", "P"}


def test_unknowns_are_drawn_of_each_kind() -> None:
    """Clutter and strangers, the same for the same index."""
    drawn = [RenderedCharacters(NEPAL, [], 0.5, seed=1).unknowns(5, 3) for _ in range(2)]
    assert list(drawn[0]) == ["rendered clutter", "rendered letters outside the alphabet"]
    for kind, crops in drawn[0].items():
        assert len(crops) == 3
        for one, same in zip(crops, drawn[1][kind], strict=True):
            np.testing.assert_array_equal(one, same)


def test_unknowns_train_without_a_preference() -> None:
    """Clutter and strangers ask for an even answer."""
    for settings in ({"clutter_share": 1.0}, {"clutter_share": 0.0, "foreign_share": 1.0}):
        task = CharactersTask(CharactersConfig(**settings))  # type: ignore[arg-type]
        assert task.sample(0)[1]["scores"] == pytest.approx(1 / 12)


def test_the_card_carries_the_threshold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is fitted on held-out training crops and their views, reported with the metrics, and stands in the card."""
    root = tmp_path / "characters"
    for number, name in enumerate(NEPAL.characters):
        (root / name).mkdir(parents=True)
        for place in range(20):
            crop = np.random.default_rng((number, place)).integers(0, 255, (20, 16, 3), np.uint8)
            cv2.imwrite(str(root / name / f"{place:02}.png"), crop)
    monkeypatch.setattr("lpr_train.tasks.characters.task.RENDERED_FOR_EVALUATION", 12)
    task = CharactersTask(CharactersConfig(data=str(root), holdout=0.15))
    metrics = task.final_metrics(task.build())
    figures = {(m["data"], m["metric"]): m["count"] for m in metrics if m["metric"] in ("kept", "rejected")}
    assert figures == {
        ("characters", "kept"): 12 * 6,
        ("rendered clutter", "rejected"): 12,
        ("rendered letters outside the alphabet", "rejected"): 12,
    }
    assert 0 < task.model_card_fields()["thresholds"]["reject"] < 1


def test_nothing_held_out_gives_no_threshold(tmp_path: Path) -> None:
    """A threshold fitted on what was trained on would reject too much, and on what is measured, flatter."""
    root = tmp_path / "characters"
    for number, name in enumerate(NEPAL.characters):
        (root / name).mkdir(parents=True)
        for place in range(4):
            crop = np.random.default_rng((number, place)).integers(0, 255, (20, 16, 3), np.uint8)
            cv2.imwrite(str(root / name / f"{place}.png"), crop)
    task = CharactersTask(CharactersConfig(data=str(root), holdout=0.0))
    assert "kept" not in {metric["metric"] for metric in task.final_metrics(task.build())}
    assert task.model_card_fields()["thresholds"] == {}

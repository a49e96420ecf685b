"""Advice on runs that have too little data or are too short."""

from pathlib import Path
from typing import Any

import pytest

from lpr_edge.contract.countries import load_country
from lpr_edge.contract.data.splits import SeenPictures, read_seen
from lpr_train.base.config import FitConfig
from lpr_train.base.task import Examples
from lpr_train.data.initial_run import without_examples
from lpr_train.fine_tune.starting_run import starting_run
from lpr_train.runs.advice import data_advice, examples_advice, learnt_nothing, length_advice, record_advice


def test_few_examples_and_labels_without_any_are_named() -> None:
    """The number, what is enough, and the labels; nothing where all is there."""
    few, missing = examples_advice(Examples("plates", 30, 100, ("क", "ख")), "photos")
    assert few.startswith("photos has 30 plates to train on. With fewer than 100")
    assert missing.startswith("No real example of क ख: learnt from rendered images alone")
    assert examples_advice(Examples("plates", 100, 100), "photos") == []
    (many,) = examples_advice(Examples("plates", 100, 100, tuple("abcdefghijklmnop")), "photos")
    assert "a b c d e and 11 more:" in many


@pytest.mark.parametrize(
    ("steps", "ema", "init", "is_short"),
    [
        (450, 0.998, "", True),
        (500, 0.998, "", False),
        (60, 0.98, "", False),
        (9, 0.998, "run", False),
        (1, 0, "", False),
    ],
)
def test_a_run_shorter_than_its_ema_is_named(steps: int, ema: float, init: str, is_short: bool) -> None:
    """Three short epochs from nothing; not a run that starts from trained weights."""
    found = length_advice(FitConfig(ema=ema, init=init), steps)
    assert [line.startswith(f"The run had {steps} steps, and its EMA of 0.998 needs 500") for line in found] == (
        [True] if is_short else []
    )


@pytest.mark.parametrize(
    ("kind", "metrics", "failing"),
    [
        ("detector", {"recall": 0.0, "precision": 0.0}, "detects none of 40 held-out examples"),
        ("detector", {"recall": 0.1, "precision": 0.0}, ""),
        ("reader", {"exact": 0.0, "cer": 0.9}, "reads none of 40 held-out examples"),
        ("classifier", {"accuracy": 0.5}, ""),
        ("classifier", {}, ""),
    ],
)
def test_a_network_that_learnt_nothing_is_not_passed_on(kind: str, metrics: dict[str, float], failing: str) -> None:
    """A detector with recall 0, a reader that reads no plate."""
    listed = [{"metric": name, "value": value, "count": 40} for name, value in metrics.items()]
    assert learnt_nothing({"kind": kind, "metrics": listed}) == failing


def test_unknown_training_pictures_are_named(tmp_path: Path) -> None:
    """A model.keras alone may have learnt what it is compared on."""
    (advice,) = record_advice(str(tmp_path))
    assert "has no complete record of what it was trained on (seen.json)" in advice
    (tmp_path / "seen.json").write_text(SeenPictures().to_json(), encoding="utf-8")
    assert record_advice(str(tmp_path)) == []


def test_a_task_without_real_examples_has_no_advice(halves: Any) -> None:
    """Rendered pictures never run out."""
    assert data_advice(halves()) == []


def test_a_label_that_the_initial_weights_know_is_not_missing(tmp_path: Path) -> None:
    """A user's photographs needn't show what the shipped network has learnt from real plates."""
    assert without_examples("abc", {"a"}, "") == ("b", "c")
    assert without_examples("abc", {"a"}, str(tmp_path)) == ("b", "c")
    (tmp_path / "seen.json").write_text(SeenPictures.of([], ["b"]).to_json(), encoding="utf-8")
    assert without_examples("abc", {"a"}, str(tmp_path)) == ("c",)


@pytest.mark.parametrize("name", ["reader", "characters"])
def test_shipped_networks_say_which_labels_they_know(name: str) -> None:
    """So that advice on a user's data names only what nobody has shown them."""
    country = load_country()
    labels = read_seen(starting_run(name, None)).labels
    assert set(country.characters.values()) <= labels <= set(country.labels)

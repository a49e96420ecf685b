"""Whether a fine-tuned network replaces the old one, and how its training is sized."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lpr_edge.contract.base.arrays import Floats, Image
from lpr_edge.contract.base.errors import LprError
from lpr_train.base.config import FitConfig
from lpr_train.base.engine import KerasModel
from lpr_train.base.task import HELD_OUT, LEARNT_OTHERS, OTHERS, RENDERED, TEST, Measured
from lpr_train.fine_tune.comparison import TITLES, compare, format_changes, what_is_worse
from lpr_train.fine_tune.fine_tune import RESULT, fine_tune
from lpr_train.fine_tune.plan import EPOCHS, DataCount, count_examples, fine_tune_settings
from lpr_train.fine_tune.starting_run import PLACES, starting_run, starting_settings
from lpr_train.loop.inference import predict
from lpr_train.tasks.reader.config import ReaderConfig
from lpr_train.tasks.registry import TASKS


def measured(held_out: float, rendered: float, test: float = 0.5, **others: float) -> list[Measured]:
    values = {HELD_OUT: held_out, RENDERED: rendered, TEST: test} | {SETS[name]: each for name, each in others.items()}
    return [Measured(name, "exact", value, 40) for name, value in values.items()]


SETS = {"others": OTHERS, "learnt": LEARNT_OTHERS}


@pytest.mark.parametrize(
    ("after", "worse"),
    [
        (measured(0.6, 0.9), ""),
        (measured(0.6, 0.9, others=0.79, learnt=0.79), ""),
        (measured(0.6, 0.9, others=0.78), "exact on held-out photographs of --also fell from 80.0% to 78.0%"),
        (measured(0.6, 0.9, learnt=0.78), "exact on learnt photographs of --also fell from 80.0% to 78.0%"),
        (measured(0.5, 0.9), ""),
        (measured(0.475, 0.95), "exact on your held-out photographs fell from 50.0% to 47.5%"),
        (measured(0.9, 0.89), ""),
        (measured(0.9, 0.88), "exact on rendered images fell from 90.0% to 88.0%"),
        (measured(0.6, 0.9, test=0.0), ""),
    ],
)
def test_worse_on_either_is_refused(after: list[Measured], worse: str) -> None:
    """Any drop on own photographs counts, elsewhere one of over a point; a test split decides nothing."""
    others = {name: 0.8 for name, title in SETS.items() if any(one.pictures == title for one in after)}
    assert "; ".join(what_is_worse(compare(measured(0.5, 0.9, **others), after), max_drop=1.0)) == worse


def test_the_table_shows_both_networks() -> None:
    """A line for each set of pictures, with the difference in points."""
    lines = format_changes(compare(measured(0.5, 0.9), measured(0.625, 0.9))).splitlines()
    assert lines[0].split() == ["pictures", "metric", "count", "before", "after", "points"]
    assert lines[1].split("  ")[0] == "your held-out photographs"
    assert lines[1].split()[-3:] == ["50.0%", "62.5%", "+12.5"]
    assert lines[2].split()[-3:] == ["90.0%", "90.0%", "+0.0"]


def test_settings_follow_the_data_and_the_time() -> None:
    """More examples: a longer run and a higher rate, up to the limits that time and recipe set."""
    base = ReaderConfig(data="d", init="i", fold=1, folds=5, sources="street", strength=0.2)
    few, many, hurried = (
        fine_tune_settings(base, "reader", DataCount(examples, examples), minutes, cores=2)
        for examples, minutes in ((30, 30.0), (300, 30.0), (300, 3.0))
    )
    assert few.learning_rate < many.learning_rate == hurried.learning_rate < ReaderConfig().learning_rate
    assert few.steps_per_epoch < many.steps_per_epoch
    assert hurried.steps_per_epoch < many.steps_per_epoch
    assert EPOCHS * many.steps_per_epoch * many.batch_size <= 30 * 1800 * 1.05
    assert few.ema < many.ema
    assert (1 - many.ema) * EPOCHS * many.steps_per_epoch == pytest.approx(12, rel=0.1)
    assert (many.fold, many.folds, many.sources, many.strength, many.data) == (0, 0, "", 0.2, "d")
    strong = fine_tune_settings(replace(base, strength=0.9, also="a"), "reader", DataCount(300, 300), 30.0, cores=2)
    assert (strong.strength, strong.also_holdout, many.also_holdout) == (0.4, 0.2, 0.0)


def test_without_other_photographs_more_is_rendered() -> None:
    """Only rendered images show other layouts then: more of them, smaller steps, and they count for the epoch."""
    base = ReaderConfig(data="d", init="i", rendered_decides=True)
    alone, mixed = (
        fine_tune_settings(replace(base, also=also), "reader", DataCount(300, 300), 30.0, cores=2) for also in ("", "a")
    )
    assert alone.real_share < mixed.real_share
    assert alone.learning_rate < mixed.learning_rate
    assert alone.steps_per_epoch == mixed.steps_per_epoch
    assert (alone.rendered_decides, mixed.rendered_decides) == (True, False)


def test_of_few_photographs_more_are_held_out() -> None:
    """A fifth of forty would be too few to compare networks on; at most two fifths, unless --holdout says so."""
    base = ReaderConfig(data="d", init="i")
    shares = [fine_tune_settings(base, "reader", DataCount(n, n), 30.0).holdout for n in (300, 75, 50, 40, 20)]
    assert shares == [0.2, 0.2, 0.3, 0.38, 0.4]
    votes = DataCount(90, 20)
    alone = fine_tune_settings(base, "reader", votes, 30.0, holdout=1.0, cores=2)
    both = fine_tune_settings(base, "reader", votes, 30.0, cores=2)
    assert (alone.holdout, both.holdout) == (1.0, 0.4)
    assert alone.steps_per_epoch == pytest.approx(both.steps_per_epoch * 70 / 82, abs=1)


def test_only_what_a_person_labelled_is_counted_for_comparing(tmp_path: Path) -> None:
    """Votes and partly legible plates are examples, but no networks are compared on them; the detector has others."""
    quad = [[10, 10], [70, 10], [70, 40], [10, 40]]
    plates = [
        {"quad": quad, "rows": ["बा१प", "१२३४"], "legible": "full"},
        {"quad": quad, "rows": ["बा१प", "१२३?"], "legible": "partial"},
        {"quad": quad, "rows": ["बा१प", "१२३५"], "legible": "full", "label": "vote"},
        {"quad": quad, "rows": ["बा१प", "१२३६"], "legible": "full", "corners": "box"},
    ]
    images = tmp_path / "plates" / "images"
    images.mkdir(parents=True)
    lines = [json.dumps({"image": f"{n}.png", "split": "train", "plates": [one]}) for n, one in enumerate(plates)]
    (images.parent / "labels.jsonl").write_text("\n".join(lines), encoding="utf-8")
    assert count_examples("reader", tmp_path, "nepal") == DataCount(4, 1)
    assert count_examples("detector", tmp_path, "nepal") == DataCount(4, 2)


@pytest.mark.parametrize("command", TASKS)
def test_the_shipped_network_is_found(command: str, tmp_path: Path) -> None:
    """Without --from the run that ships with lpr is taken; a folder without a network says what it needs."""
    assert starting_run(command, None).parent in PLACES
    assert starting_run(command, None, (tmp_path / "none", starting_run(command, None).parent)).name == command
    with pytest.raises(LprError, match=r"--from .* holds no network. Give a run folder with model.keras"):
        starting_run(command, tmp_path)
    with pytest.raises(LprError, match=f"This installation of lpr has no float {command}"):
        starting_run(command, None, (tmp_path,))


def test_another_network_s_settings_are_refused() -> None:
    """A detector's run doesn't fit a reader."""
    with pytest.raises(LprError, match="isn't a run of this network"):
        starting_settings(starting_run("detector", None), ReaderConfig)


class Comparable:
    """The tests' small task, which compares networks on pictures of its own."""

    def __init__(self, task: Any, held_out: int = 64, is_wrong: bool = False, forgets: str = "") -> None:
        self._task, self._held_out, self._is_wrong, self._forgets = task, held_out, is_wrong, forgets
        self._first: Any = None
        self.config: FitConfig = task.config

    def __getattr__(self, name: str) -> Any:
        return getattr(self._task, name)

    def sample(self, index: int) -> tuple[Image, dict[str, Floats]]:
        """With `is_wrong`, the labels teach the opposite."""
        pixels, targets = self._task.sample(index)
        return pixels, {"scores": 1 - targets["scores"]} if self._is_wrong else targets

    def measure(self, model: KerasModel) -> list[Measured]:
        """Accuracy on true labels."""
        examples = [type(self._task)(self.config).sample(2 * 10**6 + index) for index in range(64)]
        found = predict(model, np.stack([pixels for pixels, _ in examples]))["scores"].argmax(1)
        right = float(np.mean(found == np.stack([targets["scores"] for _, targets in examples]).argmax(1)))
        own = [Measured(HELD_OUT, "accuracy", right, self._held_out), Measured(RENDERED, "accuracy", right, 64)]
        return own + ([Measured(self._forgets, "accuracy", self._remembered(model), 64)] if self._forgets else [])

    def _remembered(self, model: KerasModel) -> float:
        """1 for the first network that is measured, 0.98 for every other one."""
        weights = np.concatenate([weight.ravel() for weight in model.get_weights()])
        self._first = weights if self._first is None else self._first
        return 1.0 if np.array_equal(weights, self._first) else 0.98

    def measure_tests(self, model: KerasModel) -> list[Measured]:
        """The same as a test split."""
        return [replace(self.measure(model)[0], pictures=TEST)]


def tuned(halves: Any, init: Path, out: Path, **settings: Any) -> Any:
    is_wrong, forgets = settings.pop("is_wrong", False), settings.pop("forgets", "")
    task = Comparable(halves(init=str(init), **settings), is_wrong=is_wrong, forgets=forgets)
    return fine_tune(task, out, resume=False, max_drop=1.0)


def test_a_better_network_is_kept_and_a_worse_one_is_not(halves: Any, tmp_path: Path) -> None:
    """Better: the run folder has the network. Worse: it has the comparison alone, and what stood there stays."""
    poor = tmp_path / "poor" / "model.keras"
    poor.parent.mkdir()
    halves(seed=3).build().save(poor)
    curve = {"thresholds": {"confidence_slope": 0.8}, "about": {"readings": 214}}
    (poor.parent / "confidence.json").write_text(json.dumps(curve), encoding="utf-8")
    better = tuned(halves, poor, tmp_path / "better", epochs=6, steps_per_epoch=20)
    assert better.worse == []
    assert better.changes[0].points > 0
    assert {"model.keras", "model.json", "seen.json", RESULT} <= {path.name for path in (tmp_path / "better").iterdir()}

    confidence = json.loads((tmp_path / "better" / "confidence.json").read_text(encoding="utf-8"))
    assert confidence["thresholds"] == curve["thresholds"]
    assert confidence["about"] == {"readings": 214, "fitted_for": "the starting network"}

    out = tmp_path / "worse"
    out.mkdir()
    (out / "model.keras").write_bytes(b"old")
    worse = tuned(halves, tmp_path / "better", out, epochs=4, steps_per_epoch=20, is_wrong=True)
    assert len(worse.worse) > 0
    assert (out / "model.keras").read_bytes() == b"old"
    assert not (out / "model.json").exists()
    found = json.loads((out / RESULT).read_text(encoding="utf-8"))
    assert found["worse"] == worse.worse
    assert found["changes"][0]["after"] <= found["changes"][0]["before"]


@pytest.mark.parametrize("others", [OTHERS, LEARNT_OTHERS])
def test_a_network_that_forgets_others_is_not_kept(halves: Any, tmp_path: Path, others: str) -> None:
    """However much it gains on the user's photographs: with two points lost on those of --also, the old one stays."""
    poor = tmp_path / "poor" / "model.keras"
    poor.parent.mkdir()
    halves(seed=3).build().save(poor)
    out = tmp_path / "out"
    out.mkdir()
    (out / "model.keras").write_bytes(b"old")
    result = tuned(halves, poor, out, epochs=6, steps_per_epoch=20, forgets=others)
    assert result.changes[0].points > 0
    assert result.worse == [f"accuracy on {TITLES[others]} fell from 100.0% to 98.0%"]
    assert (out / "model.keras").read_bytes() == b"old"
    assert not (out / "model.json").exists()


def test_too_few_held_out_examples_compare_nothing(halves: Any, tmp_path: Path) -> None:
    """One example more or less would decide it; nothing is trained then."""
    run = tmp_path / "first"
    run.mkdir()
    halves().build().save(run / "model.keras")
    task = Comparable(halves(init=str(run)), held_out=9)
    with pytest.raises(LprError, match="9 held-out examples are left to compare the networks on, and 10 are needed"):
        fine_tune(task, tmp_path / "out", resume=False, max_drop=1.0)
    assert not (tmp_path / "out").exists()


def test_a_time_limit_ends_a_run_after_its_epoch(halves: Any, tmp_path: Path) -> None:
    """However little time there is, one epoch is trained; the limit counts what came before a resumption."""
    from lpr_train.loop.fit import fit

    first = fit(halves(epochs=50, minutes=1e-6), tmp_path)
    assert first.state.epoch == 1
    task = halves(epochs=50)
    task.config = replace(task.config, minutes=1e-6)
    assert fit(task, tmp_path, resume=True).state.epoch == 1

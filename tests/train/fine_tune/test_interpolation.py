"""The network between the old and the fine-tuned weights that replaces the old one."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lpr_train.base.engine import KerasModel, load_keras
from lpr_train.base.task import HELD_OUT, OTHERS, RENDERED, Measured
from lpr_train.fine_tune.interpolation import FACTORS, FINER, NO_GAIN, choose_between, interpolate
from lpr_train.loop.warm_start import completed_weights, load_initial_weights


class Line:
    """A task whose metrics depend on how far a network's weights are from zeros to ones."""

    def __init__(self, halves: Any, forgets_from: float, best: float = 1.0, gains_from: float = 0.0) -> None:
        self._halves, self._forgets_from, self._best, self._gains_from = halves, forgets_from, best, gains_from
        self.measured: list[float] = []

    def build(self) -> KerasModel:
        """The tests' small network."""
        return self._halves.build()

    def at(self, factor: float) -> KerasModel:
        """A network with all weights the same."""
        model = self.build()
        model.set_weights([np.full_like(weight, factor) for weight in model.get_weights()])
        return model

    def validate(self, model: KerasModel) -> dict[str, float]:
        """The nearer to the best place, the better."""
        return {"score": 1 - abs(place_of(model) - self._best)}

    def measure(self, model: KerasModel) -> list[Measured]:
        """Own photographs gain all the way, or lose up to a place; others are forgotten from a place on."""
        place = place_of(model)
        self.measured.append(place)
        known = 0.9 if place <= self._forgets_from else 0.5
        own = 0.5 + place / 4 if place >= self._gains_from or not place else 0.4
        values = {HELD_OUT: own, OTHERS: known, RENDERED: 0.9}
        return [Measured(name, "exact", value, 100) for name, value in values.items()]

    def measure_tests(self, model: KerasModel) -> list[Measured]:  # noqa: ARG002 - nothing is decided by them
        """None."""
        return []


def place_of(model: KerasModel) -> float:
    return round(float(model.get_weights()[0].mean()), 3)


def chosen(task: Any, max_drop: float = 1.0) -> Any:
    old = task.at(0.0)
    return choose_between(task, old, task.at(1.0), task.measure(old), max_drop)


def test_weights_lie_on_the_line_between() -> None:
    """Fractions are interpolated, in their own type; a counter or the state of a random layer is the new one's."""
    old = [np.array([0.0, 4.0], np.float32), np.array([3], np.uint32)]
    new = [np.array([1.0, 0.0], np.float32), np.array([7], np.uint32)]
    weights, state = interpolate(old, new, 0.25)
    assert weights.tolist() == [0.25, 3.0]
    assert weights.dtype == np.float32
    assert state.tolist() == [7]


def test_a_new_head_is_not_mixed_with_its_initialisation(tmp_path: Path) -> None:
    """Weights that the starting network lacks are the fine-tuned network's, however much of the old one is kept."""
    layers = load_keras().layers
    first = layers.Input((4, 4, 1), name="image")
    body = layers.Conv2D(2, 3, padding="same", use_bias=False, name="body")
    load_keras().Model(first, {"scores": body(first)}).save(tmp_path / "model.keras")
    old, new = (_with_head(layers, value) for value in (0.0, 1.0))
    load_initial_weights(old, tmp_path / "model.keras")
    kept = completed_weights(old, tmp_path, new)
    names = [weight.path for weight in old.weights]
    assert [bool((weight == 1.0).all()) for weight in kept] == ["head" in name for name in names]


def _with_head(layers: Any, value: float) -> KerasModel:
    image = layers.Input((4, 4, 1), name="image")
    x = layers.Conv2D(2, 3, padding="same", use_bias=False, name="body")(image)
    model = load_keras().Model(image, {"scores": layers.Dense(3, use_bias=False, name="head")(layers.Flatten()(x))})
    model.set_weights([np.full_like(weight, value) for weight in model.get_weights()])
    return model


def test_where_nothing_is_forgotten_the_best_score_decides(halves: Any) -> None:
    """The fine-tuned network itself, or one before it where that scores better."""
    assert chosen(Line(halves(), forgets_from=1.0)).factor == 1.0
    best = chosen(Line(halves(), forgets_from=1.0, best=0.6))
    assert best.factor == 0.55
    assert place_of(best.model) == 0.55
    assert best.worse == []


def test_a_network_that_forgets_gives_way_to_one_that_does_not(halves: Any) -> None:
    """Of those that keep the others, the one with the best score is taken, and its metrics are reported."""
    best = chosen(Line(halves(), forgets_from=0.75))
    assert (best.factor, best.worse) == (0.7, [])
    assert [change.after.value for change in best.changes] == pytest.approx([0.675, 0.9, 0.9])


def test_a_network_that_gains_nothing_is_not_taken(halves: Any) -> None:
    """Where the old one scores as well as any after it, it stays."""
    assert chosen(Line(halves(), forgets_from=1.0, best=0.0)).worse == [NO_GAIN]


def test_where_all_forget_the_best_is_reported_as_worse(halves: Any) -> None:
    """Every factor is tried, and the reason is that of the network with the best score."""
    task = Line(halves(), forgets_from=0.1)
    best = chosen(task)
    assert best.factor == 1.0
    assert best.worse == ["exact on held-out photographs of --also fell from 90.0% to 50.0%"]
    assert sorted(task.measured[1:]) == sorted((*FACTORS, *FINER))


def test_finer_steps_find_what_coarse_ones_miss(halves: Any) -> None:
    """A network between two steps is found where each step forgets or gains nothing."""
    task = Line(halves(), forgets_from=0.65, gains_from=0.6)
    best = chosen(task)
    assert (best.factor, best.worse) == (0.65, [])
    assert place_of(best.model) == 0.65


def test_outputs_of_new_labels_are_not_mixed_with_their_initialisation(tmp_path: Path) -> None:
    """A network whose labels have grown keeps the old ones' weights, and the new ones' are the fine-tuned network's."""
    layers = load_keras().layers
    sizes = {name: layers.Input((4,), name="image") for name in ("first", "old", "new")}
    first, old, new = (
        load_keras().Model(image, {"scores": layers.Dense(2 if name == "first" else 3, name="scores")(image)})
        for name, image in sizes.items()
    )
    first.set_weights([np.full_like(weight, 0.5) for weight in first.get_weights()])
    first.save(tmp_path / "model.keras")
    load_initial_weights(old, tmp_path / "model.keras")
    new.set_weights([np.ones_like(weight) for weight in new.get_weights()])
    kernel, bias = completed_weights(old, tmp_path, new)
    assert kernel.tolist() == [[0.5, 0.5, 1.0]] * 4
    assert bias.tolist() == [0.5, 0.5, 1.0]

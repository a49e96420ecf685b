"""Losses, running averages, schedules and training steps against values worked out by hand."""

from dataclasses import dataclass
from itertools import repeat
from math import log, sqrt
from typing import Any

import numpy as np
import pytest

from lpr_edge.contract.base.arrays import Floats
from lpr_train.base.config import FitConfig
from lpr_train.base.engine import load_keras, load_tensorflow
from lpr_train.loop.ema import WeightEma
from lpr_train.loop.losses import peak_loss, weighted_l1, weighted_labels, weighted_shares
from lpr_train.loop.optimizer import make_optimizer
from lpr_train.loop.stepping import Stepper


def cells(*rows: tuple[float, ...]) -> Floats:
    """One picture of one row of cells."""
    return np.asarray([[list(row) for row in rows]], np.float32)[:, np.newaxis]


def test_peak_loss_by_hand() -> None:
    """A hit costs -(1-p)²·ln p, a miss -(1-heat)⁴·p²·ln(1-p), by the number of peaks; a cell without weight nothing."""
    truth = cells((1.0, 1.0), (0.5, 1.0), (0.0, 1.0), (1.0, 0.0), (0.0, 0.0))
    predicted = cells((0.8,), (0.5,), (0.1,), (0.01,), (0.99,))
    hit = 0.2**2 * -log(0.8)
    near, far = 0.5**4 * 0.5**2 * -log(0.5), 0.1**2 * -log(0.9)
    assert float(peak_loss(truth, predicted)) == pytest.approx(hit + near + far, rel=1e-5)


def test_peak_loss_is_shared_by_the_peaks() -> None:
    """Two peaks halve the sum; without one it isn't divided by nothing."""
    two = cells((1.0, 1.0), (1.0, 1.0), (0.0, 1.0))
    predicted = cells((0.5,), (0.5,), (0.5,))
    of_each, miss = 0.25 * log(2), 0.25 * log(2)
    assert float(peak_loss(two, predicted)) == pytest.approx((2 * of_each + miss) / 2, rel=1e-5)
    assert float(peak_loss(cells((0.0, 1.0)), cells((0.5,)))) == pytest.approx(miss, rel=1e-5)


def test_weighted_l1_by_hand() -> None:
    """The mean over channels, weighted over cells, times the scale."""
    truth = cells((1.0, 2.0, 1.0), (0.0, 0.0, 3.0), (9.0, 9.0, 0.0))
    predicted = cells((0.5, 2.5), (1.0, -3.0), (0.0, 0.0))
    assert float(weighted_l1(10.0)(truth, predicted)) == pytest.approx(10 * (1 * 0.5 + 3 * 2.0) / 4, rel=1e-6)
    assert float(weighted_l1(10.0)(cells((1.0, 1.0, 0.0)), cells((0.0, 0.0)))) == 0.0


def test_weighted_shares_by_hand() -> None:
    """Cross-entropy -Σ t·ln p of each cell, weighted."""
    truth = cells((0.75, 0.25, 1.0), (0.0, 1.0, 0.5), (1.0, 0.0, 0.0))
    predicted = cells((0.5, 0.5), (0.2, 0.8), (0.1, 0.9))
    wanted = 2 * (log(2) + 0.5 * -log(0.8)) / 1.5
    assert float(weighted_shares(2.0)(truth, predicted)) == pytest.approx(wanted, rel=1e-4)


def test_weighted_labels_by_hand() -> None:
    """Softmax cross-entropy with the label's share 1 - s + s/K and the others' s/K, weighted."""
    truth, logits = cells((1.0, 2.0), (0.0, 0.0)), cells((0.0, log(3.0)), (5.0, -5.0))
    p = (1 / 4, 3 / 4)
    assert float(weighted_labels(0.0)(truth, logits)) == pytest.approx(-log(p[1]), rel=1e-5)
    wanted = -(0.95 * log(p[1]) + 0.05 * log(p[0]))
    assert float(weighted_labels(0.1)(truth, logits)) == pytest.approx(wanted, rel=1e-5)


@dataclass
class OneWeight:
    """A network y = w·x with a squared error: one weight, whose moves can be worked out by hand."""

    config: FitConfig

    def build(self, start: float = 1.0) -> Any:
        """The network, its weight as given."""
        keras = load_keras()
        x = keras.layers.Input((1,), name="x")
        dense = keras.layers.Dense(1, use_bias=False, name="y")
        model = keras.Model(x, {"y": dense(x)})
        model.set_weights([np.full((1, 1), start, np.float32)])
        return model

    def losses(self) -> dict[str, Any]:
        """(y - t)²."""
        return {"y": lambda truth, found: (truth - found) ** 2}


def weight_of(model: Any) -> float:
    return float(model.get_weights()[0][0, 0])


def batch(x: list[float], y: list[float]) -> tuple[Any, Any]:
    tf = load_tensorflow()
    return tf.constant(x, tf.float32, (len(x), 1)), {"y": tf.constant(y, tf.float32, (len(y), 1))}


def test_a_running_average_by_hand() -> None:
    """Each step moves it by 1 - d towards the weights, d = min(decay, (1+t)/(10+t)); a decay of 0 is the weights."""
    model = OneWeight(FitConfig()).build(1.0)
    average, exact = WeightEma(model, 0.25), WeightEma(model, 0.0)
    expected = 1.0
    for step, weight in ((0, 3.0), (1, 5.0), (90, 2.0)):
        model.set_weights([np.full((1, 1), weight, np.float32)])
        for each in (average, exact):
            each.update(step)
        decay = {0: 0.1, 1: 2 / 11, 90: 0.25}[step]
        expected = decay * expected + (1 - decay) * weight
        assert float(average.values()[0][0, 0]) == pytest.approx(expected, rel=1e-6)
        assert float(exact.values()[0][0, 0]) == weight
    average.restore([np.full((1, 1), 7.0, np.float32)])
    assert float(average.values()[0][0, 0]) == 7.0


def test_the_learning_rate_by_hand() -> None:
    """It rises in a line from zero, then falls in a cosine's half to its end, and stays there."""
    config = FitConfig(epochs=5, steps_per_epoch=10, warmup_epochs=1.0, learning_rate=0.4, final_learning_rate=0.04)
    rate = make_optimizer(config)._learning_rate
    for step, wanted in ((0, 0.0), (5, 0.2), (10, 0.4), (30, 0.22), (50, 0.04), (99, 0.04)):
        assert float(rate(step)) == pytest.approx(wanted, rel=1e-5, abs=1e-9), step
    # A quarter of the way down: (1 + cos 45°) / 2 of the way from the end to the top.
    assert float(rate(20)) == pytest.approx(0.04 + 0.36 * (1 + sqrt(0.5)) / 2, rel=1e-5)


def test_without_a_warm_up_the_rate_begins_at_its_highest() -> None:
    """Then the cosine has all steps; a task that knows its steps better is asked."""
    config = FitConfig(epochs=2, steps_per_epoch=10, warmup_epochs=0.0, learning_rate=0.4, final_learning_rate=0.04)
    rate = make_optimizer(config)._learning_rate
    assert [float(rate(step)) for step in (0, 10, 20)] == pytest.approx([0.4, 0.22, 0.04], rel=1e-5)
    assert float(make_optimizer(config, 20)._learning_rate(20)) == pytest.approx(0.22, rel=1e-5)


def steps(
    config: FitConfig, batches: list[tuple[Any, Any]], start: float = 1.0
) -> tuple[list[dict[str, float]], float]:
    """What training on batches says after each, and the weight that it ends with."""
    task = OneWeight(config)
    model = task.build(start)
    strategy = load_tensorflow().distribute.get_strategy()
    stepper = Stepper(task, model, make_optimizer(config), strategy)  # type: ignore[arg-type]  # as much of a task as is used
    return list(stepper.run(iter(batches), len(batches))), weight_of(model)


PLAIN: dict[str, Any] = {
    "optimizer": "sgd",
    "momentum": 0.0,
    "weight_decay": 0.0,
    "clip_norm": 0.0,
    "warmup_epochs": 0.0,
}
STILL: dict[str, Any] = {"learning_rate": 0.1, "final_learning_rate": 0.1, "epochs": 1, "steps_per_epoch": 2}


def test_a_step_goes_down_the_loss_by_hand() -> None:
    """The weight moves by -rate·mean(2(wx - t)x); figures are means over all pictures so far."""
    config = FitConfig(**PLAIN, **STILL)
    said, weight = steps(config, [batch([1.0, 2.0, 1.0], [3.0, 4.0, 1.0]), batch([2.0], [1.0])])
    first = 1.0 - 0.1 * (2 * (1 - 3) * 1 + 2 * (2 - 4) * 2 + 0) / 3
    second = first - 0.1 * 2 * (2 * first - 1) * 2
    assert weight == pytest.approx(second, rel=1e-5)
    loss = ((1 - 3) ** 2 + (2 - 4) ** 2 + 0) / 3
    assert said[0] == {"loss": pytest.approx(loss, rel=1e-5)}
    assert said[1] == {"loss": pytest.approx((3 * loss + (2 * first - 1) ** 2) / 4, rel=1e-5)}


def test_a_gradient_is_clipped_to_its_norm() -> None:
    """A gradient of 8 moves the weight as one of 0.5 does."""
    _, weight = steps(FitConfig(**PLAIN | {"clip_norm": 0.5}, **STILL), [batch([2.0], [0.0])])
    assert weight == pytest.approx(1.0 - 0.1 * 0.5, rel=1e-5)


def test_momentum_is_nesterovs() -> None:
    """The speed v becomes m·v - rate·g, and the weight moves by m·v - rate·g."""
    config = FitConfig(**PLAIN | {"momentum": 0.5}, **STILL)
    _, weight = steps(config, list(repeat(batch([1.0], [0.0]), 2)))
    expected, speed = 1.0, 0.0
    for _ in range(2):
        gradient = 2 * expected
        speed = 0.5 * speed - 0.1 * gradient
        expected += 0.5 * speed - 0.1 * gradient
    assert weight == pytest.approx(expected, rel=1e-5)


def test_weight_decay_is_decoupled() -> None:
    """Where the loss is at its least, the weight still shrinks by rate·decay, with AdamW and with SGD."""
    for optimizer in ("sgd", "adamw"):
        config = FitConfig(**PLAIN | {"optimizer": optimizer, "weight_decay": 0.5}, **STILL)
        _, weight = steps(config, [batch([1.0], [2.0])], start=2.0)
        assert weight == pytest.approx(2.0 * (1 - 0.1 * 0.5), rel=1e-4), optimizer


def test_adamw_begins_with_a_step_of_its_rate() -> None:
    """Its first move is the rate against the gradient's sign, however large the gradient is."""
    for target in (-5.0, 50.0):
        _, weight = steps(FitConfig(**PLAIN | {"optimizer": "adamw"}, **STILL), [batch([1.0], [target])])
        assert weight == pytest.approx(1.0 + (0.1 if target > 0 else -0.1), rel=1e-4)


def test_training_comes_to_the_least_loss() -> None:
    """Forty steps at 0.1 leave (1 - 0.2)^40 of the way: a wrong sign anywhere would go up."""
    config = FitConfig(**PLAIN, **STILL | {"steps_per_epoch": 40})
    said, weight = steps(config, list(repeat(batch([1.0], [3.0]), 40)))
    assert weight == pytest.approx(3.0 - 2.0 * 0.8**40, rel=1e-4)
    assert said[-1]["loss"] < said[0]["loss"]

"""Exponential moving average (EMA) of a network's weights, which is validated and kept."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lpr_train.base.engine import KerasModel, load_tensorflow


class WeightEma:
    """EMA of all weights, including the statistics of batch normalisation.

    The decay starts low and rises to its setting, min(decay, (1 + t) / (10 + t)) at step t, so that the initial weights
    fade quickly (as in TensorFlow's `ExponentialMovingAverage`).
    """

    def __init__(self, model: KerasModel, decay: float) -> None:
        """Start from the current weights; with a decay of 0 the average equals the weights."""
        tf = load_tensorflow()
        self._weights = [weight.value for weight in model.weights]
        self._decay = decay
        self._averages = [tf.Variable(weight, trainable=False) for weight in self._weights]
        self._update = tf.function(self._blend)

    def _blend(self, decay: Any) -> None:
        for average, weight in zip(self._averages, self._weights, strict=True):
            average.assign(weight + (average - weight) * decay)

    def update(self, step: int) -> None:
        """Update the average after training step number `step`."""
        if self._decay > 0.0:
            self._update(load_tensorflow().constant(min(self._decay, (1.0 + step) / (10.0 + step)), "float32"))

    def values(self) -> list[NDArray[Any]]:
        """The averaged weights, in the order of `model.weights`; the raw weights if the decay is 0."""
        return [np.array(value.numpy()) for value in (self._averages if self._decay > 0.0 else self._weights)]

    def restore(self, values: list[NDArray[Any]]) -> None:
        """Set the averages to what `values` returned."""
        for average, value in zip(self._averages, values, strict=True):
            average.assign(value)

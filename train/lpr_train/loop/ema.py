"""A running average of a network's weights: what is validated and kept."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lpr_train.base.engine import KerasModel, load_tensorflow


class WeightEma:
    """Exponential moving average of all weights, batch normalisation's statistics included.

    The decay starts low and rises to its setting, (1 + t) / (10 + t), so that the first weights are soon forgotten
    (as in TensorFlow's `ExponentialMovingAverage`).
    """

    def __init__(self, model: KerasModel, decay: float) -> None:
        """Start from the weights as they are; a decay of 0 follows them exactly."""
        tf = load_tensorflow()
        self._weights = [weight.value for weight in model.weights]
        self._decay = decay
        self._averages = [tf.Variable(weight, trainable=False) for weight in self._weights]
        self._update = tf.function(self._blend)

    def _blend(self, decay: Any) -> None:
        for average, weight in zip(self._averages, self._weights, strict=True):
            average.assign(weight + (average - weight) * decay)

    def update(self, step: int) -> None:
        """Move towards the weights, after training step number `step`."""
        if self._decay > 0.0:
            self._update(load_tensorflow().constant(min(self._decay, (1.0 + step) / (10.0 + step)), "float32"))

    def values(self) -> list[NDArray[Any]]:
        """The averages, in the order of `model.weights`; the weights themselves where the decay is 0."""
        return [np.array(value) for value in (self._averages if self._decay > 0.0 else self._weights)]

    def restore(self, values: list[NDArray[Any]]) -> None:
        """Go on from what `values` gave."""
        for average, value in zip(self._averages, values, strict=True):
            average.assign(value)

"""A network with its optimiser and EMA as arrays that a compiled JAX step takes and returns."""

from collections.abc import Callable
from typing import Any

import numpy as np

from lpr_edge.contract.base.arrays import Floats
from lpr_train.base.engine import KerasModel
from lpr_train.loop.optimizer import constant_optimizer

Values = dict[str, list[Any]]
"""`trainable`, `state` (batch normalisation), `optimizer`, and `ema` of trainable and state."""


class JaxNetwork:
    """Functions of a Keras model without side effects, as JAX compiles them.

    Args:
        model: a network with a dict of outputs.
        weight_decay: decoupled weight decay.
        clip_norm: limit of the global gradient norm; 0 for none.
    """

    def __init__(self, model: KerasModel, weight_decay: float, clip_norm: float) -> None:
        self.model = model
        self._optimizer = constant_optimizer(weight_decay, clip_norm)
        self._optimizer.build(model.trainable_variables)
        paths = [variable.path for variable in self._optimizer.variables]
        self._rate = next(i for i, path in enumerate(paths) if path.endswith("learning_rate"))

    def values(self) -> Values:
        """The current values; the EMA starts from them."""
        trainable = [variable.value for variable in self.model.trainable_variables]
        state = [variable.value for variable in self.model.non_trainable_variables]
        optimizer = [variable.value for variable in self._optimizer.variables]
        ema = [np.array(value) for value in (*trainable, *state)]
        return {"trainable": trainable, "state": state, "optimizer": optimizer, "ema": ema}

    def smoothed(self, values: Values, pixels: Any) -> dict[str, Any]:
        """Outputs of the EMA weights, for inference."""
        count = len(values["trainable"])
        outputs, _ = self.model.stateless_call(values["ema"][:count], values["ema"][count:], pixels, training=False)
        return dict(outputs)

    def learn(
        self, values: Values, pixels: Any, loss_of: Callable[[dict[str, Any]], Any], rate: Any, decay: Any
    ) -> tuple[Any, Values]:
        """One training step.

        Args:
            values: as from `values`.
            pixels: (N, H, W, C) float32 in [0, 1].
            loss_of: the loss of a dict of outputs.
            rate: learning rate.
            decay: of the EMA.

        Returns:
            The loss and the new values.
        """
        import jax

        def loss(trainable: list[Any]) -> tuple[Any, list[Any]]:
            outputs, state = self.model.stateless_call(trainable, values["state"], pixels, training=True)
            return loss_of(outputs), state

        (found, state), gradients = jax.value_and_grad(loss, has_aux=True)(values["trainable"])
        optimizer = list(values["optimizer"])
        optimizer[self._rate] = rate
        trainable, optimizer = self._optimizer.stateless_apply(optimizer, gradients, values["trainable"])
        now = [*trainable, *state]
        ema = [_blended(old, new, decay) for old, new in zip(values["ema"], now, strict=True)]
        return found, {"trainable": trainable, "state": state, "optimizer": optimizer, "ema": ema}

    def weights(self, values: Values) -> list[Floats]:
        """The EMA as `model.set_weights` takes it."""
        ema = [np.asarray(value) for value in values["ema"]]
        variables = [*self.model.trainable_variables, *self.model.non_trainable_variables]
        by_variable = {id(variable): value for variable, value in zip(variables, ema, strict=True)}
        return [by_variable[id(variable)] for variable in self.model.weights]


def _blended(old: Any, new: Any, decay: Any) -> Any:
    """The EMA's next value; whole numbers, such as a random layer's seed, are taken as they are."""
    return old + (new - old) * (1.0 - decay) if "float" in str(new.dtype) else new

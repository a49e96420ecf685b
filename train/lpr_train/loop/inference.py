"""Run a network over images, compiled once, on TensorFlow or JAX."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from lpr_edge.contract.base.arrays import Floats, Image
from lpr_train.base.engine import KerasModel, is_jax, load_tensorflow


@lru_cache(maxsize=4)
def _compiled(model: KerasModel) -> Callable[[Image], Any]:
    if is_jax():
        return _compiled_by_jax(model)
    tf = load_tensorflow()
    signature = tf.TensorSpec([None, *model.input_shape[1:]], tf.uint8)
    call: Callable[[Image], Any] = tf.function(
        lambda pixels: model(tf.cast(pixels, tf.float32) / 255.0, training=False), input_signature=[signature]
    )
    return call


def _compiled_by_jax(model: KerasModel) -> Callable[[Image], Any]:
    import jax

    @jax.jit
    def call(trainable: list[Any], state: list[Any], pixels: Any) -> Any:
        return model.stateless_call(trainable, state, pixels.astype("float32") / 255.0, training=False)[0]

    def run(pixels: Image) -> Any:
        trainable = [variable.value for variable in model.trainable_variables]
        return call(trainable, [variable.value for variable in model.non_trainable_variables], pixels)

    return run


def predict(model: KerasModel, pixels: Image, batch_size: int = 128) -> dict[str, Floats]:
    """Run the network over preprocessed images; compiled once for each network.

    Args:
        model: a network that outputs a dict by role.
        pixels: (N, H, W, C) uint8.
        batch_size: images in a batch.

    Returns:
        One float32 array (N, …) for each role.
    """
    call = _compiled(model)
    parts = [call(pixels[start : start + batch_size]) for start in range(0, len(pixels), batch_size)]
    return {role: np.concatenate([np.asarray(part[role]) for part in parts]) for role in parts[0]}

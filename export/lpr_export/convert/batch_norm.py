"""Replace batch normalisation that the converter can't fold by a depthwise convolution of one pixel, for int8.

The converter folds a normalisation into the convolution right before it. After anything else, such as a ReLU, it leaves
a multiplication and an addition, each rounded to 8 bits with one scale for all channels. Runtimes round additions
differently (see `add_scales`), and later layers amplify the difference. A depthwise convolution computes the same,
rounded once, with a scale per channel, gives the same bits in every runtime, and is faster. Float files stay as the
converter makes them.
"""

from typing import Any, TypeAlias

import numpy as np

from lpr_edge.contract.base.arrays import Floats
from lpr_export.base.tensorflow_quiet import load_keras
from lpr_export.convert.keras_model import KerasModel

KerasLayer: TypeAlias = Any
"""A `keras.Layer`; Keras ships no types."""

FOLDS = ("Conv1D", "Conv2D", "DepthwiseConv2D", "SeparableConv2D", "Conv2DTranspose", "Dense")
"""Layers that the converter folds a directly following normalisation into, if it is their only consumer."""


def fold_normalisation(model: KerasModel) -> KerasModel:
    """Replace each normalisation that the converter would leave by a convolution; the other layers are shared.

    Returns:
        The new network; the given one if nothing needs to be replaced.
    """
    left = {layer.name: layer for layer in model.layers if _is_left(layer)}
    if not left:
        return model
    made = {name: _as_convolution(layer) for name, layer in left.items()}

    def call(layer: KerasLayer, *args: Any, **kwargs: Any) -> Any:
        # A normalisation is also given a mask, which a convolution doesn't take.
        return layer(args[0]) if layer.name in made else layer(*args, **kwargs)

    return load_keras().models.clone_model(
        model, clone_function=lambda layer: made.get(layer.name, layer), call_function=call
    )


def _is_left(layer: KerasLayer) -> bool:
    """Whether a layer is a batch normalisation of 4-D tensors that the converter can't fold."""
    if type(layer).__name__ != "BatchNormalization" or len(layer._inbound_nodes) != 1:
        return False
    shape = layer.input.shape
    return len(shape) == 4 and layer.axis in (-1, 3) and not _folds(layer.input._keras_history.operation)


def _folds(before: KerasLayer) -> bool:
    linear = getattr(getattr(before, "activation", None), "__name__", "") == "linear"
    return type(before).__name__ in FOLDS and linear and len(before._outbound_nodes) == 1


def _as_convolution(layer: KerasLayer) -> KerasLayer:
    """The depthwise convolution of one pixel that equals a normalisation at inference."""
    factors, offsets = _factors_and_offsets(layer)
    convolution = load_keras().layers.DepthwiseConv2D(1, name=layer.name)
    convolution.build(layer.input.shape)
    convolution.set_weights([factors.reshape(1, 1, -1, 1), offsets])
    return convolution


def _factors_and_offsets(layer: KerasLayer) -> tuple[Floats, Floats]:
    """Factor and offset of each channel, (C,) float32 each (Ioffe and Szegedy 2015)."""
    mean, variance = (np.asarray(values, np.float64) for values in (layer.moving_mean, layer.moving_variance))
    gamma = 1.0 if layer.gamma is None else np.asarray(layer.gamma, np.float64)
    beta = 0.0 if layer.beta is None else np.asarray(layer.beta, np.float64)
    factors = gamma / np.sqrt(variance + layer.epsilon)
    return np.asarray(factors, np.float32), np.asarray(beta - mean * factors, np.float32)

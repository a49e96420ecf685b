"""Batch normalisation that the converter can't fold away, in int8 as the convolution that it is.

The converter folds a normalisation into the convolution right before it. Behind anything else, a ReLU in the article's
classifier, it leaves a multiplication and an addition, each rounded to 8 bits with one scale for all channels. Runtimes
round additions differently: XNNPACK in fixed point, ONNX Runtime in float, so that a sum next to a half now and then
goes the other way: seen in one of 10,000, on 13 of 200 pictures. Further layers made 7 steps of it at the end. A
depthwise convolution of one pixel computes the same, rounded once, with a scale a channel, and to the same bit in both;
the network takes 11 % less time in LiteRT. Files in float stay as the converter makes them.
"""

from typing import Any, TypeAlias

import numpy as np

from lpr_edge.contract.arrays import Floats
from lpr_export.base.tensorflow_quiet import load_keras
from lpr_export.convert.keras_model import KerasModel

KerasLayer: TypeAlias = Any
"""A `keras.Layer`; Keras ships no types."""

FOLDS = ("Conv1D", "Conv2D", "DepthwiseConv2D", "SeparableConv2D", "Conv2DTranspose", "Dense")
"""Layers that the converter folds a normalisation into, where nothing stands between and nothing else needs them."""


def fold_normalisation(model: KerasModel) -> KerasModel:
    """The same network, its layers shared, with a convolution for each normalisation that would be left.

    Returns:
        The network itself where there is none.
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
    """Whether a layer normalises channels of pictures that no convolution gives it."""
    if type(layer).__name__ != "BatchNormalization" or len(layer._inbound_nodes) != 1:
        return False
    shape = layer.input.shape
    return len(shape) == 4 and layer.axis in (-1, 3) and not _folds(layer.input._keras_history.operation)


def _folds(before: KerasLayer) -> bool:
    linear = getattr(getattr(before, "activation", None), "__name__", "") == "linear"
    return type(before).__name__ in FOLDS and linear and len(before._outbound_nodes) == 1


def _as_convolution(layer: KerasLayer) -> KerasLayer:
    """The depthwise convolution of one pixel that does what a normalisation does at rest."""
    factors, offsets = _factors_and_offsets(layer)
    convolution = load_keras().layers.DepthwiseConv2D(1, name=layer.name)
    convolution.build(layer.input.shape)
    convolution.set_weights([factors.reshape(1, 1, -1, 1), offsets])
    return convolution


def _factors_and_offsets(layer: KerasLayer) -> tuple[Floats, Floats]:
    """What each channel is multiplied by, and what is then added (Ioffe and Szegedy 2015)."""
    mean, variance = (np.asarray(values, np.float64) for values in (layer.moving_mean, layer.moving_variance))
    gamma = 1.0 if layer.gamma is None else np.asarray(layer.gamma, np.float64)
    beta = 0.0 if layer.beta is None else np.asarray(layer.beta, np.float64)
    factors = gamma / np.sqrt(variance + layer.epsilon)
    return np.asarray(factors, np.float32), np.asarray(beta - mean * factors, np.float32)

"""The network architectures, one module each; this module counts their multiply-adds."""

import math

from lpr_train.base.engine import KerasModel


def multiply_adds(model: KerasModel) -> int:
    """Count the multiply-adds for one image.

    Only convolutions and dense layers count, as in MobileNet's papers: on the device, batch normalisation is part of
    them, and activations, additions and pooling don't multiply.
    """
    return sum(_layer_multiply_adds(layer) for layer in model._flatten_layers(include_self=False))


def _layer_multiply_adds(layer: KerasModel) -> int:
    """Kernel size times the number of output positions."""
    kind = type(layer).__name__
    if kind == "SeparableConv2D":
        raise ValueError(f"{layer.name}: build it of DepthwiseConv2D and Conv2D, which are counted and quantised apart")
    if kind not in ("Conv2D", "DepthwiseConv2D", "Dense"):
        return 0
    places = math.prod(layer.output.shape[1:-1])  # a dense layer behind global pooling has one
    return int(places * math.prod(layer.kernel.shape))

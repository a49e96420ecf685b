"""The networks, one module each; this one counts what they cost."""

import math

from lpr_train.base.engine import KerasModel


def multiply_adds(model: KerasModel) -> int:
    """Multiplications with addition that one picture costs.

    Counted in convolutions and dense layers alone, as MobileNet's papers do; batch normalisation is folded into them
    on the device, and activations, sums and pooling multiply nothing.
    """
    return sum(_layer_multiply_adds(layer) for layer in model._flatten_layers(include_self=False))


def _layer_multiply_adds(layer: KerasModel) -> int:
    """The kernel's size, times the places where it is laid down."""
    kind = type(layer).__name__
    if kind == "SeparableConv2D":
        raise ValueError(f"{layer.name}: build it of DepthwiseConv2D and Conv2D, which are counted and quantised apart")
    if kind not in ("Conv2D", "DepthwiseConv2D", "Dense"):
        return 0
    places = math.prod(layer.output.shape[1:-1])  # a dense layer behind global pooling has one
    return int(places * math.prod(layer.kernel.shape))

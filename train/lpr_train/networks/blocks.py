"""Pieces that the detector and the reader are built of: plain convolutions, batch normalisation, ReLU6, additions.

All of them quantise well and run in XNNPACK; nothing here needs an operator outside TFLite's built-ins.
"""

import math

from lpr_train.base.engine import KerasModel, load_keras


def convolution(x: KerasModel, filters: int, size: int = 3, strides: int = 1) -> KerasModel:
    """Convolution, batch normalisation, ReLU6."""
    layers = load_keras().layers
    x = layers.Conv2D(filters, size, strides=strides, padding="same", use_bias=False)(x)
    return layers.ReLU(6.0)(layers.BatchNormalization()(x))


def bottleneck(x: KerasModel, middle: int) -> KerasModel:
    """A residual 1×1, 3×3, 1×1 block (He et al. 2016) that keeps its input's shape."""
    layers = load_keras().layers
    y = convolution(convolution(x, middle, 1), middle, 3)
    y = layers.BatchNormalization()(layers.Conv2D(x.shape[-1], 1, use_bias=False)(y))
    return layers.ReLU(6.0)(layers.Add()([x, y]))


def bottlenecks(x: KerasModel, middle: int, count: int) -> KerasModel:
    """Several of them in a row."""
    for _ in range(count):
        x = bottleneck(x, middle)
    return x


def merge_upwards(coarse: KerasModel, fine: KerasModel) -> KerasModel:
    """Bring a coarse grid to a grid twice as fine and add it there (feature pyramid, Lin et al. 2017)."""
    layers = load_keras().layers
    narrow = layers.BatchNormalization()(layers.Conv2D(fine.shape[-1], 1, use_bias=False)(coarse))
    wide = layers.UpSampling2D(2, interpolation="nearest")(narrow)
    return layers.ReLU(6.0)(layers.Add()([fine, wide]))


def rare_bias(share: float = 0.01) -> KerasModel:
    """A start where a sigmoid says `share` everywhere, so that empty cells don't drown the rest (Lin et al. 2017)."""
    return load_keras().initializers.Constant(math.log(share / (1 - share)))

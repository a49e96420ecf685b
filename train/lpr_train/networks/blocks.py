"""Building blocks of the detector and the reader: convolution, batch normalisation, ReLU6, addition.

All of them quantise well and run in XNNPACK; only operators among TFLite's built-ins are used.
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
    """A sequence of `count` bottlenecks."""
    for _ in range(count):
        x = bottleneck(x, middle)
    return x


def merge_upwards(coarse: KerasModel, fine: KerasModel) -> KerasModel:
    """Upsample a coarse feature map by two and add it to a finer one (feature pyramid, Lin et al. 2017)."""
    layers = load_keras().layers
    narrow = layers.BatchNormalization()(layers.Conv2D(fine.shape[-1], 1, use_bias=False)(coarse))
    wide = layers.UpSampling2D(2, interpolation="nearest")(narrow)
    return layers.ReLU(6.0)(layers.Add()([fine, wide]))


def rare_bias(share: float = 0.01) -> KerasModel:
    """Bias with which a sigmoid starts at `share`: else empty cells dominate the loss (Lin et al. 2017)."""
    return load_keras().initializers.Constant(math.log(share / (1 - share)))

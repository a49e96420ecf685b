"""The teacher's network: the reader's outputs from a residual network of fifty times its size, never shipped."""

from lpr_train.base.engine import KerasModel, load_keras
from lpr_train.networks.blocks import rare_bias


def teacher_network(labels: int, size_hw: tuple[int, int], width: int = 96, dropout: float = 0.1) -> KerasModel:
    """Build the network: residual stages (He et al. 2016) at 1/4, 1/8 and 1/16, merged upwards (Lin et al. 2017).

    Args:
        labels: number of character classes.
        size_hw: height and width of the input in pixels, multiples of 16.
        width: channels at 1/4 of the resolution; coarser stages have more.
        dropout: fraction of whole feature maps that a training step leaves out before the heads.

    Returns:
        A model with the inputs and outputs of `networks.reader`, outputs in float32.
    """
    keras = load_keras()
    layers = keras.layers
    image = keras.Input((*size_hw, 1), name="image")
    x = _convolution(image, width // 2, 5, strides=2)
    quarter = _residuals(_convolution(x, width, 3, strides=2), 2)
    eighth = _residuals(_convolution(quarter, 2 * width, 3, strides=2), 4)
    coarse = _residuals(_convolution(eighth, 4 * width, 3, strides=2), 4)
    eighth = _residuals(_merged(coarse, eighth), 1)
    x = layers.SpatialDropout2D(dropout)(_residuals(_merged(eighth, quarter), 2))
    plate = _convolution(_convolution(coarse, 64, 3, strides=2), 48, 3, strides=2)
    outputs = {
        "centre": layers.Conv2D(1, 1, activation="sigmoid", bias_initializer=rare_bias(), dtype="float32")(x),
        "classes": layers.Conv2D(labels, 1, dtype="float32")(_convolution(x, 2 * width, 1)),
        "size": layers.Conv2D(2, 1, activation="sigmoid", dtype="float32")(x),
        "corners": layers.Dense(8, kernel_initializer="zeros", dtype="float32")(layers.Flatten()(plate)),
    }
    return keras.Model(image, outputs, name="teacher")


def _convolution(x: KerasModel, filters: int, size: int, strides: int = 1) -> KerasModel:
    layers = load_keras().layers
    x = layers.Conv2D(filters, size, strides=strides, padding="same", use_bias=False)(x)
    return layers.ReLU()(layers.BatchNormalization(momentum=0.98)(x))


def _residuals(x: KerasModel, count: int) -> KerasModel:
    """A sequence of residual blocks of two 3×3 convolutions each."""
    layers = load_keras().layers
    for _ in range(count):
        y = layers.Conv2D(x.shape[-1], 3, padding="same", use_bias=False)(_convolution(x, x.shape[-1], 3))
        y = layers.BatchNormalization(momentum=0.98, gamma_initializer="zeros")(y)
        x = layers.ReLU()(layers.Add()([x, y]))
    return x


def _merged(coarse: KerasModel, fine: KerasModel) -> KerasModel:
    """Upsample a coarse feature map by two and add it to a finer one."""
    layers = load_keras().layers
    narrow = layers.BatchNormalization(momentum=0.98)(layers.Conv2D(fine.shape[-1], 1, use_bias=False)(coarse))
    return layers.ReLU()(layers.Add()([fine, layers.UpSampling2D(2, interpolation="bilinear")(narrow)]))

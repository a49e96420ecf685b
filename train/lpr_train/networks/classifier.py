"""The compact classifier of single characters: depthwise separable convolutions with residual connections."""

from lpr_train.base.engine import KerasModel, load_keras
from lpr_train.networks.blocks import convolution

STAGES = ((32, 1), (64, 2), (128, 2))
"""For each stage the channels and the number of residual blocks; each stage halves the resolution."""


def compact_classifier(size_hw: tuple[int, int], labels: int) -> KerasModel:
    """Build the network.

    Activations are ReLU6, and blocks are depthwise separable (Howard et al. 2017), which quantises to int8 with little
    loss. Residual connections (He et al. 2016) make training faster.

    Args:
        size_hw: height and width of the input in pixels, multiples of 8.
        labels: number of classes.

    Returns:
        A model from `image` (N, *size_hw, 3) in [0, 1] to `scores` (N, labels), softmax.
    """
    keras = load_keras()
    image = keras.layers.Input((*size_hw, 3), name="image")
    x = convolution(image, 16, 3, 2)
    for stage, (channels, blocks) in enumerate(STAGES):
        x = _separable(x, channels, strides=1 if stage == 0 else 2)
        for _ in range(blocks):
            x = _residual(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    scores = keras.layers.Dense(labels, activation="softmax", name="scores")(x)
    return keras.Model(image, {"scores": scores}, name="characters_compact")


def _separable(x: KerasModel, channels: int, strides: int) -> KerasModel:
    return convolution(_depthwise(x, strides), channels, 1)


def _residual(x: KerasModel) -> KerasModel:
    layers = load_keras().layers
    y = layers.Conv2D(x.shape[-1], 1, use_bias=False)(_depthwise(x, 1))
    return layers.ReLU(6.0)(layers.Add()([x, layers.BatchNormalization()(y)]))


def _depthwise(x: KerasModel, strides: int) -> KerasModel:
    layers = load_keras().layers
    x = layers.DepthwiseConv2D(3, strides=strides, padding="same", use_bias=False)(x)
    return layers.ReLU(6.0)(layers.BatchNormalization()(x))

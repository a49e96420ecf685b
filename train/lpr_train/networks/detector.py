"""The detector's network: a heat map of plate centres at 1/8 of the input's resolution, and corners."""

from lpr_train.base.engine import KerasModel, load_keras
from lpr_train.networks.blocks import bottlenecks, convolution, merge_upwards, rare_bias

STRIDE = 8
"""Input pixels per cell."""


def detector_network(size: int = 384) -> KerasModel:
    """Build the network.

    Args:
        size: height and width of the input in pixels, a multiple of 32.

    Returns:
        A model from `image` (N, size, size, 3) in [0, 1] to `centre`, `corners` and `turn` (see contract.outputs).
    """
    keras = load_keras()
    layers = keras.layers
    image = keras.Input((size, size, 3), name="image")
    x = convolution(image, 24, 7, strides=4)
    eighth = bottlenecks(convolution(x, 48, 3, strides=2), 24, 2)
    sixteenth = bottlenecks(convolution(eighth, 96, 3, strides=2), 40, 3)
    coarse = bottlenecks(convolution(sixteenth, 128, 3, strides=2), 64, 3)
    sixteenth = bottlenecks(merge_upwards(coarse, sixteenth), 40, 1)
    x = convolution(merge_upwards(sixteenth, eighth), 48, 3)
    outputs = {
        "centre": layers.Conv2D(1, 1, activation="sigmoid", bias_initializer=rare_bias(), name="centre")(x),
        "corners": layers.Conv2D(8, 1, name="corners")(convolution(x, 48, 1)),
        "turn": layers.Softmax(name="turn")(layers.Conv2D(4, 1, name="turn_logits")(convolution(x, 24, 1))),
    }
    return keras.Model(image, outputs, name="detector")

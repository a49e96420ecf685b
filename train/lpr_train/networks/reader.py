"""The reader's network: a heat map of characters at 1/4 of the input's resolution, and classes."""

from lpr_train.base.engine import KerasModel, load_keras
from lpr_train.networks.blocks import bottlenecks, convolution, merge_upwards, rare_bias

STRIDE = 4
"""Input pixels per cell."""


def reader_network(labels: int, size_hw: tuple[int, int] = (96, 192), dropout: float = 0.0) -> KerasModel:
    """Build the network.

    Args:
        labels: number of character classes.
        size_hw: height and width of the input in pixels, multiples of 16.
        dropout: fraction of whole feature maps that a training step leaves out before the heads (Tompson et al. 2015).

    Returns:
        A model from `image` (N, *size_hw, 1) in [0, 1] to `centre`, `classes` (logits), `size` and `corners`: see
        contract.outputs.
    """
    keras = load_keras()
    layers = keras.layers
    image = keras.Input((*size_hw, 1), name="image")
    x = convolution(image, 16, 5, strides=2)
    quarter = convolution(convolution(x, 32, 3, strides=2), 32, 3)
    eighth = bottlenecks(convolution(quarter, 64, 3, strides=2), 32, 3)
    coarse = bottlenecks(convolution(eighth, 80, 3, strides=2), 40, 3)
    eighth = bottlenecks(merge_upwards(coarse, eighth), 32, 1)
    x = layers.SpatialDropout2D(dropout)(convolution(merge_upwards(eighth, quarter), 64, 3))
    outputs = {
        "centre": layers.Conv2D(1, 1, activation="sigmoid", bias_initializer=rare_bias(), name="centre")(x),
        "classes": layers.Conv2D(labels, 1, name="classes")(convolution(x, 96, 1)),
        "size": layers.Conv2D(2, 1, activation="sigmoid", name="size")(convolution(x, 16, 1)),
        # Zero at first: as given. A network that began without this head isn't disturbed by a random one.
        "corners": layers.Dense(8, kernel_initializer="zeros", name="corners")(
            layers.Flatten()(_corner_features(coarse))
        ),
    }
    return keras.Model(image, outputs, name="reader")


def _corner_features(coarse: KerasModel) -> KerasModel:
    """Features of the whole plate, small enough for a dense layer that keeps their positions."""
    return convolution(convolution(coarse, 48, 3, strides=2), 32, 3, strides=2)

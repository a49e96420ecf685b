import numpy as np
import pytest

from lpr_train.base.engine import load_keras
from lpr_train.loop.inference import predict
from lpr_train.networks import multiply_adds
from lpr_train.networks.classifier import compact_classifier


def test_multiply_adds_are_counted_as_by_hand() -> None:
    """Kernel size times places, for plain, strided, depthwise, valid and dense layers, nested models included."""
    layers = load_keras().layers
    image = layers.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, strides=2, padding="same")(image)  # 4×4 places of 3·3·3·4
    x = layers.BatchNormalization()(x)
    x = layers.DepthwiseConv2D(3, padding="same")(x)  # 4×4 places of 3·3·4
    inner_in = layers.Input((4, 4, 4))
    inner = load_keras().Model(inner_in, layers.Conv2D(8, 3, padding="valid")(inner_in))  # 2×2 places of 3·3·4·8
    x = layers.GlobalAveragePooling2D()(inner(x))
    model = load_keras().Model(image, layers.Dense(5)(x))  # 8·5
    assert multiply_adds(model) == 16 * 108 + 16 * 36 + 4 * 288 + 40


def test_separable_convolutions_are_refused() -> None:
    """A layer that hides two convolutions isn't miscounted as one."""
    layers = load_keras().layers
    image = layers.Input((8, 8, 3))
    model = load_keras().Model(image, layers.SeparableConv2D(4, 3)(image))
    with pytest.raises(ValueError, match="DepthwiseConv2D and Conv2D"):
        multiply_adds(model)


def test_the_compact_classifier_keeps_its_budget() -> None:
    """At most 100 k parameters and 5 M multiply-adds for one character."""
    model = compact_classifier((48, 48), 12)
    assert model.count_params() <= 100_000
    assert multiply_adds(model) <= 5_000_000


def test_the_compact_classifier_gives_shares() -> None:
    """Its one output is `scores`, a share for each label that sum to one, from an input named `image`."""
    model = compact_classifier((48, 48), 12)
    scores = predict(model, np.zeros((3, 48, 48, 3), np.uint8), batch_size=2)["scores"]
    assert scores.shape == (3, 12)
    assert scores.sum(axis=1) == pytest.approx(1.0, abs=1e-5)
    assert [tensor.name for tensor in model.inputs] == ["image"]


def test_it_is_made_of_what_quantises_well() -> None:
    """Only layers that TFLite's built-ins and XNNPACK run in int8."""
    known = {"Conv2D", "DepthwiseConv2D", "BatchNormalization", "ReLU", "Add", "GlobalAveragePooling2D", "Dense"}
    kinds = {type(layer).__name__ for layer in compact_classifier((48, 48), 12).layers}
    assert kinds <= known | {"InputLayer"}

"""Batch normalisation that isn't right behind a convolution."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.support.little_runs import write_run

from lpr_export.app.cli import main
from lpr_export.base.operator_versions import read_operators
from lpr_export.convert.batch_norm import fold_normalisation

pytestmark = pytest.mark.slow

LEFT = ("behind_relu", "behind_sum", "beside_sum", "plain")
"""Normalisations that the converter would leave as multiplications and additions."""


@pytest.fixture
def network() -> Any:
    """A classifier with normalisations in all places, as if it had been trained."""
    import keras

    layers = keras.layers
    keras.utils.set_random_seed(3)
    image = layers.Input((16, 16, 3), name="image")
    x = layers.BatchNormalization(name="behind_relu")(layers.Conv2D(8, 3, activation="relu")(image))
    y = layers.ReLU()(layers.BatchNormalization(name="folded")(layers.Conv2D(8, 3, padding="same")(x)))
    z = layers.Conv2D(8, 1)(y)
    z = layers.Add()([z, layers.BatchNormalization(name="beside_sum")(z)])
    x = layers.MaxPooling2D()(layers.BatchNormalization(name="behind_sum")(layers.Add()([x, z])))
    x = layers.BatchNormalization(name="plain", center=False, scale=False)(x)
    x = layers.BatchNormalization(name="flat")(layers.GlobalMaxPooling2D()(x))
    model = keras.Model(image, {"scores": layers.Dense(2, activation="softmax", name="scores")(x)}, name="net")
    rng = np.random.default_rng(0)
    for layer in (layer for layer in model.layers if isinstance(layer, layers.BatchNormalization)):
        layer.set_weights([rng.uniform(0.5, 1.5, values.shape) for values in layer.get_weights()])
    return model


def kinds(model: Any) -> dict[str, str]:
    return {layer.name: type(layer).__name__ for layer in model.layers}


def test_only_what_would_be_left_becomes_a_convolution(network: Any) -> None:
    """A normalisation right behind a convolution that nothing else needs stays: the converter folds it itself."""
    before, after = kinds(network), kinds(fold_normalisation(network))
    assert {name for name in after if after[name] != before.get(name)} == set(LEFT)
    assert {after[name] for name in LEFT} == {"DepthwiseConv2D"}
    assert list(after)[1:] == list(before)[1:]


def test_numbers_stay(network: Any) -> None:
    """The folded network gives the same scores, and the given one is as it was."""
    pictures = np.random.default_rng(1).random((5, 16, 16, 3), np.float32)
    expected = np.asarray(network(pictures, training=False)["scores"])
    folded = fold_normalisation(network)
    np.testing.assert_allclose(np.asarray(folded(pictures, training=False)["scores"]), expected, atol=1e-5)
    np.testing.assert_array_equal(np.asarray(network(pictures, training=False)["scores"]), expected)


def test_nothing_to_fold(network: Any) -> None:
    """A network whose normalisations all fold is given back itself, so that its files don't change."""
    folded = fold_normalisation(network)
    assert fold_normalisation(folded) is folded


def test_int8_files_multiply_nothing_apart(network: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Both formats give the same integers, and round once where they normalise; float is as the converter makes it."""
    run = write_run(tmp_path / "run", "characters", network)
    argv = ["--int8", "--float32", str(run), "--out", str(tmp_path / "models"), "--max-drop", "100"]
    assert main([*argv, "--min-accuracy", "0"]) == 0
    shown = capfd.readouterr().out
    assert "characters.int8.onnx in onnxruntime and characters.int8.tflite in litert: the same on 60 pictures" in shown
    operators = read_operators((tmp_path / "models/characters.int8.tflite").read_bytes(), ("scores",))
    assert {one.layer for one in operators if one.name == "DEPTHWISE_CONV_2D"} == set(LEFT)
    assert not [one for one in operators if one.name == "MUL" and one.layer != "flat"]
    plain = read_operators((tmp_path / "models/characters.float32.tflite").read_bytes(), ("scores",))
    assert "DEPTHWISE_CONV_2D" not in {one.name for one in plain}

"""Upsampling that XNNPACK computes whole, and an input whose height may be chosen."""

import numpy as np
import pytest

from lpr_edge.contract.base.arrays import AnyArray
from lpr_export.base.operator_versions import read_operators
from lpr_export.base.tensorflow_quiet import load_tensorflow
from lpr_export.convert.upsampling import with_fast_upsampling

tensorflow = pytest.importorskip("tensorflow")


@pytest.fixture(scope="module")
def upsampling() -> bytes:
    """A TFLite file that shrinks a picture of 16×8 and upsamples it again, as heads of detectors do."""
    keras = load_tensorflow().keras
    image = keras.Input((16, 8, 3), batch_size=1)
    small = keras.layers.Conv2D(4, 3, strides=2, padding="same")(image)
    model = keras.Model(image, keras.layers.UpSampling2D(2, interpolation="nearest")(small))
    return bytes(load_tensorflow().lite.TFLiteConverter.from_keras_model(model).convert())


def run(tflite: bytes, picture: AnyArray) -> AnyArray:
    """The output of a file for a picture of any height."""
    interpreter = load_tensorflow().lite.Interpreter(model_content=tflite)
    place = interpreter.get_input_details()[0]["index"]
    interpreter.resize_tensor_input(place, picture.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(place, picture)
    interpreter.invoke()
    return np.asarray(interpreter.get_tensor(interpreter.get_output_details()[0]["index"]))


def test_upsampling_gives_the_same_without_tile(upsampling: bytes) -> None:
    """TILE, which XNNPACK hasn't, is gone, and every number is what it was."""
    rewritten = with_fast_upsampling(upsampling)
    before, after = ({one.name for one in read_operators(tflite)} for tflite in (upsampling, rewritten))
    assert "TILE" in before
    assert "TILE" not in after
    picture = np.random.default_rng(0).random((1, 16, 8, 3), np.float32)
    np.testing.assert_array_equal(run(rewritten, picture), run(upsampling, picture))


def test_the_height_is_open(upsampling: bytes) -> None:
    """An input of half the height gives half of the output; the file as it was converted takes its own height alone."""
    picture = np.random.default_rng(0).random((1, 8, 8, 3), np.float32)
    with pytest.raises(RuntimeError):
        run(upsampling, picture)
    assert run(with_fast_upsampling(upsampling), picture).shape == (1, 8, 8, 4)


def test_a_file_without_upsampling_keeps_its_operators() -> None:
    """There is nothing to rewrite in it."""
    keras = load_tensorflow().keras
    image = keras.Input((8, 8, 1), batch_size=1)
    model = keras.Model(image, keras.layers.Conv2D(2, 3)(image))
    plain = bytes(load_tensorflow().lite.TFLiteConverter.from_keras_model(model).convert())
    assert [one.name for one in read_operators(with_fast_upsampling(plain))] == [
        one.name for one in read_operators(plain)
    ]

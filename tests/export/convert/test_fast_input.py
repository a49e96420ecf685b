"""The beginning of int8 files: without QUANTIZE, over blocks of pixels, to the same integers."""

import numpy as np
import pytest

from lpr_edge.contract.base.arrays import AnyArray
from lpr_edge.runtimes.model import signed
from lpr_export.base.operator_versions import read_operators
from lpr_export.base.tensorflow_quiet import load_tensorflow
from lpr_export.convert.fast_input import with_fast_input
from lpr_export.convert.quantize import calibrate, quantise

tensorflow = pytest.importorskip("tensorflow")


def quantised(kernel: int, stride: int, channels: int = 3) -> bytes:
    """An int8 file that takes bytes and begins with a convolution."""
    tf = load_tensorflow()
    tf.keras.utils.set_random_seed(1)
    image = tf.keras.Input((16, 24, channels), batch_size=1)
    first = tf.keras.layers.Conv2D(4, kernel, strides=stride, padding="same", activation="relu")(image)
    model = tf.keras.Model(image, tf.keras.layers.Conv2D(2, 1)(first))
    plain = bytes(tf.lite.TFLiteConverter.from_keras_model(model).convert())
    return quantise(calibrate(plain, [noise(channels=channels)[0]]))


def run(tflite: bytes, pixels: AnyArray) -> AnyArray:
    """The output of a file for bytes of any height, which are lowered where it takes int8."""
    interpreter = load_tensorflow().lite.Interpreter(model_content=tflite)
    picture = interpreter.get_input_details()[0]
    interpreter.resize_tensor_input(picture["index"], pixels.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(picture["index"], signed(pixels) if picture["dtype"] == np.int8 else pixels)
    interpreter.invoke()
    return np.asarray(interpreter.get_tensor(interpreter.get_output_details()[0]["index"]))


def noise(height: int = 16, channels: int = 3) -> AnyArray:
    """A picture (1, height, 24, channels) of all bytes."""
    return np.random.default_rng(2).integers(0, 256, (1, height, 24, channels), np.uint8)


@pytest.mark.parametrize(("kernel", "stride", "channels"), [(7, 4, 3), (5, 2, 1), (3, 2, 3), (4, 4, 1)])
def test_the_integers_are_the_same(kernel: int, stride: int, channels: int) -> None:
    """QUANTIZE is gone and the first convolution sees blocks of pixels; every integer is what it was."""
    plain = quantised(kernel, stride, channels)
    fast = with_fast_input(plain)
    assert [one.name for one in read_operators(plain)][:2] == ["QUANTIZE", "CONV_2D"]
    assert [one.name for one in read_operators(fast)][:4] == ["RESHAPE", "PAD", "RESHAPE", "CONV_2D"]
    np.testing.assert_array_equal(run(fast, noise(channels=channels)), run(plain, noise(channels=channels)))


def test_the_height_stays_open() -> None:
    """An input of half the height gives what the plain file gives for it."""
    plain = quantised(7, 4)
    np.testing.assert_array_equal(run(with_fast_input(plain), noise(8)), run(plain, noise(8)))


def test_the_input_keeps_its_name() -> None:
    """Who asks for the input by its signature finds it."""
    plain = quantised(3, 2)
    opened = [load_tensorflow().lite.Interpreter(model_content=file) for file in (plain, with_fast_input(plain))]
    details = [one.get_signature_runner().get_input_details() for one in opened]
    (before,), (after,) = (one.values() for one in details)
    assert (before["name"], list(before["shape"])) == (after["name"], list(after["shape"]))
    assert after["quantization"] == (before["quantization"][0], -128)


@pytest.mark.parametrize(("kernel", "stride", "channels"), [(3, 1, 3), (3, 2, 8), (3, 5, 1), (1, 2, 3)])
def test_other_convolutions_stay(kernel: int, stride: int, channels: int) -> None:
    """Without a stride, with many channels, or where blocks don't divide the input, only QUANTIZE goes."""
    plain = quantised(kernel, stride, channels)
    fast = with_fast_input(plain)
    assert [one.name for one in read_operators(fast)] == [one.name for one in read_operators(plain)][1:]
    np.testing.assert_array_equal(run(fast, noise(channels=channels)), run(plain, noise(channels=channels)))


def test_a_file_that_takes_floats_is_left() -> None:
    """There is no QUANTIZE of bytes at its beginning."""
    keras = load_tensorflow().keras
    image = keras.Input((8, 8, 3), batch_size=1)
    model = keras.Model(image, keras.layers.Conv2D(2, 3, strides=2, padding="same")(image))
    plain = bytes(load_tensorflow().lite.TFLiteConverter.from_keras_model(model).convert())
    assert with_fast_input(plain) == plain

"""Make the files of this folder: `python -m lpr_bench.roofline.peaks.make`, with TensorFlow.

1×1 convolutions are matrix multiplications: here 1,024 rows by 128 by 128, three of them, so that all stays in the
second cache and nothing but multiplying counts. The weights are random and the results mean nothing.
"""

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from lpr_bench.roofline.peaks import FILES

SIDE, CHANNELS, LAYERS = 32, 128, 3


def make_network() -> Any:
    """The layers, with a fixed seed."""
    keras.utils.set_random_seed(1)
    picture = keras.Input((SIDE, SIDE, CHANNELS), batch_size=1)
    x = picture
    for _ in range(LAYERS):
        x = keras.layers.Conv2D(CHANNELS, 1, activation="relu", use_bias=False)(x)
    return keras.Model(picture, x)


def _pictures() -> Iterator[list[Any]]:
    rng = np.random.default_rng(1)
    for _ in range(4):
        yield [rng.uniform(0, 1, (1, SIDE, SIDE, CHANNELS)).astype(np.float32)]


def main() -> None:
    """Write both files."""
    network = make_network()
    for precision, path in FILES.items():
        converter = tf.lite.TFLiteConverter.from_keras_model(network)
        if precision == "int8":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.representative_dataset = _pictures
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.inference_input_type = converter.inference_output_type = tf.int8
        path.write_bytes(converter.convert())


if __name__ == "__main__":
    main()

"""Convert a Keras network to TFLite without calibration, and check its outputs against Keras' own."""

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lpr_edge.contract.base.arrays import AnyArray, Image
from lpr_export.base.errors import ADVICE, ExportError
from lpr_export.base.layer_names import layer_of
from lpr_export.base.tensorflow_quiet import load_keras, load_tensorflow
from lpr_export.convert.keras_model import KerasModel

FLOAT_TOLERANCE = 1e-3
"""Largest difference of float outputs from Keras', relative to the largest value."""
OUTSIDE = re.compile(r"""fused\["\w+:", "(?P<tensor>[^"@]+)[^']*'tf\.(?P<operator>\w+)' op is neither""")
"""MLIR's message for an operator that TFLite doesn't have: `fused["Erfinv:", "net/erfinv/Erfinv@…"] at … 'tf.Erfinv' op
is neither a custom op nor a flex op`."""


def to_floats(model: KerasModel, precisions: Sequence[str]) -> dict[str, bytes]:
    """Convert a network to TFLite files that need no calibration.

    Args:
        model: the Keras network.
        precisions: of `float32`, `float16` and `int8-dynamic`.

    Returns:
        Precision -> the file's bytes.

    Raises:
        ExportError: TFLite has no operator for a layer.
    """
    with tempfile.TemporaryDirectory() as folder:
        saved = _save_graph(model, Path(folder))
        return {precision: _to_tflite(saved, precision) for precision in precisions}


def _save_graph(model: KerasModel, folder: Path) -> Path:
    """Write the network as a SavedModel with a batch of one; its signature names every output by its role."""
    tensorflow, keras = load_tensorflow(), load_keras()
    picture = tensorflow.TensorSpec((1, *model.inputs[0].shape[1:]), tensorflow.float32, name="image")
    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint("serving_default", lambda image: model(image, training=False), [picture])
    archive.write_out(str(folder), verbose=False)
    return folder


def _to_tflite(saved: Path, precision: str) -> bytes:
    """Convert a SavedModel to `float32`, `float16` weights, or `int8-dynamic`."""
    tensorflow = load_tensorflow()
    converter = tensorflow.lite.TFLiteConverter.from_saved_model(str(saved))
    converter.target_spec.supported_ops = [tensorflow.lite.OpsSet.TFLITE_BUILTINS]
    if precision in ("float16", "int8-dynamic"):
        converter.optimizations = [tensorflow.lite.Optimize.DEFAULT]
    if precision == "float16":
        converter.target_spec.supported_types = [tensorflow.float16]
    try:
        return bytes(converter.convert())
    except Exception as error:  # the converter's errors share no parent but Exception
        raise ExportError(describe_conversion_error(str(error), precision)) from error


def interpreter(tflite: bytes) -> Any:
    """Open a TFLite file's bytes in TensorFlow's interpreter, ready to run."""
    opened = load_tensorflow().lite.Interpreter(model_content=tflite)
    opened.allocate_tensors()
    return opened


def check_float(model: KerasModel, tflite: bytes, pictures: Sequence[Image]) -> None:
    """Check that float TFLite gives the same outputs as Keras, so that it can be the reference of every comparison.

    Args:
        model: the Keras network.
        tflite: bytes of the file.
        pictures: each (H, W, C) uint8, inputs of the network.
    """
    runner = interpreter(tflite).get_signature_runner("serving_default")
    for picture in pictures:
        image = np.asarray(picture[np.newaxis] / np.float32(255), np.float32)
        keras_outputs, outputs = model(image, training=False), runner(image=image)
        for role, output in outputs.items():
            _check_close(role, np.asarray(keras_outputs[role]), output)


def _check_close(role: str, expected: AnyArray, actual: AnyArray) -> None:
    off = float(np.abs(expected - actual).max())
    if off > FLOAT_TOLERANCE * max(1.0, float(np.abs(expected).max())):
        raise ExportError(
            f"float TFLite gives other numbers than Keras: the output {role!r} is off by {off:.3g}. "
            "A layer behaves differently in training and inference, or the converter is wrong: report it"
        )


def describe_conversion_error(message: str, precision: str) -> str:
    """Summarize the converter's error in one line: the operator, its layer, and what to do.

    Args:
        message: the converter's error message.
        precision: the requested precision.
    """
    found = OUTSIDE.search(message)
    if found:
        return (
            f"TFLite has no built-in operator for {found['operator']} of the layer {layer_of(found['tensor'])}, so the "
            f"network can't be converted to {precision}. {ADVICE} instead"
        )
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    telling = [line for line in lines if "not supported" in line]
    first = (telling or lines or ["no reason given"])[0]
    return f"TFLite can't convert the network to {precision} with its built-in operators ({first[:300]}). {ADVICE}"

"""Import TensorFlow, Keras and tf2onnx on demand and without their messages; name the extra if one is missing."""

import importlib
import logging
import os
import warnings
from types import ModuleType

from lpr_edge.contract.base.errors import needing_extra
from lpr_export.base.errors import ExportError


def load_tensorflow() -> ModuleType:
    """Import TensorFlow without its start-up messages.

    Raises:
        ExportError: it isn't installed.
    """
    # Both are read at TensorFlow's first import and ignored afterwards.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    tensorflow = load_module("tensorflow", "TensorFlow")
    tensorflow.get_logger().setLevel("ERROR")
    # tf.lite.Interpreter announces its successor at every use; the converter itself is still TensorFlow's.
    warnings.filterwarnings("ignore", message=".*tf.lite.Interpreter is deprecated.*")
    return tensorflow


def load_keras() -> ModuleType:
    """Import Keras 3 on TensorFlow.

    Raises:
        ExportError: it isn't installed, or is set up for another backend.
    """
    load_tensorflow()
    keras = load_module("keras", "Keras")
    if keras.backend.backend() != "tensorflow":
        raise ExportError(
            f"Keras runs on {keras.backend.backend()} here, and TFLite is made from TensorFlow. "
            "Set KERAS_BACKEND=tensorflow and run this again"
        )
    return keras


def load_tf2onnx() -> ModuleType:
    """Import tf2onnx without its messages.

    Raises:
        ExportError: it isn't installed.
    """
    load_tensorflow()
    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    return load_module("tf2onnx", "tf2onnx")


def load_module(name: str, title: str) -> ModuleType:
    """Import a module that only `lpr[export]` installs.

    Raises:
        ExportError: it can't be imported.
    """
    with needing_extra("Export", title, "export", ExportError):
        return importlib.import_module(name)

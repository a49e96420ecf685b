"""Load TensorFlow and Keras on demand, without their start-up messages."""

import contextlib
import os
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any, TypeAlias

from lpr_edge.contract.base.errors import LprError, needing_extra

_is_jax = False
"""Whether Keras runs on JAX here; `use_jax` sets it."""
KerasModel: TypeAlias = Any
"""A `keras.Model`; Keras ships no types."""


def load_tensorflow() -> ModuleType:
    """Import TensorFlow without its start-up messages.

    Raises:
        LprError: TensorFlow isn't installed.
    """
    if "tensorflow" in sys.modules:
        return sys.modules["tensorflow"]
    # Both are read at the first import and ignored afterwards.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    with needing_extra("Training", "TensorFlow", "train"), _silent_stderr():
        import tensorflow
    tensorflow.get_logger().setLevel("ERROR")
    module: ModuleType = tensorflow
    return module


@contextlib.contextmanager
def _silent_stderr() -> Iterator[None]:
    """Discard everything written to stderr, also by native code.

    TensorFlow 2.21 logs hints on oneDNN and CUDA while it is imported, before it looks at TF_CPP_MIN_LOG_LEVEL.
    """
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def load_keras() -> ModuleType:
    """Import Keras 3 on TensorFlow, or on JAX after `use_jax`.

    Raises:
        LprError: TensorFlow isn't installed, or Keras was set up for another backend.
    """
    if not _is_jax:
        load_tensorflow()
    import keras

    backend, wanted = keras.backend.backend(), "jax" if _is_jax else "tensorflow"
    if backend != wanted:
        raise LprError(f"Keras runs on {backend} here, and this training needs {wanted}. Set KERAS_BACKEND={wanted}.")
    module: ModuleType = keras
    return module


def use_jax() -> None:
    """Let `load_keras` run on JAX in this process; call it before anything imports Keras.

    Raises:
        LprError: JAX isn't installed.
    """
    global _is_jax
    with needing_extra("Distillation", "JAX", "jax"):
        import jax  # noqa: F401
    os.environ["KERAS_BACKEND"] = "jax"
    _is_jax = True


def is_jax() -> bool:
    """Whether Keras runs on JAX in this process."""
    return _is_jax

"""A reader that was exported, as a teacher or to locate characters."""

import threading
from pathlib import Path
from typing import Any

import numpy as np

from lpr_edge.contract.base.arrays import Floats, Image
from lpr_edge.contract.base.errors import LprError


class ExportedReader:
    """A reader's .tflite, of any size, which runs without TensorFlow and JAX.

    Args:
        path: a file of `lpr-export`, int8 or float.

    Raises:
        LprError: the file isn't there, or isn't a reader's network.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._threads = threading.local()
        outputs = self._interpreter().get_output_details()
        self._roles = {_role(tuple(output["shape"])): output for output in outputs}
        if set(self._roles) != {"centre", "classes", "size", "corners"}:
            raise LprError(f"{path} isn't a reader's network. Give a reader's .tflite of lpr-export.")

    def outputs(self, pixels: Image) -> dict[str, Floats]:
        """Outputs by role, without the first axis, float16.

        Args:
            pixels: (H, W, 1) uint8.
        """
        network = self._interpreter()
        given = network.get_input_details()[0]
        network.set_tensor(given["index"], _quantised(pixels[np.newaxis], given))
        network.invoke()
        return {role: _floats(network.get_tensor(own["index"])[0], own) for role, own in self._roles.items()}

    def _interpreter(self) -> Any:
        """This thread's own interpreter: one can't be used by two at a time."""
        if not hasattr(self._threads, "network"):
            from ai_edge_litert.interpreter import Interpreter

            try:
                self._threads.network = Interpreter(str(self._path), num_threads=1)
            except ValueError as error:
                raise LprError(
                    f"{self._path} can't be loaded ({error}). Give a reader's .tflite of lpr-export."
                ) from error
            self._threads.network.allocate_tensors()
        return self._threads.network


def _role(shape: tuple[int, ...]) -> str:
    return {(2, 8): "corners", (4, 1): "centre", (4, 2): "size"}.get((len(shape), shape[-1]), "classes")


def _quantised(pixels: Image, detail: dict[str, Any]) -> Any:
    values = pixels.astype(np.float32) / 255.0
    scale, zero = detail["quantization"]
    if not scale:
        return values
    limits = np.iinfo(detail["dtype"])
    return np.clip(np.rint(values / scale) + zero, limits.min, limits.max).astype(detail["dtype"])


def _floats(values: Any, detail: dict[str, Any]) -> Floats:
    scale, zero = detail["quantization"]
    plain = (values.astype(np.float32) - zero) * scale if scale else values
    return np.asarray(plain, np.float16)

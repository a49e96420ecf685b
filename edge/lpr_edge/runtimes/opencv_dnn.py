"""OpenCV's DNN module, for `.onnx` files on machines without another runtime."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import AnyArray
from lpr_edge.contract.base.errors import ModelError
from lpr_edge.contract.manifest import Manifest, OutputSpec
from lpr_edge.runtimes.runtime import Runtime


class OpenCvEngine:
    """An `.onnx` file in OpenCV's DNN module.

    Version 4 computes in int8 whatever the file says (seen in 4.11), so that bytes go in and come out 128 lower; and it
    names outputs in alphabetical order, so that they are put back into the file's order by their shapes. Version 5.0
    gives wrong numbers for int8 sigmoids, with either of its engines.
    """

    name = "opencv"

    def __init__(self, path: Path, threads: int, manifest: Manifest) -> None:
        """Load a file.

        Raises:
            ModelError: it is an int8 network, and this OpenCV is one that computes those wrong.
        """
        self.version: str = cv2.__version__
        if manifest.precision == "int8" and int(self.version.partition(".")[0]) >= 5:
            raise ModelError(
                f"OpenCV {self.version} computes int8 networks like {path} wrong: "
                "take --runtime onnxruntime, or pip install 'opencv-python<5'"
            )
        cv2.setNumThreads(threads)
        self._manifest = manifest
        self._net = cv2.dnn.readNetFromONNX(str(path))
        self._names = self._net.getUnconnectedOutLayersNames()

    def run(self, tensor: AnyArray) -> Sequence[AnyArray]:
        """See `Engine.run`."""
        self._net.setInput(_shift(tensor) if tensor.dtype == np.uint8 else tensor)
        found = self._net.forward(self._names)
        return [_take(found, spec) for spec in self._manifest.outputs]


def _shift(array: AnyArray) -> AnyArray:
    """Convert uint8 to int8 by subtracting 128, or back."""
    other = np.int8 if array.dtype == np.uint8 else np.uint8
    return (array.view(np.uint8) ^ np.uint8(128)).view(other)


def _take(found: Sequence[AnyArray], spec: OutputSpec) -> AnyArray:
    """The output with a role's shape: the roles of one network differ in their number of channels."""
    array = next(array for array in found if array.shape[1:] == spec.shape)
    return _shift(array) if spec.dtype == "uint8" and array.dtype == np.int8 else array


OPENCV = Runtime("opencv", (".onnx",), "cv2", "opencv-python-headless", OpenCvEngine)

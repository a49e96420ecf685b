"""Find the first operator at which LiteRT and ONNX Runtime compute different integers."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lpr_edge.contract.base.arrays import AnyArray, Image
from lpr_edge.runtimes.model import signed
from lpr_edge.runtimes.onnx_runtime import session_options
from lpr_edge.runtimes.tflite import quiet_stderr
from lpr_export.base.layer_names import layer_of
from lpr_export.base.tensorflow_quiet import load_module
from lpr_export.onnx.uint8_activations import SHIFT


@dataclass(frozen=True)
class Divergence:
    """The operator that first gives different integers for equal inputs."""

    layer: str
    operator: str
    largest: int
    """Largest difference there, in LSB."""
    share: float
    """Share of its integers that differ, on the pictures where it is the first."""
    pictures: int
    """Number of pictures on which it is the first."""
    looked_at: int
    """Number of compared pictures."""


class TfliteTrace:
    """Runs a TFLite file in LiteRT and returns all intermediate tensors."""

    def __init__(self, tflite: Path, roles: Sequence[str] = ()) -> None:
        """Load a file; `roles` are those of its outputs, in its order."""
        interpreter = load_module("ai_edge_litert.interpreter", "LiteRT").Interpreter
        with warnings.catch_warnings(), quiet_stderr():
            warnings.simplefilter("ignore")  # LiteRT warns that this is for debugging
            self._interpreter = interpreter(model_path=str(tflite), experimental_preserve_all_tensors=True)
            self._interpreter.allocate_tensors()
        self.details = {detail["index"]: detail for detail in self._interpreter.get_tensor_details()}
        self.operators = self._operators()
        outputs = [detail["name"] for detail in self._interpreter.get_output_details()]
        self.roles = dict(zip(outputs, roles, strict=False))

    def _operators(self) -> dict[str, tuple[str, int]]:
        """Tensor -> its operator and index, in the file's order; without the delegate's own operators."""
        return {
            self.details[index]["name"]: (operator["op_name"], int(index))
            for operator in self._interpreter._get_ops_details()  # the only way to them from Python
            if operator["op_name"] != "DELEGATE"
            for index in operator["outputs"]
            if index in self.details
        }

    def run(self, pixels: AnyArray) -> dict[str, AnyArray]:
        """Run on an input (1, H, W, C), bytes for an int8 file too; returns tensor name -> array."""
        picture = self._interpreter.get_input_details()[0]
        self._interpreter.set_tensor(picture["index"], signed(pixels) if picture["dtype"] == np.int8 else pixels)
        self._interpreter.invoke()
        return {name: self._interpreter.get_tensor(index) for name, (_, index) in self.operators.items()}


def find_divergence(
    tflite: Path, onnx: Path, tensors: Mapping[str, str], pictures: Sequence[Image], roles: Sequence[str] = ()
) -> Divergence | None:
    """Find the operator that diverges first on most pictures; None if all common tensors are equal.

    Args:
        tflite: the int8 file.
        onnx: its twin.
        tensors: TFLite tensor -> its name in the twin.
        pictures: inputs (1, H, W, C) uint8.
        roles: of the TFLite file's outputs, in its order.
    """
    trace, twin = TfliteTrace(tflite, roles), _OnnxTrace(onnx, list(tensors.values()))
    firsts: dict[str, list[AnyArray]] = {}
    for pixels in pictures:
        ours, theirs = trace.run(pixels), twin.run(pixels)
        for name in trace.operators:
            if name in tensors and tensors[name] in theirs:
                distance = _distance(ours[name], theirs[tensors[name]])
                if distance.any():
                    firsts.setdefault(name, []).append(distance)
                    break
    if not firsts:
        return None
    name = max(firsts, key=lambda name: len(firsts[name]))
    layer = layer_of(name, trace.roles)
    return _divergence(layer, trace.operators[name][0], firsts[name], len(pictures))


def _divergence(layer: str, operator: str, distances: Sequence[AnyArray], looked_at: int) -> Divergence:
    together = np.concatenate([distance.ravel() for distance in distances])
    largest, share = int(together.max()), float((together > 0).mean())
    return Divergence(layer, operator, largest, share, len(distances), looked_at)


def _distance(ours: AnyArray, theirs: AnyArray) -> AnyArray:
    """Absolute difference in LSB of a TFLite and an ONNX tensor, in the better matching axis order, NHWC or NCHW."""
    a = ours.astype(np.int32) + (SHIFT if theirs.dtype == np.uint8 and ours.dtype == np.int8 else 0)
    readings = [theirs, *([theirs.transpose(0, 2, 3, 1)] if theirs.ndim == 4 else [])]
    found = [np.abs(a - b.astype(np.int32).reshape(a.shape)) for b in readings if b.size == a.size]
    return min(found, key=lambda distance: int((distance > 0).sum()), default=np.zeros(1, np.int32))


class _OnnxTrace:
    """Runs an ONNX file in ONNX Runtime with intermediate tensors as further outputs."""

    def __init__(self, path: Path, names: Sequence[str]) -> None:
        onnx, runtime = load_module("onnx", "ONNX"), load_module("onnxruntime", "ONNX Runtime")
        model = onnx.load(str(path))
        integers = {node.output[0] for node in model.graph.node if node.op_type == "QuantizeLinear"}
        shown = {output.name for output in model.graph.output}
        for name in (name for name in names if name in integers - shown):
            model.graph.output.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.UINT8, None))
        self._session: Any = runtime.InferenceSession(
            model.SerializeToString(), session_options(runtime, threads=1), providers=["CPUExecutionProvider"]
        )

    def run(self, pixels: AnyArray) -> dict[str, AnyArray]:
        """Run on an input (1, H, W, C); returns tensor name -> array."""
        names = [output.name for output in self._session.get_outputs()]
        values = self._session.run(None, {self._session.get_inputs()[0].name: pixels})
        return dict(zip(names, values, strict=True))

"""Operators of a model file with their versions, and the runtimes that support them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from lpr_export.base.errors import ADVICE, ExportError
from lpr_export.base.layer_names import layer_of
from lpr_export.base.tensorflow_quiet import load_module

TABLE = Path(__file__).parents[1] / "operator_versions.json"
"""Greatest version of each of TFLite's built-in operators that a runtime loads, found by giving it files of each
version (`python -m tests.support.probe_operators`), and the operator types that OpenCV's ONNX importer names."""
ONNX_RUNTIMES = {12: "1.3", 13: "1.6", 14: "1.8", 15: "1.9", 16: "1.13", 17: "1.13", 18: "1.14", 19: "1.15", 20: "1.17"}
"""Operator set -> a version of ONNX Runtime that has it; up to 15 the first one (its docs/Versioning.md)."""
FLOAT_TYPES = ("FLOAT32", "FLOAT16")


@dataclass(frozen=True)
class Operator:
    """An operator of a TFLite file."""

    name: str
    """As TFLite's schema calls it, or a custom operator's own name."""
    version: int
    layer: str
    is_builtin: bool
    is_float: bool
    """Whether any of its input or output activations is float."""


@dataclass(frozen=True)
class OperatorSupport:
    """Whether a runtime supports all operators of a file, by the table of versions."""

    runtime: str
    knows_all: bool
    unknown: tuple[str, ...]
    """Operators that the runtime doesn't support, with version and layer."""


@cache
def _table() -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(TABLE.read_text(encoding="utf-8"))
    return found


def read_operators(tflite: bytes, roles: Sequence[str] = ()) -> list[Operator]:
    """The operators of a TFLite file, in its order.

    Args:
        tflite: the file's bytes.
        roles: of its outputs, in the file's order.

    Raises:
        ExportError: LiteRT, which knows the format, isn't installed.
    """
    schema = load_module("ai_edge_litert.schema_py_generated", "LiteRT")
    names = {code: name for name, code in vars(schema.BuiltinOperator).items() if isinstance(code, int)}
    types = {code: name for name, code in vars(schema.TensorType).items() if isinstance(code, int)}
    model = schema.ModelT.InitFromPackedBuf(tflite, 0)
    graph = model.subgraphs[0]
    outputs = [graph.tensors[index].name.decode() for index in graph.outputs]
    layers = dict(zip(outputs, roles, strict=False))
    return [_operator(one, model, names, types, layers) for one in graph.operators]


def _operator(
    one: Any, model: Any, names: Mapping[int, str], types: Mapping[int, str], roles: Mapping[str, str]
) -> Operator:
    graph = model.subgraphs[0]
    code = model.operatorCodes[one.opcodeIndex]
    name = code.customCode.decode() if code.customCode else names[builtin_of(one, model)]
    tensors = [graph.tensors[index] for index in (*one.inputs, *one.outputs) if index >= 0]
    moving = [tensor for tensor in tensors if not _is_constant(tensor, model)]
    is_float = any(types[tensor.type] in FLOAT_TYPES for tensor in moving)
    return Operator(name, code.version, layer_of(tensors[-1].name.decode(), roles), not code.customCode, is_float)


def builtin_of(operator: Any, model: Any) -> int:
    """The number of a `ModelT`'s operator among TFLite's own ones, as TFLite's schema_utils finds it."""
    code = model.operatorCodes[operator.opcodeIndex]
    return int(max(code.builtinCode, code.deprecatedBuiltinCode))


def _is_constant(tensor: Any, model: Any) -> bool:
    data = model.buffers[tensor.buffer].data
    return data is not None and len(data) > 0


def check_builtins(operators: Sequence[Operator], name: str) -> None:
    """Refuse a file with an operator that isn't one of TFLite's own.

    Raises:
        ExportError: there is one; the message names its layer and what to do instead.
    """
    for one in operators:
        if not one.is_builtin:
            raise ExportError(
                f"{name} needs {one.name}, which isn't one of TFLite's built-in operators, for its layer {one.layer}. "
                f"{ADVICE} instead"
            )


def check_integers(operators: Sequence[Operator], name: str, float_layers: Sequence[str]) -> None:
    """Check that an int8 file computes in integers, except in the layers that the user kept in float.

    Args:
        operators: of the file.
        name: of the file, for the message.
        float_layers: layers that may compute in float.

    Raises:
        ExportError: an operator computes in float; the message names its layer.
    """
    kept = [one for one in operators if one.is_float and one.name not in ("QUANTIZE", "DEQUANTIZE")]
    wrong = [one for one in kept if one.layer not in float_layers]
    if wrong:
        raise ExportError(
            f"{name} is called int8, and {wrong[0].name} of its layer {wrong[0].layer} computes in float"
            + (f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else "")
            + f". Name that layer in --float-layers, or build it from operators with int8 kernels: {KERNELS}"
        )


KERNELS = "convolutions, dense layers, ReLU, ReLU6, pooling, additions, sigmoid, softmax"


def tflite_support(operators: Sequence[Operator]) -> list[OperatorSupport]:
    """Support of a TFLite file's operators by each TFLite runtime of the table."""
    return [_tflite_support(runtime, known, operators) for runtime, known in _table()["tflite"].items()]


def _tflite_support(runtime: str, known: Mapping[str, int], operators: Sequence[Operator]) -> OperatorSupport:
    new = {f"{one.name} v{one.version} ({one.layer})": one for one in operators if one.version > known.get(one.name, 0)}
    return OperatorSupport(runtime, not new, tuple(new))


def onnx_support(data: bytes) -> list[OperatorSupport]:
    """Support of an ONNX file: by ONNX Runtime, from its operator set, and by OpenCV, from its operator types."""
    model = load_module("onnx", "ONNX").ModelProto.FromString(data)
    opset = max(one.version for one in model.opset_import if one.domain in ("", "ai.onnx"))
    oldest = next((version for number, version in sorted(ONNX_RUNTIMES.items()) if number >= opset), "")
    found = {node.op_type: node.name for node in model.graph.node}
    known = _table()["onnx"]["opencv 4.11"]
    unknown = tuple(f"{kind} ({name.partition('/')[0]})" for kind, name in found.items() if kind not in known)
    return [
        OperatorSupport(f"onnxruntime {oldest}" if oldest else "onnxruntime", bool(oldest), ()),
        OperatorSupport("opencv 4.11", not unknown, unknown),
    ]


def oldest_tflite(tflite: bytes) -> str:
    """The oldest TensorFlow that supports all operators, from the file's own metadata; empty if it has none."""
    schema = load_module("ai_edge_litert.schema_py_generated", "LiteRT")
    model = schema.ModelT.InitFromPackedBuf(tflite, 0)
    for entry in model.metadata or []:
        if entry.name == b"min_runtime_version":
            return bytes(model.buffers[entry.buffer].data).rstrip(b"\0").decode()
    return ""

"""Convert an ONNX network's activations from int8 to uint8: add 128 to integers and zero points, keep the scales.

ONNX Runtime's integer kernels on x86 take unsigned activations and signed weights. It shifts signed activations itself,
but only if a quantiser is followed directly by its dequantiser; otherwise it computes in float (seen with 1.31), and
outputs differ from TFLite's. With uint8, every convolution stays in integers and equals TFLite's to the last bit.

On x86 without VNNI, products of unsigned and signed bytes would saturate, so lpr asks ONNX Runtime for exact ones. It
then makes signed weights unsigned, each with a zero point named after the old one, and fails if two weights share one
(seen with 1.31), as in tf2onnx's files: so every weight gets its own.
"""

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np

from lpr_export.base.tensorflow_quiet import load_module

OnnxModel: TypeAlias = Any
"""An `onnx.ModelProto`; onnx's generated classes have no types here."""

SHIFT = 128


def use_uint8_activations(model: OnnxModel) -> None:
    """Shift every activation and every integer output by 128; weights and biases stay as they are."""
    onnx = load_module("onnx", "ONNX")
    constants = {constant.name: constant for constant in model.graph.initializer}
    shifted: dict[str, str] = {}
    for node in _activation_nodes(model, constants):
        name = node.input[2]
        if constants[name].data_type == onnx.TensorProto.INT8:
            if name not in shifted:
                shifted[name] = f"{name}_shifted"
                model.graph.initializer.append(_shifted(constants[name], shifted[name]))
            node.input[2] = shifted[name]
    for output in model.graph.output:
        if output.type.tensor_type.elem_type == onnx.TensorProto.INT8:
            output.type.tensor_type.elem_type = onnx.TensorProto.UINT8
    _drop_requantisation(model)
    separate_zero_points(model)
    _drop_unused(model)


def _activation_nodes(model: OnnxModel, constants: dict[str, Any]) -> Iterator[Any]:
    """Quantisers, and dequantisers of activations."""
    for node in model.graph.node:
        if node.op_type in ("QuantizeLinear", "DequantizeLinear") and node.input[0] not in constants:
            yield node


def _shifted(zero_point: Any, name: str) -> Any:
    helper = load_module("onnx.numpy_helper", "ONNX")
    values = helper.to_array(zero_point).astype(np.int16) + SHIFT
    return helper.from_array(values.astype(np.uint8), name)


def _drop_requantisation(model: OnnxModel) -> None:
    """Remove a dequantiser and quantiser at the input that have the same scale and zero point."""
    image = model.graph.input[0].name
    values = {constant.name: constant.raw_data for constant in model.graph.initializer}
    for first in [node for node in model.graph.node if node.op_type == "DequantizeLinear" and image in node.input]:
        users = [node for node in model.graph.node if first.output[0] in node.input]
        same = [
            node
            for node in users
            if node.op_type == "QuantizeLinear" and _quantisation(node, values) == _quantisation(first, values)
        ]
        for node in same:
            _redirect(model, node.output[0], image)
            model.graph.node.remove(node)
        if same == users:
            model.graph.node.remove(first)


def _quantisation(node: Any, values: dict[str, bytes]) -> tuple[bytes, bytes]:
    return values[node.input[1]], values[node.input[2]]


def _redirect(model: OnnxModel, old: str, new: str) -> None:
    for node in model.graph.node:
        node.input[:] = [new if name == old else name for name in node.input]


def separate_zero_points(model: OnnxModel) -> None:
    """Give each constant's dequantiser a zero point of its own."""
    constants = {constant.name: constant for constant in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "DequantizeLinear" and node.input[0] in constants and len(node.input) > 2:
            own = f"{node.output[0]}_zero_point"
            model.graph.initializer.append(_renamed(constants[node.input[2]], own))
            node.input[2] = own


def _renamed(constant: Any, name: str) -> Any:
    copy = type(constant).FromString(constant.SerializeToString())
    copy.name = name
    return copy


def _drop_unused(model: OnnxModel) -> None:
    used = {name for node in model.graph.node for name in node.input}
    for constant in [constant for constant in model.graph.initializer if constant.name not in used]:
        model.graph.initializer.remove(constant)

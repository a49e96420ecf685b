"""Rewrite a TFLite file's upsampling, so that XNNPACK computes all of it and the input's height may be chosen.

TensorFlow's converter writes nearest-neighbour upsampling as RESHAPE and TILE. XNNPACK has no TILE, so it computes the
graph in pieces, with copies between them; a CONCATENATION of the tensor with itself gives the same integers. A RESHAPE
that leaves the height open lets a runtime resize the input to the rows of a letterbox that hold the picture.
"""

import copy
from typing import Any

import numpy as np

from lpr_export.base.operator_versions import builtin_of
from lpr_export.base.tensorflow_quiet import load_module

CONCATENATION_VERSION = 2
"""Of the operator: the first one with int8."""
HEIGHT = 1
"""Axis of a tensor (1, H, W, C)."""


def with_fast_upsampling(tflite: bytes) -> bytes:
    """The file's bytes with TILEs as CONCATENATIONs and open heights; the same outputs for its own input's size."""
    schema = load_module("ai_edge_litert.schema_py_generated", "LiteRT")
    tools = load_module("tensorflow.lite.tools.flatbuffer_utils", "TensorFlow")
    model = tools.convert_bytearray_to_object(tflite)
    for operator in model.subgraphs[0].operators:
        kind = builtin_of(operator, model)
        if kind == schema.BuiltinOperator.TILE:
            _concatenate(operator, model, schema)
        elif kind == schema.BuiltinOperator.RESHAPE:
            _open_height(operator, model, schema)
    return bytes(tools.convert_object_to_bytearray(model))


def _integers_of(tensor: Any, model: Any) -> Any:
    """A constant int32 tensor's values, writable; None where it isn't constant."""
    data = model.buffers[tensor.buffer].data
    return None if data is None or not len(data) else np.frombuffer(bytes(data), np.int32).copy()


def _concatenate(operator: Any, model: Any, schema: Any) -> None:
    """Make a TILE along one axis a CONCATENATION; any other one stays."""
    multiples = _integers_of(model.subgraphs[0].tensors[operator.inputs[1]], model)
    if multiples is None or np.count_nonzero(multiples > 1) != 1:
        return
    axis = int(multiples.argmax())
    options = schema.ConcatenationOptionsT()
    options.axis = axis
    operator.inputs = np.full(int(multiples[axis]), operator.inputs[0], np.int32)
    operator.opcodeIndex = _code_of(schema.BuiltinOperator.CONCATENATION, model, schema)
    operator.builtinOptionsType, operator.builtinOptions = schema.BuiltinOptions.ConcatenationOptions, options


def _code_of(kind: int, model: Any, schema: Any) -> int:
    """Place of an operator's kind in the model's list, to which it is added where it lacks."""
    codes = model.operatorCodes
    for place, code in enumerate(codes):
        if max(code.builtinCode, code.deprecatedBuiltinCode) == kind:
            code.version = max(code.version, CONCATENATION_VERSION)
            return place
    added = schema.OperatorCodeT()
    added.builtinCode = added.deprecatedBuiltinCode = kind
    added.version = CONCATENATION_VERSION
    codes.append(added)
    return len(codes) - 1


def _open_height(operator: Any, model: Any, schema: Any) -> None:
    """Let a RESHAPE take its height from its input; its shape may be shared with others, so it gets one of its own."""
    tensors = model.subgraphs[0].tensors
    shape = _integers_of(tensors[operator.inputs[1]], model) if len(operator.inputs) > 1 else None
    if shape is None or len(shape) <= HEIGHT + 1 or (shape < 0).any():
        return
    shape[HEIGHT] = -1
    own, buffer = copy.deepcopy(tensors[operator.inputs[1]]), schema.BufferT()
    buffer.data = np.frombuffer(shape.tobytes(), np.uint8)
    model.buffers.append(buffer)
    own.buffer, own.name = len(model.buffers) - 1, own.name + b"/open_height"
    tensors.append(own)
    operator.inputs = np.array([operator.inputs[0], len(tensors) - 1], np.int32)
    if operator.builtinOptions is not None:
        operator.builtinOptions.newShape = shape

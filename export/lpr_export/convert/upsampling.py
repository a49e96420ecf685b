"""Rewrite a TFLite file's upsampling, so that XNNPACK computes all of it and the input's height may be chosen.

TensorFlow's converter writes nearest-neighbour upsampling as RESHAPE and TILE. XNNPACK has no TILE, so it computes the
graph in pieces, with copies between them; a CONCATENATION of the tensor with itself gives the same integers. A RESHAPE
that leaves the height open lets a runtime resize the input to the rows of a letterbox that hold the picture.
"""

from typing import Any

import numpy as np

from lpr_export.base.operator_versions import builtin_of
from lpr_export.convert.graph_edits import GraphEditor

CONCATENATION_VERSION = 2
"""Of the operator: the first one with int8."""
HEIGHT = 1
"""Axis of a tensor (1, H, W, C)."""


def with_fast_upsampling(tflite: bytes) -> bytes:
    """The file's bytes with TILEs as CONCATENATIONs and open heights; the same outputs for its own input's size."""
    editor = GraphEditor(tflite)
    for operator in editor.graph.operators:
        kind = builtin_of(operator, editor.model)
        if kind == editor.schema.BuiltinOperator.TILE:
            _concatenate(operator, editor)
        elif kind == editor.schema.BuiltinOperator.RESHAPE:
            _open_height(operator, editor)
    return editor.to_bytes()


def _concatenate(operator: Any, editor: GraphEditor) -> None:
    """Make a TILE along one axis a CONCATENATION; any other one stays."""
    multiples = editor.values_of(operator.inputs[1], np.int32)
    if multiples is None or np.count_nonzero(multiples > 1) != 1:
        return
    axis, schema = int(multiples.argmax()), editor.schema
    options = schema.ConcatenationOptionsT()
    options.axis = axis
    operator.inputs = np.full(int(multiples[axis]), operator.inputs[0], np.int32)
    operator.opcodeIndex = editor.code_of(schema.BuiltinOperator.CONCATENATION, CONCATENATION_VERSION)
    operator.builtinOptionsType, operator.builtinOptions = schema.BuiltinOptions.ConcatenationOptions, options


def _open_height(operator: Any, editor: GraphEditor) -> None:
    """Let a RESHAPE take its height from its input; its shape may be shared with others, so it gets one of its own."""
    shape = editor.values_of(operator.inputs[1], np.int32) if len(operator.inputs) > 1 else None
    if shape is None or len(shape) <= HEIGHT + 1 or (shape < 0).any():
        return
    shape[HEIGHT] = -1
    own = editor.add_constant(shape, operator.inputs[1], "/open_height")
    operator.inputs = np.array([operator.inputs[0], own], np.int32)
    if operator.builtinOptions is not None:
        operator.builtinOptions.newShape = shape

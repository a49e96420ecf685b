"""Rewrite the beginning of an int8 TFLite file, so that XNNPACK computes it faster, to the same integers.

TensorFlow's converter lets a file take bytes by a QUANTIZE that lowers each by 128. XNNPACK has no such operator, and
LiteRT's own takes as long as several convolutions. Without it the file takes int8: the caller lowers the bytes.

XNNPACK's convolutions take eight channels at a time, and an image has three or one: most of what the first one
multiplies is padding. A row of pixels is also a row of blocks of pixels, with more channels each, in the same memory.
A convolution with a stride of one block over them, its kernel moved into the blocks, computes the same sums.
"""

import copy
from typing import Any

import numpy as np

from lpr_edge.contract.base.arrays import AnyArray
from lpr_export.base.operator_versions import builtin_of
from lpr_export.convert.graph_edits import GraphEditor

LANES = 8
"""Channels that XNNPACK takes at a time."""
PAD_VERSION = 2
"""Of the operator PAD: the first one with int8."""


def with_fast_input(tflite: bytes) -> bytes:
    """The bytes of an int8 file that takes int8, byte - 128, and begins with a convolution over blocks of pixels.

    What doesn't begin with a QUANTIZE of bytes, or with a convolution with stride after it, keeps that part.
    """
    editor = GraphEditor(tflite)
    if not _drop_quantize(editor):
        return tflite
    _take_blocks(editor)
    return editor.to_bytes()


def _drop_quantize(editor: GraphEditor) -> bool:
    """Make the output of the leading QUANTIZE the graph's input, under the input's name; False where there is none."""
    graph, schema = editor.graph, editor.schema
    first, picture = graph.operators[0], graph.inputs[0]
    users = [operator for operator in graph.operators if picture in operator.inputs]
    if builtin_of(first, editor.model) != schema.BuiltinOperator.QUANTIZE or users != [first]:
        return False
    before, after = graph.tensors[picture], graph.tensors[first.outputs[0]]
    same_scale = np.array_equal(before.quantization.scale, after.quantization.scale)
    if (before.type, after.type) != (schema.TensorType.UINT8, schema.TensorType.INT8) or not same_scale:
        return False
    after.name, before.name = before.name, after.name
    graph.inputs = np.array([first.outputs[0]], np.int32)
    for signature in editor.model.signatureDefs or []:
        for entry in signature.inputs:
            entry.tensorIndex = first.outputs[0]
    graph.operators.remove(first)
    return True


def _take_blocks(editor: GraphEditor) -> None:
    """Replace the first convolution by one over blocks of as many pixels as its stride is long."""
    graph, picture = editor.graph, editor.graph.inputs[0]
    users = [operator for operator in graph.operators if picture in operator.inputs]
    if len(users) != 1 or not _can_take_blocks(users[0], editor):
        return
    convolution = users[0]
    _, height, width, channels = (int(size) for size in graph.tensors[picture].shape)
    stride = int(convolution.builtinOptions.strideW)
    kernel = _kernel_of(convolution, editor)
    above, below = _padding(kernel.shape[1], stride)
    left, _ = _padding(kernel.shape[2], stride)
    blocks = -(-kernel.shape[2] // stride)
    wide = (width // stride - 1 + blocks) * stride
    flat = [1, height, width * channels]
    padded = [1, above + height + below, wide * channels]
    in_blocks = [1, padded[1], wide // stride, stride * channels]
    pads = [[0, 0], [above, below], [left * channels, (wide - left - width) * channels]]
    first = _reshape(editor, picture, flat, "/flat")
    second = _pad(editor, int(first.outputs[0]), padded, pads)
    third = _reshape(editor, int(second.outputs[0]), in_blocks, "/blocks")
    weights = editor.add_constant(_over_blocks(kernel, blocks, stride), convolution.inputs[1], "/blocks")
    convolution.inputs = np.array([third.outputs[0], weights, *convolution.inputs[2:]], np.int32)
    convolution.builtinOptions = copy.deepcopy(convolution.builtinOptions)
    convolution.builtinOptions.padding, convolution.builtinOptions.strideW = editor.schema.Padding.VALID, 1
    place = graph.operators.index(convolution)
    graph.operators = [*graph.operators[:place], first, second, third, *graph.operators[place:]]


def _can_take_blocks(operator: Any, editor: GraphEditor) -> bool:
    """Whether an operator is a convolution of few channels whose stride divides the input."""
    schema, options = editor.schema, operator.builtinOptions
    if builtin_of(operator, editor.model) != schema.BuiltinOperator.CONV_2D:
        return False
    _, height, width, channels = editor.graph.tensors[editor.graph.inputs[0]].shape
    stride = options.strideW
    plain = (options.dilationWFactor, options.dilationHFactor, options.padding) == (1, 1, schema.Padding.SAME)
    divides = 1 < stride == options.strideH and width % stride == 0 and height % stride == 0
    kernel = editor.values_of(operator.inputs[1], np.int8)
    return bool(plain and divides and channels < LANES and kernel is not None and min(kernel.shape[1:3]) >= stride)


def _kernel_of(convolution: Any, editor: GraphEditor) -> AnyArray:
    """Weights (outputs, height, width, channels) of a convolution that `_can_take_blocks`."""
    kernel = editor.values_of(convolution.inputs[1], np.int8)
    assert kernel is not None
    return kernel


def _padding(kernel: int, stride: int) -> tuple[int, int]:
    """Pixels of padding before and after, as TFLite's `SAME` has them, where the stride divides the input."""
    whole = kernel - stride
    return whole // 2, whole - whole // 2


def _over_blocks(kernel: AnyArray, blocks: int, stride: int) -> AnyArray:
    """Weights (outputs, height, blocks, stride × channels) that do the same over blocks; what is added is zero."""
    outputs, height, width, channels = kernel.shape
    wide = np.zeros((outputs, height, blocks * stride, channels), kernel.dtype)
    wide[:, :, :width] = kernel
    return wide.reshape(outputs, height, blocks, stride * channels)


def _reshape(editor: GraphEditor, source: int, shape: list[int], suffix: str) -> Any:
    """A RESHAPE to a new tensor that leaves the height open."""
    schema, open_shape = editor.schema, [shape[0], -1, *shape[2:]]
    output = editor.add_activation(source, shape, suffix, open_axis=1)
    wanted = editor.int32_constant(open_shape, f"blocks{suffix}/shape")
    made = editor.operator(schema.BuiltinOperator.RESHAPE, 1, [source, wanted], output)
    made.builtinOptionsType, made.builtinOptions = schema.BuiltinOptions.ReshapeOptions, schema.ReshapeOptionsT()
    made.builtinOptions.newShape = np.array(open_shape, np.int32)
    return made


def _pad(editor: GraphEditor, source: int, shape: list[int], pads: list[list[int]]) -> Any:
    """A PAD to a new tensor, with its zero point."""
    schema = editor.schema
    output = editor.add_activation(source, shape, "/padded", open_axis=1)
    made = editor.operator(
        schema.BuiltinOperator.PAD, PAD_VERSION, [source, editor.int32_constant(pads, "blocks/padding")], output
    )
    made.builtinOptionsType, made.builtinOptions = schema.BuiltinOptions.PadOptions, schema.PadOptionsT()
    return made

"""What an ONNX network asks of a machine: parameters and multiply-adds of one inference.

Shapes aren't guessed from the graph, which may leave some open: every tensor that an operator of interest reads or
writes is made an output of the graph, and one inference on noise gives their shapes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from lpr_edge.contract.base.arrays import AnyArray

Shapes = Mapping[str, tuple[int, ...]]
"""Of tensors, by name."""


@dataclass(frozen=True)
class OnnxCost:
    """Counts of one inference of one picture."""

    parameters: int
    """Numbers that the file holds in floating point."""
    multiply_adds: int
    """Of convolutions, matrix products and Einstein sums, attention's included; the rest is negligible."""


def onnx_cost(path: Path) -> OnnxCost:
    """Count a file's parameters and multiply-adds.

    Args:
        path: `.onnx` with one input; a size that it leaves open (the batch) is taken as 1.

    Raises:
        ValueError: it has an Einstein sum of more than two tensors, or more than one input.
    """
    model = import_module("onnx").load(str(path))
    constants = _constants(model.graph)
    counted = [node for node in model.graph.node if node.op_type in _COUNTS]
    shapes = {name: value.shape for name, value in constants.items()} | _shapes_seen(model, counted)
    return OnnxCost(
        sum(value.size for value in constants.values() if np.issubdtype(value.dtype, np.floating)),
        sum(_COUNTS[node.op_type](node, shapes) for node in counted),
    )


def _constants(graph: Any) -> dict[str, AnyArray]:
    """All numbers in the file: weights, and constants that stand as operators."""
    to_array = import_module("onnx.numpy_helper").to_array
    found = {tensor.name: to_array(tensor) for tensor in graph.initializer}
    attributes = [(node.output[0], one) for node in graph.node if node.op_type == "Constant" for one in node.attribute]
    return found | {name: to_array(attribute.t) for name, attribute in attributes if attribute.HasField("t")}


def _shapes_seen(model: Any, counted: Sequence[Any]) -> dict[str, tuple[int, ...]]:
    """Run the network once with every tensor of the counted operators as an output."""
    helper, runtime = import_module("onnx.helper"), import_module("onnxruntime")
    name, picture = noise_for(model.graph)
    made = {name for node in model.graph.node for name in node.output}
    there = {output.name for output in model.graph.output}
    wanted = sorted({tensor for node in counted for tensor in (*node.input, *node.output)} & made - there)
    model.graph.output.extend(helper.make_empty_tensor_value_info(tensor) for tensor in wanted)
    options = runtime.SessionOptions()
    # Optimized, the graph would no longer have all of these tensors' operators.
    options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = runtime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    seen = zip(names, session.run(names, {name: picture}), strict=True)
    return {tensor: value.shape for tensor, value in seen} | {name: picture.shape}


def noise_for(graph: Any) -> tuple[str, AnyArray]:
    """The name of a network's only input, and something to run it on; a size that is left open is taken as 1.

    Raises:
        ValueError: it has more inputs than one.
    """
    weights = {tensor.name for tensor in graph.initializer}
    inputs = [one for one in graph.input if one.name not in weights]
    if len(inputs) != 1:
        raise ValueError(f"expected a network of one input, found {[one.name for one in inputs]}")
    tensor = inputs[0].type.tensor_type
    shape = [size.dim_value or 1 for size in tensor.shape.dim]
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    takes_bytes = tensor.elem_type == import_module("onnx").TensorProto.UINT8
    return inputs[0].name, pixels if takes_bytes else np.asarray(pixels / 255, np.float32)


def _convolution(node: Any, shapes: Shapes) -> int:
    """Each output is a sum over the kernel and the inputs of its group; weights are (out, in a group, h, w)."""
    return prod(shapes[node.output[0]]) * prod(shapes[node.input[1]][1:])


def _transposed(node: Any, shapes: Shapes) -> int:
    """Each input goes into the kernel's places of each output of its group; weights are (in, out a group, h, w)."""
    return prod(shapes[node.input[0]]) * prod(shapes[node.input[1]][1:])


def _product(node: Any, shapes: Shapes) -> int:
    """Matrices, stacks of them broadcast: each output is a sum over the left one's last axis."""
    return prod(shapes[node.output[0]]) * shapes[node.input[0]][-1]


def _dense(node: Any, shapes: Shapes) -> int:
    """`Gemm`, whose left matrix may be given transposed."""
    turned = any(attribute.name == "transA" and attribute.i for attribute in node.attribute)
    return prod(shapes[node.output[0]]) * shapes[node.input[0]][0 if turned else 1]


def _einstein(node: Any, shapes: Shapes) -> int:
    """Of two tensors: one multiply-add for each choice of all indices."""
    equation = next(attribute.s.decode() for attribute in node.attribute if attribute.name == "equation")
    terms = equation.replace(" ", "").split("->")[0].split(",")
    if len(terms) != 2 or "." in equation:
        raise ValueError(f"can't count the Einstein sum {equation!r}: only those of two tensors with named axes")
    sizes = {
        axis: size
        for term, name in zip(terms, node.input, strict=True)
        for axis, size in zip(term, shapes[name], strict=True)
    }
    return prod(sizes.values())


_COUNTS = {
    "Conv": _convolution,
    "ConvTranspose": _transposed,
    "MatMul": _product,
    "Gemm": _dense,
    "Einsum": _einstein,
}

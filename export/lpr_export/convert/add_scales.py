"""Scales of an int8 file's additions at which every runtime rounds their sums alike.

An addition takes integers at two scales and gives one at a third: (a·s + b·r) / t, rounded. XNNPACK computes that in
fixed point, ONNX Runtime in float: a sum next to a half went the other way in one of 10,000, and then up to 2 % of the
last layers' integers differed. With s/t and r/t whole multiples of 1/255 so is every sum, and as 255 is odd, none comes
nearer to a half than 1/510. XNNPACK's multipliers have 21 bits: they err by less than half of that for ratios up to 8.
The terms' ranges are widened for it, by less than a 255th of the sum's.
"""

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np

from lpr_export.base.operator_versions import builtin_of
from lpr_export.base.tensorflow_quiet import load_module

PARTS = 255
SAME_SCALE = ("TILE", "RESIZE_NEAREST_NEIGHBOR", "RESHAPE", "TRANSPOSE", "MAX_POOL_2D", "SQUEEZE", "EXPAND_DIMS")
"""Operators that hand integers on as they are, so that what they take and give has one scale (TFLite's int8 rules)."""


def has_range(tensor: Any) -> bool:
    """Whether a tensor has a range: constants have none."""
    return tensor.quantization is not None and tensor.quantization.min is not None


def with_aligned_add_scales(model: Any) -> Any:
    """A copy of a calibrated float file (a `ModelT`) whose additions take ranges that are even parts of the sum's.

    An addition stays as it was where an input's range is bound already: the picture's own, a constant's, or one that a
    later addition has set.
    """
    even = copy.deepcopy(model)
    graph = even.subgraphs[0]
    groups = _groups(even)
    bound = {id(groups[index]) for index in graph.inputs}
    # From the last to the first: a sum that a later addition takes has its range by then.
    for operator in reversed(list(_named(even, "ADD"))):
        total, terms = graph.tensors[operator.outputs[0]], [groups[index] for index in operator.inputs]
        watched = all(has_range(graph.tensors[index]) for index in (*operator.inputs, *operator.outputs))
        if watched and not bound & {id(group) for group in terms}:
            for group in {id(group): group for group in terms}.values():
                _widen([graph.tensors[index] for index in group], _extent(total) / PARTS)
            bound.update(id(groups[index]) for index in (*operator.inputs, *operator.outputs))
    return even


def _named(model: Any, *names: str) -> Iterator[Any]:
    """A file's operators of some kinds, in its order."""
    kinds = vars(load_module("ai_edge_litert.schema_py_generated", "LiteRT").BuiltinOperator)
    codes = {kinds[name] for name in names}
    return (operator for operator in model.subgraphs[0].operators if builtin_of(operator, model) in codes)


def _groups(model: Any) -> list[set[int]]:
    """Of each tensor, those that must have its scale, itself among them."""
    groups = [{index} for index in range(len(model.subgraphs[0].tensors))]
    for operator in _named(model, *SAME_SCALE):
        joined = groups[operator.inputs[0]] | groups[operator.outputs[0]]
        for index in joined:
            groups[index] = joined
    return groups


def _extent(tensor: Any) -> float:
    """What 255 steps span: the range with zero in it."""
    return max(float(tensor.quantization.max[0]), 0.0) - min(float(tensor.quantization.min[0]), 0.0)


def _widen(tensors: list[Any], part: float) -> None:
    """Stretch ranges about zero to the next whole number of parts, in place."""
    widest = max(_extent(tensor) for tensor in tensors)
    if part <= 0 or widest <= 0:
        return
    wanted = np.ceil(widest / part - 1e-6) * part  # float32's own error isn't one more part
    for tensor in tensors:
        factor = wanted / _extent(tensor)
        tensor.quantization.min = np.asarray(tensor.quantization.min * factor, np.float32)
        tensor.quantization.max = np.asarray(tensor.quantization.max * factor, np.float32)

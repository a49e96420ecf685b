"""Choose an int8 file's ADD scales so that every runtime rounds the sums to the same integer.

An addition takes integers at two scales and gives one at a third: (a·s + b·r) / t, rounded. XNNPACK computes that in
fixed point, ONNX Runtime in float, so a sum close to a half may be rounded differently, and later layers amplify the
difference. If s/t and r/t are whole multiples of 1/255, so is every sum, and as 255 is odd, none comes nearer to a half
than 1/510. XNNPACK's multipliers have 21 bits: their error is less than half of that for ratios up to 8. The terms'
ranges are widened for it, by less than a 255th of the sum's range.
"""

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np

from lpr_export.base.operator_versions import builtin_of
from lpr_export.base.tensorflow_quiet import load_module

PARTS = 255
SAME_SCALE = ("TILE", "RESIZE_NEAREST_NEIGHBOR", "RESHAPE", "TRANSPOSE", "MAX_POOL_2D", "SQUEEZE", "EXPAND_DIMS")
"""Operators that keep integers as they are, so input and output share one scale (TFLite's int8 rules)."""


def has_range(tensor: Any) -> bool:
    """Whether a tensor has an activation range; constants have none."""
    return tensor.quantization is not None and tensor.quantization.min is not None


def with_aligned_add_scales(model: Any) -> Any:
    """Copy a calibrated float `ModelT`; widen the inputs' ranges of each ADD to whole parts of the sum's range.

    An ADD keeps its ranges where one is fixed already: the network's input, a constant, or set for a later ADD.
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
    """Operators of the given kinds, in the file's order."""
    kinds = vars(load_module("ai_edge_litert.schema_py_generated", "LiteRT").BuiltinOperator)
    codes = {kinds[name] for name in names}
    return (operator for operator in model.subgraphs[0].operators if builtin_of(operator, model) in codes)


def _groups(model: Any) -> list[set[int]]:
    """For each tensor, the set of tensors that share its scale, including itself."""
    groups = [{index} for index in range(len(model.subgraphs[0].tensors))]
    for operator in _named(model, *SAME_SCALE):
        joined = groups[operator.inputs[0]] | groups[operator.outputs[0]]
        for index in joined:
            groups[index] = joined
    return groups


def _extent(tensor: Any) -> float:
    """Width of a range after extending it to include zero: what 255 steps span."""
    return max(float(tensor.quantization.max[0]), 0.0) - min(float(tensor.quantization.min[0]), 0.0)


def _widen(tensors: list[Any], part: float) -> None:
    """Scale ranges about zero, in place, so that the widest is a whole number of parts."""
    widest = max(_extent(tensor) for tensor in tensors)
    if part <= 0 or widest <= 0:
        return
    wanted = np.ceil(widest / part - 1e-6) * part  # float32's own error isn't one more part
    for tensor in tensors:
        factor = wanted / _extent(tensor)
        tensor.quantization.min = np.asarray(tensor.quantization.min * factor, np.float32)
        tensor.quantization.max = np.asarray(tensor.quantization.max * factor, np.float32)

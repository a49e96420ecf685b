"""Cost of a network: multiply-adds, bytes moved, parameters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lpr_edge.runtimes.engine import import_runtime
from lpr_edge.runtimes.tflite import quiet_stderr

Details = Mapping[str, Any]
"""The interpreter's details of a tensor or an operator."""


@dataclass(frozen=True)
class NetworkCost:
    """Cost of one inference."""

    multiply_adds: int
    """Multiply-adds of convolutions and dense layers; other operators have few."""
    bytes_moved: int
    """Inputs, weights and outputs of each operator, once each, as without any cache."""
    weight_bytes: int
    parameters: int
    """Number of constants in the file: weights, biases, and a few shapes."""
    operators: dict[str, int]
    """Operator -> count."""

    @property
    def multiply_adds_a_byte(self) -> float:
        """Arithmetic intensity; if it is low, memory limits the speed (roofline model, Williams et al. 2009)."""
        return self.multiply_adds / self.bytes_moved


def network_cost(path: Path) -> NetworkCost:
    """Compute the cost of a `.tflite` file.

    Raises:
        ModelError: LiteRT is not installed.
    """
    tensors, operators = _graph(path)
    weights = {int(t["index"]) for t in tensors.values()} - _computed(operators, tensors)
    return NetworkCost(
        sum(multiply_adds(operator, tensors) for operator in operators),
        sum(_bytes(tensors, [*operator["inputs"], *operator["outputs"]]) for operator in operators),
        _bytes(tensors, sorted(weights)),
        sum(_size(_shape(tensors, index)) for index in weights),
        {name: sum(o["op_name"] == name for o in operators) for name in sorted({o["op_name"] for o in operators})},
    )


def _graph(path: Path) -> tuple[dict[int, Details], list[Details]]:
    """Tensors by index, and operators; without delegates, which hide the operators that they replace."""
    module = import_runtime("ai_edge_litert.interpreter", "ai-edge-litert")
    with quiet_stderr():
        plain = module.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        interpreter = module.Interpreter(model_path=str(path), experimental_op_resolver_type=plain)
        # Reading the graph has no public name; LiteRT's own analyzer prints it, but for people.
        operators = interpreter._get_ops_details()
        tensors = {int(tensor["index"]): tensor for tensor in interpreter.get_tensor_details()}
    return tensors, operators


def _computed(operators: Sequence[Details], tensors: Mapping[int, Details]) -> set[int]:
    """Indices of operators' outputs and of the network's inputs."""
    made = {int(index) for operator in operators for index in operator["outputs"]}
    fed = {int(index) for index in operators[0]["inputs"][:1]} if operators else set()
    return made | (fed & tensors.keys())


def multiply_adds(operator: Details, tensors: Mapping[int, Details]) -> int:
    """Multiply-adds of one operator; weights have TFLite's layouts."""
    name = operator["op_name"]
    if name not in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV"):
        return 0
    weights = _shape(tensors, operator["inputs"][1])
    output = _shape(tensors, operator["outputs"][0])
    if name == "TRANSPOSE_CONV":  # (out, h, w, in) over every input pixel
        return _size(_shape(tensors, operator["inputs"][2])[:3]) * _size(weights)
    if name == "CONV_2D":  # (out, h, w, in)
        return _size(output) * _size(weights[1:])
    if name == "DEPTHWISE_CONV_2D":  # (1, h, w, out)
        return _size(output) * _size(weights[1:3])
    return _size(output) * weights[-1]  # (out, in)


def _shape(tensors: Mapping[int, Details], index: int) -> list[int]:
    return [int(size) for size in tensors[int(index)]["shape"]]


def _size(shape: Sequence[int]) -> int:
    return int(np.prod(shape, dtype=np.int64))


def _bytes(tensors: Mapping[int, Details], indices: Sequence[int]) -> int:
    found = [tensors[int(index)] for index in indices if int(index) in tensors]
    return sum(_size([int(s) for s in t["shape"]]) * np.dtype(t["dtype"]).itemsize for t in found)

"""Edit the graph of a TFLite file: read and write it, add operators and constants."""

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np

from lpr_edge.contract.base.arrays import AnyArray
from lpr_export.base.tensorflow_quiet import load_module


class GraphEditor:
    """The first graph of a TFLite file as a `ModelT`, with what edits of it share."""

    def __init__(self, tflite: bytes) -> None:
        self._tools = load_module("tensorflow.lite.tools.flatbuffer_utils", "TensorFlow")
        self.schema = load_module("ai_edge_litert.schema_py_generated", "LiteRT")
        self.model: Any = self._tools.convert_bytearray_to_object(tflite)
        self.graph: Any = self.model.subgraphs[0]

    def to_bytes(self) -> bytes:
        """The edited file."""
        return bytes(self._tools.convert_object_to_bytearray(self.model))

    def values_of(self, tensor: int, dtype: type[np.generic]) -> AnyArray | None:
        """A constant tensor's values in its shape and type, (...) `dtype`, writable; None where it isn't constant."""
        data = self.model.buffers[self.graph.tensors[tensor].buffer].data
        if data is None or not len(data):
            return None
        return np.frombuffer(bytes(data), dtype).reshape(self.graph.tensors[tensor].shape).copy()

    def code_of(self, kind: int, version: int) -> int:
        """Index of an operator's kind in the model's list, to which it is added where it lacks.

        Args:
            kind: of `schema.BuiltinOperator`.
            version: the least that is needed.
        """
        for place, code in enumerate(self.model.operatorCodes):
            if max(code.builtinCode, code.deprecatedBuiltinCode) == kind:
                code.version = max(code.version, version)
                return place
        added = self.schema.OperatorCodeT()
        added.builtinCode = added.deprecatedBuiltinCode = kind
        added.version = version
        self.model.operatorCodes.append(added)
        return len(self.model.operatorCodes) - 1

    def add_constant(self, values: AnyArray, like: int, suffix: str) -> int:
        """Add a constant tensor; returns its index.

        Args:
            values: (...) of any shape, in the type of the file.
            like: a tensor of that type, whose quantisation it shares.
            suffix: of that tensor's name, which makes its own.
        """
        buffer = self.schema.BufferT()
        buffer.data = np.frombuffer(values.tobytes(), np.uint8)
        self.model.buffers.append(buffer)
        index = self.add_activation(like, values.shape, suffix)
        self.graph.tensors[index].buffer = len(self.model.buffers) - 1
        return index

    def add_activation(self, like: int, shape: Sequence[int], suffix: str, open_axis: int | None = None) -> int:
        """Add a tensor of another shape than `like`, of its type and quantisation; returns its index.

        Args:
            like: the other tensor.
            shape: of the new one.
            suffix: of the other one's name.
            open_axis: axis whose length follows from the input's height.
        """
        tensor = copy.deepcopy(self.graph.tensors[like])
        tensor.shape = np.array(shape, np.int32)
        tensor.shapeSignature = None
        if open_axis is not None:
            tensor.shapeSignature = tensor.shape.copy()
            tensor.shapeSignature[open_axis] = -1
        tensor.buffer, tensor.name = 0, tensor.name + suffix.encode()
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1

    def int32_constant(self, values: Sequence[Any] | AnyArray, name: str) -> int:
        """Add an int32 constant, such as a shape; returns its index."""
        array, tensor, buffer = np.array(values, np.int32), self.schema.TensorT(), self.schema.BufferT()
        buffer.data = np.frombuffer(array.tobytes(), np.uint8)
        self.model.buffers.append(buffer)
        tensor.shape, tensor.type = np.array(array.shape, np.int32), self.schema.TensorType.INT32
        tensor.buffer, tensor.name = len(self.model.buffers) - 1, name.encode()
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1

    def operator(self, kind: int, version: int, inputs: Sequence[int], output: int) -> Any:
        """Create an operator without options; the caller puts it into the graph.

        Args:
            kind: a built-in operator's number in the schema.
            version: of that operator.
            inputs: indices of tensors.
            output: index of a tensor.
        """
        made = self.schema.OperatorT()
        made.opcodeIndex = self.code_of(kind, version)
        made.inputs, made.outputs = np.array(inputs, np.int32), np.array([output], np.int32)
        return made

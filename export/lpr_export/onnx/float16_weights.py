"""Keep a float16 network's weights in 16 bits in ONNX, where tf2onnx writes them out in 32."""

import numpy as np

from lpr_export.base.tensorflow_quiet import load_module
from lpr_export.onnx.uint8_activations import OnnxModel


def use_halves(model: OnnxModel) -> None:
    """Store every constant that 16 bits hold without loss in 16 bits, and cast it back where it is used.

    A runtime casts once, when it loads the file, and computes in 32 bits as LiteRT does. What isn't exact in 16 bits
    never was of the float16 file's weights, and stays.
    """
    onnx = load_module("onnx", "ONNX")
    tools = load_module("onnx.numpy_helper", "ONNX")
    casts = []
    for number, constant in enumerate(model.graph.initializer):
        if constant.data_type != onnx.TensorProto.FLOAT:
            continue
        values = tools.to_array(constant)
        halves = values.astype(np.float16)
        if values.ndim and np.array_equal(halves.astype(np.float32), values):
            name = constant.name
            casts.append(onnx.helper.make_node("Cast", [f"{name}_half"], [name], to=onnx.TensorProto.FLOAT))
            model.graph.initializer[number].CopyFrom(tools.from_array(halves, f"{name}_half"))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)

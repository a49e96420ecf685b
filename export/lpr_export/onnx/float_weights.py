"""Float weights of an ONNX network: in 16 bits where TFLite has them so, and kept from being quantised."""

import numpy as np

from lpr_export.base.tensorflow_quiet import load_module
from lpr_export.onnx.uint8_activations import OnnxModel


def store_float16_weights(model: OnnxModel) -> None:
    """Store every constant that 16 bits represent exactly in 16 bits, with a cast to float32 where it is used.

    A runtime casts once, when it loads the file, and computes in 32 bits as LiteRT does. Other constants aren't weights
    of the float16 file and stay.
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


WEIGHTED = ("Conv", "Gemm", "MatMul", "ConvTranspose")
LOWEST = "lowest_float"


def protect_float_weights(model: OnnxModel) -> None:
    """Insert an operator without effect, Max with the lowest float, after each float layer of an int8 network.

    Where a convolution stands between a dequantiser and a quantiser, ONNX Runtime (seen with 1.31) quantises
    its float weights, so that its integers differ from LiteRT's.
    """
    onnx, tools = load_module("onnx", "ONNX"), load_module("onnx.numpy_helper", "ONNX")
    if not any(node.op_type == "QuantizeLinear" for node in model.graph.node):
        return
    constants = {constant.name for constant in model.graph.initializer}
    plain = [node for node in model.graph.node if node.op_type in WEIGHTED and node.input[1] in constants]
    for layer in plain:
        output = layer.output[0]
        for node in model.graph.node:
            node.input[:] = [f"{output}__float" if name == output else name for name in node.input]
        model.graph.node.append(onnx.helper.make_node("Max", [output, LOWEST], [f"{output}__float"]))
    if plain:
        model.graph.initializer.append(tools.from_array(np.float32(np.finfo(np.float32).min), LOWEST))

"""Keep in float what was to stay in float: ONNX Runtime would quantise its weights by itself.

Where a convolution stands between a dequantiser and a quantiser, ONNX Runtime (seen with 1.31) takes its float weights
for forgotten and quantises them: 11 % of that layer's integers were a step or two off LiteRT's, and outputs up to 18.
"""

import numpy as np

from lpr_export.base.tensorflow_quiet import load_module
from lpr_export.onnx.uint8_activations import OnnxModel

WEIGHTED = ("Conv", "Gemm", "MatMul", "ConvTranspose")
LOWEST = "lowest_float"


def keep_floats(model: OnnxModel) -> None:
    """Put an operator that changes nothing after each float layer of an int8 network: no number is below the lowest."""
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

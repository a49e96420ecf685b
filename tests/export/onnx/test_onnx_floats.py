"""Layers that stay in float in an int8 ONNX network."""

from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from lpr_export.onnx.float_weights import protect_float_weights

RNG = np.random.default_rng(5)
CONSTANTS: dict[str, Any] = {
    "scale": np.float32(1 / 255),
    "zero": np.uint8(0),
    "weights": RNG.normal(0, 0.2, (8, 3, 3, 3)).astype(np.float32),
    "bias": RNG.normal(0, 0.2, 8).astype(np.float32),
    "low": np.float32(0),
    "high": np.float32(6),
    "out_scale": np.float32(6 / 255),
}
PICTURE = RNG.integers(0, 256, (1, 3, 16, 16), dtype=np.uint8)


def float_layer() -> Any:
    """Bytes, a float convolution with ReLU6, bytes."""
    nodes = [
        helper.make_node("DequantizeLinear", ["image", "scale", "zero"], ["a"]),
        helper.make_node("Conv", ["a", "weights", "bias"], ["b"], pads=[1, 1, 1, 1]),
        helper.make_node("Clip", ["b", "low", "high"], ["c"]),
        helper.make_node("QuantizeLinear", ["c", "out_scale", "zero"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "one float layer",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, PICTURE.shape)],
        [helper.make_tensor_value_info("y", TensorProto.UINT8, (1, 8, 16, 16))],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in CONSTANTS.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7)


def run(model: Any, level: Any) -> Any:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = level
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(None, {"image": PICTURE})[0].astype(int)


def test_float_layer_stays_float() -> None:
    """ONNX Runtime's optimisation gives what the format says, but for a rounding here and there."""
    levels = onnxruntime.GraphOptimizationLevel
    model = float_layer()
    expected = run(model, levels.ORT_DISABLE_ALL)
    protect_float_weights(model)
    in_order = [onnx.NodeProto.FromString(model.graph.node[n].SerializeToString()) for n in (0, 1, 4, 2, 3)]
    del model.graph.node[:]
    model.graph.node.extend(in_order)
    onnx.checker.check_model(model, full_check=True)
    assert (run(model, levels.ORT_ENABLE_ALL) != expected).mean() < 0.001


def test_float_networks_are_left_alone() -> None:
    """A network without quantisers has nothing to keep."""
    model = float_layer()
    del model.graph.node[3], model.graph.node[0]
    before = model.SerializeToString()
    protect_float_weights(model)
    assert model.SerializeToString() == before

"""Activations as bytes in ONNX: the same numbers, 128 higher."""

from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from lpr_export.onnx.uint8_activations import use_uint8_activations

RNG = np.random.default_rng(1)
CONSTANTS: dict[str, Any] = {
    "byte_scale": np.float32(1 / 255),
    "byte_zero": np.uint8(0),
    "image_zero": np.int8(-128),
    "weights": RNG.integers(-127, 128, (6, 3, 3, 3), dtype=np.int8),
    "weight_scales": RNG.uniform(0.002, 0.01, 6).astype(np.float32),
    "weight_zeros": np.zeros(6, np.int8),
    "scale": np.float32(0.03),
    "zero": np.int8(-7),
}


@pytest.fixture
def convolution() -> Any:
    """As tf2onnx writes it: bytes to int8, transposed, one convolution, int8 out."""
    nodes = [
        helper.make_node("DequantizeLinear", ["image", "byte_scale", "byte_zero"], ["a"]),
        helper.make_node("QuantizeLinear", ["a", "byte_scale", "image_zero"], ["b"]),
        helper.make_node("Transpose", ["b"], ["c"], perm=[0, 3, 1, 2]),
        helper.make_node("DequantizeLinear", ["c", "byte_scale", "image_zero"], ["d"]),
        helper.make_node("DequantizeLinear", ["weights", "weight_scales", "weight_zeros"], ["e"], axis=0),
        helper.make_node("Conv", ["d", "e"], ["f"], pads=[1, 1, 1, 1]),
        helper.make_node("QuantizeLinear", ["f", "scale", "zero"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "one convolution",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, (1, 8, 8, 3))],
        [helper.make_tensor_value_info("y", TensorProto.INT8, (1, 6, 8, 8))],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in CONSTANTS.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7)


def run(model: Any, picture: Any) -> Any:
    options = onnxruntime.SessionOptions()
    # Without fusion every node computes what the format says, on any processor.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(None, {"image": picture})[0]


def test_numbers_stay(convolution: Any) -> None:
    """Every output is the int8 one plus 128, and the model is still valid."""
    picture = RNG.integers(0, 256, (1, 8, 8, 3), dtype=np.uint8)
    before = run(convolution, picture)
    use_uint8_activations(convolution)
    onnx.checker.check_model(convolution, full_check=True)
    after = run(convolution, picture)
    assert after.dtype == np.uint8
    np.testing.assert_array_equal(after.astype(int), before.astype(int) + 128)


def test_each_weight_has_its_own_zero_point(convolution: Any) -> None:
    """Two weights that share a zero point can't both be made unsigned by ONNX Runtime."""
    nodes = convolution.graph.node
    nodes.append(helper.make_node("DequantizeLinear", ["weights", "weight_scales", "weight_zeros"], ["g"], axis=0))
    nodes.append(helper.make_node("Conv", ["d", "g"], ["h"]))
    use_uint8_activations(convolution)
    own = [node.input[2] for node in nodes if node.op_type == "DequantizeLinear" and node.input[0] == "weights"]
    assert own == ["e_zero_point", "g_zero_point"]
    assert {"e_zero_point", "g_zero_point"} <= {constant.name for constant in convolution.graph.initializer}


def test_weights_stay_signed_and_input_is_taken_as_it_is(convolution: Any) -> None:
    """Weights keep their sign, and nothing requantises the picture any more."""
    use_uint8_activations(convolution)
    assert [node.op_type for node in convolution.graph.node] == [
        "Transpose", "DequantizeLinear", "DequantizeLinear", "Conv", "QuantizeLinear",
    ]  # fmt: skip
    types = {constant.name: constant.data_type for constant in convolution.graph.initializer}
    assert types["weights"] == types["e_zero_point"] == TensorProto.INT8
    assert "image_zero" not in types

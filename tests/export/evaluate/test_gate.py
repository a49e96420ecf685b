"""The gate on real files, good ones and ones with a planted fault; nothing is converted here."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.golden_subjects import compared, draw, pair
from tests.support.rewriting import rewrite

from lpr_edge.contract.manifest import Manifest, TensorSpec, embed_in_onnx, read_manifest
from lpr_edge.contract.preprocess import InputSpec
from lpr_export.base.errors import ExportError
from lpr_export.base.layer_names import find_tensors, layer_of
from lpr_export.base.operator_versions import (
    Operator,
    check_builtins,
    check_integers,
    onnx_support,
    read_operators,
    tflite_support,
)
from lpr_export.calibration.split_half import (
    MAX_RANGE_DIFFERENCE,
    SplitHalfStability,
    differ_significantly,
    range_difference,
)
from lpr_export.convert.float_tflite import describe_conversion_error
from lpr_export.evaluate.gate import exceeds_rounding
from lpr_export.evaluate.held_out import HeldOut, held_out_of_samples
from lpr_export.evaluate.mcnemar import loss_p_value, min_significant_losses
from lpr_export.evaluate.parity import LsbDifference
from lpr_export.evaluate.threshold_drift import ThresholdLevel, threshold_drift

CARD = Manifest("classifier", "a", (), InputSpec((8, 8), 3, "rgb", "stretch"), (), "int8", TensorSpec("uint8"), {}, {})


def held_out(name: str, count: int = 12) -> HeldOut:
    return held_out_of_samples(draw(name, count), read_manifest(pair(name)[0][0]))


@pytest.mark.parametrize("name", ["characters", "reader"])
def test_good_pair_passes(name: str) -> None:
    """The golden TFLite and ONNX files answer the same, in the same integers."""
    _, verdict = compared(pair(name), held_out(name), {"characters": "classifier"}.get(name, name))
    assert verdict.faults == ()
    assert [lsb_differences.largest for lsb_differences in verdict.lsb_differences] == [0]
    claims = [verdict.runtimes(f"{name}.int8.{suffix}") for suffix in ("tflite", "onnx")]
    assert claims == [("litert",), ("onnxruntime",)]  # each file its own alone


def test_swapped_labels_are_a_fault(tmp_path: Path) -> None:
    """A twin whose labels are swapped answers otherwise, and the message says what."""
    tflite, (onnx, _) = pair("characters")
    labels = read_manifest(onnx).labels
    swapped = rewrite(onnx, tmp_path / "swapped.int8.onnx", labels=labels[::-1])
    _, verdict = compared([tflite, (swapped, "onnxruntime")], held_out("characters"), "classifier")
    assert any("answers 12 of 12 pictures otherwise" in fault for fault in verdict.faults)


def test_max_drop_is_what_stops_a_loss(tmp_path: Path) -> None:
    """A loss beyond chance is a fault where it is more than a person allows, and none where it is less."""
    (tflite, runtime), _ = pair("characters")
    swapped = rewrite(tflite, tmp_path / "swapped.int8.tflite", labels=read_manifest(tflite).labels[::-1])
    for max_drop, lost in ((0.5, 1), (100.0, 0)):
        _, verdict = compared([(tflite, runtime), (swapped, runtime)], held_out("characters"), "classifier", max_drop)
        assert sum("loses 100.00 points of accuracy" in fault for fault in verdict.faults) == lost


def test_refused_conversion_names_the_layer() -> None:
    """Of the converter's complaint, the operator and the Keras layer are told, and what to build instead."""
    complaint = (
        'Could not translate MLIR to FlatBuffer.<unknown>:0: error: loc(callsite(fused["Erfinv:", "net_1/erfinv_1/Erf'
        'inv@__inference_<lambda>_180"] at fused["X:", "X"])): \'tf.Erfinv\' op is neither a custom op nor a flex op\n'
    )
    said = describe_conversion_error(complaint, "int8")
    assert said.startswith("TFLite has no built-in operator for Erfinv of the layer erfinv, so the network can't be")
    assert "(out of ideas)" in describe_conversion_error("\nout of ideas\n", "int8")


def test_corrupted_scale_is_a_fault(tmp_path: Path) -> None:
    """A scale inside the twin that is 30 % off gives other integers, far beyond rounding, whatever it answers."""
    onnx = pytest.importorskip("onnx")
    tflite, (source, _) = pair("reader")
    manifest = read_manifest(source)
    model = onnx.load(str(source))
    del model.metadata_props[:]
    quantisers = [node for node in model.graph.node if node.op_type == "QuantizeLinear"]
    scale = next(c for c in model.graph.initializer if c.name == quantisers[1].input[1])
    scale.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(scale) * np.float32(1.3), scale.name))
    target = tmp_path / "scaled.int8.onnx"
    target.write_bytes(embed_in_onnx(model.SerializeToString(), manifest))
    _, verdict = compared([tflite, (target, "onnxruntime")], held_out("reader"), "reader")
    assert any("% of its integers otherwise than" in fault for fault in verdict.faults)


def test_moved_threshold_is_a_fault(tmp_path: Path) -> None:
    """A file whose scores lie lower than the reference's by a wrong output scale has its threshold in another place."""
    (tflite, runtime), _ = pair("reader")
    manifest = read_manifest(tflite)
    outputs = tuple(replace(o, scale=o.scale / 4) if o.role == "centre" else o for o in manifest.outputs)
    low = rewrite(tflite, tmp_path / "low.int8.tflite", outputs=outputs)
    _, verdict = compared([(tflite, runtime), (low, runtime)], held_out("reader"), "reader")
    assert verdict.rows[1].drift is not None
    assert verdict.rows[1].drift.moved < -0.05
    assert verdict.rows[1].drift.is_fault


@pytest.mark.parametrize(
    ("largest", "share", "fault"),
    [(0, 0.0, False), (1, 0.3, False), (2, 1e-5, False), (8, 1e-3, False), (2, 0.01, True), (9, 1e-6, True)],
)
def test_integers_that_rounding_explains(largest: int, share: float, fault: bool) -> None:
    """One step anywhere, a few steps in hardly any integer; more, or in more of them, is no rounding."""
    nobody: Any = None
    assert exceeds_rounding(LsbDifference(nobody, nobody, 64, largest, share)) is fault


def test_loss_is_told_from_noise() -> None:
    """Five newly wrong pictures and none newly right are a loss; two of three aren't."""
    assert loss_p_value([0] * 40, [1] * 5 + [0] * 35) == pytest.approx(1 / 32)
    assert loss_p_value([1, 0, 0, 0], [0, 1, 1, 0]) == pytest.approx(0.5)
    assert loss_p_value([0, 1], [0, 1]) == 1.0
    assert min_significant_losses() == 5


@pytest.mark.parametrize(("a", "b", "found"), [(6, 0, True), (0, 6, True), (7, 1, False), (5, 0, False), (12, 3, True)])
def test_halves_that_differ(a: int, b: int, found: bool) -> None:
    """Either half may be the worse, so that six pictures against none tell them apart, and seven against one don't."""
    assert differ_significantly([1] * a + [0] * (b + 20), [0] * a + [1] * b + [0] * 20) is found


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=30))
def test_chances_add_up(pairs: list[tuple[int, int]]) -> None:
    """Better and worse seen from either side: together they cover everything, what is as it was counted twice."""
    before, now = [a for a, _ in pairs], [b for _, b in pairs]
    assert loss_p_value(before, now) + loss_p_value(now, before) >= 1.0


def test_threshold_shift() -> None:
    """As many pass: no shift. Fewer: the threshold would have to fall to the score that lets as many pass."""
    level = ThresholdLevel("peak", 0.5, 2, (0.9, 0.8, 0.4, 0.3))
    assert threshold_drift(2, level).moved == 0.0
    assert threshold_drift(4, level).moved == pytest.approx(0.3 - 0.5)
    assert threshold_drift(1, level).moved == pytest.approx(0.8 - 0.5)
    assert not threshold_drift(4, level).is_fault  # two peaks are too few to tell
    many = ThresholdLevel("peak", 0.5, 10, (0.9,) * 10 + (0.3,) * 10)
    assert threshold_drift(20, many).is_fault


def test_ranges_of_halves() -> None:
    """The difference is beside the range of both, and tells the layer."""
    a, b = {"m/conv_1/Relu;x": (0.0, 6.0), "m/dense_1/MatMul": (-1.0, 3.0)}, {"m/dense_1/MatMul": (-1.0, 2.0)}
    apart, layer = range_difference(a, b)
    assert (apart, layer) == (0.25, "dense")


def test_set_that_is_too_small() -> None:
    """Ranges twice as far apart as allowed ask for four times as many pictures, and the message says so."""
    found = SplitHalfStability(100, 2 * MAX_RANGE_DIFFERENCE, "conv2d", {"cer": 0.1}, ())
    assert found.missing == 300
    assert "the range of conv2d differs by 66 %, and 33 % is allowed. Add about 300 pictures" in found.fault
    assert SplitHalfStability(100, MAX_RANGE_DIFFERENCE, "conv2d", {"cer": 0.1}, ()).fault == ""
    assert (
        "one half loses 3.00 points of exact match"
        in SplitHalfStability(100, 0.0, "", {"exact_match": 3.0}, ("exact_match",)).fault
    )


def test_names_of_layers() -> None:
    """A fused tensor is called after its convolution or addition; one without a name keeps its own."""
    fused = "reader/re_lu_5_1/Relu6;reader/batch_normalization_5_1/batchnorm/add_1;reader/conv2d_5_1/convolution"
    assert layer_of(fused) == "conv2d_5"
    assert layer_of("reader/re_lu_6_1/Relu6;reader/add_7_1/Add") == "add_7"
    assert layer_of("StatefulPartitionedCall:0") == "StatefulPartitionedCall:0"
    assert layer_of("StatefulPartitionedCall:0", {"StatefulPartitionedCall:0": "classes"}) == "classes"
    assert layer_of("StatefulPartitionedCall:01", {"StatefulPartitionedCall:0": "classes"}) == "classes"
    assert find_tensors(["conv2d_5"], [fused, "a"], {}) == [fused]
    assert find_tensors(["size"], [fused, "a"], {"a": "size"}) == ["a"]
    with pytest.raises(ExportError, match="no layer 'conv2d_6' to keep in float: it has conv2d_5"):
        find_tensors(["conv2d_6"], [fused], {})


def test_golden_files_load_everywhere() -> None:
    """Every operator of a static int8 file is old enough for tflite-runtime 2.14, and computes in integers."""
    operators = read_operators(pair("reader")[0][0].read_bytes())
    check_builtins(operators, "reader")
    check_integers(operators, "reader", ())
    assert {one.runtime: one.knows_all for one in tflite_support(operators)} == {
        "tflite-runtime 2.14": True,
        "litert 2.3": True,
    }
    pytest.importorskip("onnx")
    assert onnx_support(pair("reader")[1][0].read_bytes())[0].runtime.startswith("onnxruntime 1.")


def test_operator_that_is_too_new() -> None:
    """A dense layer of version 12, which TensorFlow writes for dynamic range, is too new for tflite-runtime 2.14."""
    old, new = tflite_support([Operator("FULLY_CONNECTED", 12, "scores", True, True)])
    assert (old.knows_all, old.unknown) == (False, ("FULLY_CONNECTED v12 (scores)",))
    assert new.knows_all


def test_operator_of_tensorflow() -> None:
    """An operator outside the built-ins is named with its layer and with what to do."""
    with pytest.raises(ExportError, match=r"needs FlexErf, .* for its layer gelu_3. Build it from convolutions"):
        check_builtins([Operator("FlexErf", 1, "gelu_3", False, True)], "a.int8.tflite")


def test_float_in_a_file_called_int8() -> None:
    """A layer that computes in float is refused unless it was named."""
    operators = [Operator("CONV_2D", 3, "conv2d_1", True, True), Operator("QUANTIZE", 1, "conv2d_1", True, True)]
    with pytest.raises(ExportError, match="is called int8, and CONV_2D of its layer conv2d_1 computes in float"):
        check_integers(operators, "a.int8.tflite", ())
    check_integers(operators, "a.int8.tflite", ("conv2d_1",))

"""Additions whose sums no runtime rounds otherwise."""

from pathlib import Path
from typing import Any

import ai_edge_litert.schema_py_generated as schema
import numpy as np
import pytest
from tests.support.little_runs import write_run

from lpr_export.app.cli import main
from lpr_export.convert.add_scales import PARTS, with_aligned_add_scales

Step = tuple[str, list[int], int]
"""An operator's name, the tensors that it takes, and the one that it gives."""
Range = tuple[float, float]


def file_of(ranges: list[Range | None], steps: list[Step]) -> Any:
    """A calibrated file of tensors by range (constants have none), of which the first is the picture."""
    model, graph = schema.ModelT(), schema.SubGraphT()
    graph.tensors, graph.inputs, graph.operators = [tensor_of(one) for one in ranges], [0], []
    model.subgraphs, model.operatorCodes = [graph], []
    for place, (name, inputs, output) in enumerate(steps):
        code, operator = schema.OperatorCodeT(), schema.OperatorT()
        code.builtinCode = getattr(schema.BuiltinOperator, name)
        operator.opcodeIndex, operator.inputs, operator.outputs = place, inputs, [output]
        model.operatorCodes.append(code)
        graph.operators.append(operator)
    return model


def tensor_of(ends: Range | None) -> Any:
    tensor = schema.TensorT()
    tensor.quantization = schema.QuantizationParametersT()
    if ends is not None:
        tensor.quantization.min, tensor.quantization.max = (np.array([end], np.float32) for end in ends)
    return tensor


def ranges_of(model: Any) -> list[Range | None]:
    found = (tensor.quantization for tensor in model.subgraphs[0].tensors)
    return [None if q.min is None else (float(q.min[0]), float(q.max[0])) for q in found]


def extents(model: Any) -> list[float]:
    """What each tensor's 255 steps span."""
    return [max(high, 0.0) - min(low, 0.0) for low, high in filter(None, ranges_of(model))]


def parts(model: Any, term: int, total: int) -> float:
    """How many 255ths of the sum's range a term's is."""
    spans = extents(model)
    return spans[term] / spans[total] * PARTS


def test_terms_become_whole_parts_of_their_sum() -> None:
    """Ranges are widened about zero, each by less than a 255th of the sum's; the given file stays as it was."""
    before = file_of([(0, 1), (-1.03, 2.0), (0, 5.1), (0, 6.0)], [("ADD", [1, 2], 3)])
    after = with_aligned_add_scales(before)
    assert parts(before, 1, 3) == pytest.approx(128.775)
    assert parts(before, 2, 3) == pytest.approx(216.75)
    assert parts(after, 1, 3) == pytest.approx(129)
    assert parts(after, 2, 3) == pytest.approx(217)
    low, high = ranges_of(after)[1] or (0, 0)
    assert low / high == pytest.approx(-1.03 / 2.0)
    assert ranges_of(after)[3] == ranges_of(before)[3] == (0, 6)


def test_sums_of_sums() -> None:
    """A sum that a later addition takes has its own range by the time its terms are set."""
    after = with_aligned_add_scales(
        file_of([(0, 1), (0, 2), (0, 3), (0, 4.7), (0, 1.1), (0, 5)], [("ADD", [1, 2], 3), ("ADD", [3, 4], 5)])
    )
    for term, total in ((1, 3), (2, 3), (3, 5), (4, 5)):
        assert parts(after, term, total) == pytest.approx(round(parts(after, term, total)), abs=1e-3)


def test_what_is_handed_on_keeps_its_scale() -> None:
    """A grid that is made larger has one scale before and after, as the converter wants it."""
    steps: list[Step] = [("RESHAPE", [1], 2), ("TILE", [2], 3), ("ADD", [3, 4], 5)]
    after = with_aligned_add_scales(file_of([(0, 1), (-1, 2), (-1, 2), (-1, 2), (0, 6), (0, 6)], steps))
    assert ranges_of(after)[1] == ranges_of(after)[2] == ranges_of(after)[3] != (-1, 2)
    assert parts(after, 3, 5) == pytest.approx(128)


@pytest.mark.parametrize("terms", [[0, 1], [1, 4]], ids=["the picture", "a constant"])
def test_ranges_that_are_bound_stay(terms: list[int]) -> None:
    """The picture's bytes mean 1/255 each, and a constant's range is its own: such an addition is left alone."""
    before = file_of([(0, 1), (0, 2), (0, 3), (0, 4.7), None], [("ADD", terms, 3)])
    assert ranges_of(with_aligned_add_scales(before)) == ranges_of(before)


def test_a_term_of_two_sums_is_set_once() -> None:
    """What two sums take fits the later one; the other is left as it was, not halfway."""
    before = file_of([(0, 1), (0, 2), (0, 3), (0, 4.7), (0, 5)], [("ADD", [1, 2], 3), ("ADD", [1, 3], 4)])
    after = with_aligned_add_scales(before)
    assert parts(after, 1, 4) == pytest.approx(102)
    assert parts(after, 3, 4) == pytest.approx(240)
    assert ranges_of(after)[2] == (0, 3)


def test_nothing_seen_divides_by_nothing() -> None:
    """A sum, or a term, that was zero on all pictures."""
    before = file_of([(0, 1), (0, 0), (0, 0), (0, 0)], [("ADD", [1, 2], 3)])
    assert ranges_of(with_aligned_add_scales(before)) == ranges_of(before)


@pytest.fixture
def network() -> Any:
    """A classifier of many additions: within a resolution, and across two."""
    import keras

    layers = keras.layers
    keras.utils.set_random_seed(1)
    image = layers.Input((16, 16, 3), name="image")
    x = layers.Conv2D(16, 3, padding="same", activation="relu6")(image)
    fine = layers.Conv2D(16, 3, padding="same", activation="relu6")(x)
    for _ in range(4):
        x = layers.ReLU(6.0)(layers.Add()([x, layers.Conv2D(16, 3, padding="same")(x)]))
    coarse = layers.Conv2D(16, 3, strides=2, padding="same")(x)
    x = layers.ReLU(6.0)(layers.Add()([fine, layers.UpSampling2D(2)(coarse)]))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, {"scores": layers.Dense(2, activation="softmax", name="scores")(x)}, name="net")


@pytest.mark.slow
def test_exported_additions(network: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """What the converter makes of the ranges has those scales, and both formats give the same integers."""
    run = write_run(tmp_path / "run", "characters", network)
    assert main(["--int8", str(run), "--out", str(tmp_path), "--max-drop", "100", "--min-accuracy", "0"]) == 0
    shown = capfd.readouterr().out
    assert "characters.int8.onnx in onnxruntime and characters.int8.tflite in litert: the same on 60 pictures" in shown
    file = schema.ModelT.InitFromPackedBuf((tmp_path / "characters.int8.tflite").read_bytes(), 0)
    found = [
        [float(graph.tensors[index].quantization.scale[0]) for index in (*operator.inputs, *operator.outputs)]
        for graph in file.subgraphs
        for operator in graph.operators
        if file.operatorCodes[operator.opcodeIndex].builtinCode == schema.BuiltinOperator.ADD
    ]
    ratios = np.array([[s / t * PARTS, r / t * PARTS] for s, r, t in found])
    assert len(found) == 5
    np.testing.assert_allclose(ratios, ratios.round(), atol=2e-3)

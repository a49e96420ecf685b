"""How answers are scored and compared, and what follows."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lpr_edge.contract.base.arrays import Quad
from lpr_edge.contract.geometry import roll_quad
from lpr_export.base.errors import ExportError
from lpr_export.evaluate.detections import Detections
from lpr_export.evaluate.gate import check_openable
from lpr_export.evaluate.held_out import Case, GroundTruthPlate
from lpr_export.evaluate.parity import Refusal
from lpr_export.evaluate.task_metrics import TASK_METRICS, MetricValue, TaskMetrics, what_it_fails_at


def case(truth: Any) -> Case:
    def load() -> Any:
        raise AssertionError("scoring reads no picture")

    return Case("a.png", load, truth)


def quad(x: float, width: float = 100) -> Quad:
    return np.array([[x, 0], [x + width, 0], [x + width, 40], [x, 40]], np.float32)


def scores(judge: TaskMetrics, truths: Sequence[Any], answers: Sequence[Any]) -> dict[str, tuple[float, int]]:
    measures = judge.measure([case(truth) for truth in truths], answers)
    return {measure.metric: (measure.value, measure.count) for measure in measures}


def test_classifier_scores() -> None:
    """Accuracy is the share of right labels."""
    assert scores(TASK_METRICS["classifier"], ["0", "X", "X", "0"], ["0", "X", "0", "0"]) == {"accuracy": (0.75, 4)}


def test_reader_scores() -> None:
    """Exact match counts plates, the error rate counts labels: a sign of several code points is one."""
    truths = [("बा", "१"), ("प्रदेश", "२")]
    found = scores(TASK_METRICS["reader"], truths, [("बा", "१"), ("प", "२")])
    assert found == {"exact_match": (0.5, 2), "cer": (0.25, 4)}


def test_detector_scores() -> None:
    """An unreadable plate is neither missed nor a false alarm; anything else found is one."""
    truths = [[GroundTruthPlate(quad(0)), GroundTruthPlate(quad(500), counted=False)], [GroundTruthPlate(quad(0))]]
    answers = [[quad(3), quad(502), quad(900)], []]
    assert scores(TASK_METRICS["detector"], truths, answers) == {"recall": (0.5, 2), "precision": (0.5, 2)}


def test_detector_that_finds_nothing() -> None:
    """Nothing found is no division by zero."""
    assert scores(TASK_METRICS["detector"], [[GroundTruthPlate(quad(0))]], [[]]) == {
        "recall": (0.0, 1),
        "precision": (0.0, 0),
    }


def test_same_plates() -> None:
    """Corners a pixel off are the same plate; a turned, moved, missing or further one is not."""
    same = TASK_METRICS["detector"].same
    one = Detections([quad(0)])
    assert same(Detections([quad(0), quad(300)]), Detections([quad(301), quad(1)]))
    assert not same(one, Detections([roll_quad(quad(0), 2)]))
    assert not same(one, Detections([quad(20)]))
    assert not same(one, Detections([]))
    assert not same(one, Detections([quad(0), quad(300)]))
    assert not same(one, Detections([quad(0), quad(0)]))


def test_a_step_at_the_threshold_is_no_difference() -> None:
    """A plate that one step of 8 bits finds or loses may be missing in one runtime; any other may not."""
    same = TASK_METRICS["detector"].same
    marginal = Detections([quad(0), quad(300)], marginal=[1])
    assert same(marginal, Detections([quad(0)]))
    assert same(Detections([quad(0)]), marginal)
    assert same(Detections([quad(0), quad(300)]), Detections([quad(0)], missed=[quad(300)]))
    assert not same(marginal, Detections([quad(300)]))


@pytest.mark.parametrize(("lower_is_better", "drop"), [(False, 2.0), (True, -2.0)])
def test_drop_is_what_was_lost(lower_is_better: bool, drop: float) -> None:
    """Points are lost where a share falls, or where an error rate rises."""
    before, now = (MetricValue("m", value, 100, lower_is_better) for value in (0.90, 0.88))
    assert now.drop(before) == pytest.approx(drop)


def test_file_that_nothing_opens() -> None:
    """A file that no runtime opened can't be proved, so it isn't published; the reasons are given."""
    refusals = [
        Refusal(Path("a.int8.tflite"), "litert", "litert can't load it"),
        Refusal(Path("a.int8.tflite"), "tflite", "tflite-runtime is not installed"),
    ]
    with pytest.raises(ExportError, match="no installed runtime runs it: litert can't load it; tflite-runtime is not"):
        check_openable([], refusals)


def test_twin_needs_onnx_runtime() -> None:
    """The twin is proved in ONNX Runtime; OpenCV alone isn't enough."""
    with pytest.raises(ExportError, match=r"a\.int8\.onnx can't be evaluated.*not installed"):
        check_openable([], [Refusal(Path("a.int8.onnx"), "onnxruntime", "onnxruntime is not installed")])


@pytest.mark.parametrize(
    ("measures", "failing"),
    [
        ([("recall", 0.0, 40), ("precision", 0.0, 0)], "has a recall of 0 on 40 held-out examples"),
        ([("recall", 0.0, 40), ("recall", 0.5, 4)], ""),
        ([("exact_match", 0.0, 40), ("cer", 0.9, 200)], "has an exact match of 0 on 40 held-out examples"),
        ([("recall", 0.0, 0)], ""),
    ],
)
def test_a_network_that_learnt_nothing_is_named(measures: list[tuple[str, float, int]], failing: str) -> None:
    """Its files can equal it and pass the gate; no plates to find say nothing."""
    assert what_it_fails_at([MetricValue(*measure) for measure in measures]) == failing

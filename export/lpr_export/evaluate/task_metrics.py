"""How each kind of network is run and scored: the device's own code, exact match, CER, precision and recall."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from lpr_edge.contract.base.arrays import Image, Quad
from lpr_edge.contract.metrics import Matches, character_error_rate, edit_distance, exact_match, match_plates
from lpr_edge.contract.rows import labels_of
from lpr_edge.runtimes.model import Model
from lpr_edge.vision.character_classifier import CharacterClassifier
from lpr_edge.vision.detector import Detector
from lpr_edge.vision.reader import Reader
from lpr_export.evaluate.detections import Detections
from lpr_export.evaluate.held_out import Case, GroundTruthPlate

FOUND_IOU = 0.5
"""Minimum IoU of a found plate with the ground truth."""
ONE_STEP = 1.5 / 256
"""Difference of a score that is one step of an 8-bit output: runtimes round differently, so that one may find a plate
so near to the threshold, and another may not."""


@dataclass(frozen=True)
class MetricValue:
    """A metric's value on the held-out cases."""

    metric: str
    value: float
    """0..1; a character error rate can be larger."""
    count: int
    """Denominator of the value."""
    lower_is_better: bool = False
    costs: tuple[int, ...] = ()
    """Errors on each picture."""

    def drop(self, reference: "MetricValue") -> float:
        """Loss against the reference in percentage points; negative for a gain."""
        lost = self.value - reference.value if self.lower_is_better else reference.value - self.value
        return 100 * lost


DECIDING = ("recall", "exact_match", "accuracy")
"""Metrics of which each kind of network has one, and that are 0 for one that has learnt nothing."""


def what_it_fails_at(measures: Sequence[MetricValue]) -> str:
    """Name the deciding metric that is 0 on every held-out set, such as a detector's recall; empty where none is."""
    own = [measure for measure in measures if measure.metric in DECIDING and measure.count]
    if not own or any(measure.value > 0 for measure in own):
        return ""
    name = own[0].metric.replace("_", " ")
    count = max(measure.count for measure in own)
    return f"has {'an' if name[0] in 'ae' else 'a'} {name} of 0 on {count} held-out examples"


class TaskMetrics(Protocol):
    """Runs and scores one kind of network."""

    def device(self, model: Model) -> Any:
        """The device's own class for a model."""

    def answer(self, device: Any, picture: Image, case: Case) -> Any:
        """The device's result for a picture (H, W, 3) uint8, BGR; of a plate whose corners the case has, a reader's."""

    def same(self, a: Any, b: Any) -> bool:
        """Whether two answers mean the same to a person."""

    def measure(self, cases: Sequence[Case], answers: Sequence[Any]) -> list[MetricValue]:
        """Compute the metrics of answers, one per case."""

    def show(self, answer: Any) -> str:
        """An answer as text, for a message."""

    def record(self, answer: Any, case: Case) -> Any:
        """An answer for the manifest, as plain values; a text, which can be a real plate, is stored as a hash."""

    def agrees(self, record: Any, answer: Any, case: Case) -> bool:
        """Whether an answer equals a recorded one."""

    def labels_in(self, answer: Any) -> Sequence[str]:
        """The labels of an answer or of a ground truth; empty for a detector."""


class ClassifierMetrics:
    """Accuracy of a classifier on crops."""

    def device(self, model: Model) -> CharacterClassifier:
        """See `TaskMetrics`."""
        return CharacterClassifier(model)

    def answer(self, device: CharacterClassifier, picture: Image, case: Case) -> str:  # noqa: ARG002 (as TaskMetrics has it)
        """See `TaskMetrics`."""
        return device.guess(picture)[0]

    def same(self, a: str, b: str) -> bool:
        """See `TaskMetrics`."""
        return a == b

    def measure(self, cases: Sequence[Case], answers: Sequence[str]) -> list[MetricValue]:
        """See `TaskMetrics`."""
        pairs = [(case.truth, answer) for case, answer in zip(cases, answers, strict=True)]
        return [MetricValue("accuracy", exact_match(pairs), len(pairs), costs=_misses(pairs))]

    def show(self, answer: str) -> str:
        """See `TaskMetrics`."""
        return answer

    def record(self, answer: str, case: Case) -> str:
        """See `TaskMetrics`."""
        return _mark(answer, case)

    def agrees(self, record: Any, answer: str, case: Case) -> bool:
        """See `TaskMetrics`."""
        return bool(record == _mark(answer, case))

    def labels_in(self, answer: str) -> Sequence[str]:
        """See `TaskMetrics`."""
        return (answer,)


class ReaderMetrics:
    """Exact match and CER of a reader's labels, without rows and without grammar."""

    def device(self, model: Model) -> Reader:
        """See `TaskMetrics`."""
        return Reader(model)

    def answer(self, device: Reader, picture: Image, case: Case) -> tuple[str, ...]:
        """See `TaskMetrics`; the labels in reading order."""
        assert case.quad_xy is not None
        reading = device.read(picture, case.quad_xy)
        return tuple(labels_of(reading.characters))

    def same(self, a: tuple[str, ...], b: tuple[str, ...]) -> bool:
        """See `TaskMetrics`."""
        return a == b

    def measure(self, cases: Sequence[Case], answers: Sequence[tuple[str, ...]]) -> list[MetricValue]:
        """See `TaskMetrics`."""
        pairs = [(case.truth, answer) for case, answer in zip(cases, answers, strict=True)]
        texts = [("".join(truth), "".join(found)) for truth, found in pairs]
        count = sum(len(truth) for truth, _ in pairs)
        edits = tuple(edit_distance(truth, found) for truth, found in pairs)
        return [
            MetricValue("exact_match", exact_match(texts), len(pairs), costs=_misses(texts)),
            MetricValue("cer", character_error_rate(pairs), count, True, edits),
        ]

    def show(self, answer: tuple[str, ...]) -> str:
        """See `TaskMetrics`."""
        return "".join(answer) or "nothing"

    def record(self, answer: tuple[str, ...], case: Case) -> str:
        """See `TaskMetrics`."""
        return _mark("".join(answer), case)

    def agrees(self, record: Any, answer: tuple[str, ...], case: Case) -> bool:
        """See `TaskMetrics`."""
        return bool(record == _mark("".join(answer), case))

    def labels_in(self, answer: tuple[str, ...]) -> Sequence[str]:
        """See `TaskMetrics`."""
        return answer


class DetectorMetrics:
    """Precision and recall of a detector's corners."""

    def device(self, model: Model) -> Detector:
        """See `TaskMetrics`; whole inputs, since only TFLite files can leave padding out."""
        return Detector(model, saves_rows=False)

    def answer(self, device: Detector, picture: Image, case: Case) -> Detections:  # noqa: ARG002 (as TaskMetrics has it)
        """See `TaskMetrics`; each plate's corners from its own top left, in order of confidence."""
        plates = device.detect(picture, 1 - ONE_STEP / device.threshold)
        found = [plate for plate in plates if plate.score >= device.threshold]
        marginal = [n for n, plate in enumerate(found) if plate.score < device.threshold + ONE_STEP]
        missed = [plate.quad_xy for plate in plates if plate.score < device.threshold]
        return Detections((plate.quad_xy for plate in found), marginal, missed)

    def same(self, a: Detections, b: Detections) -> bool:
        """See `TaskMetrics`; a rotated plate is a different one."""
        return a.are_in(b) and b.are_in(a)

    def measure(self, cases: Sequence[Case], answers: Sequence[list[Quad]]) -> list[MetricValue]:
        """See `TaskMetrics`."""
        matches = [_matched(a, case.truth) for case, a in zip(cases, answers, strict=True)]
        missed = tuple(
            sum(case.truth[true].counted for true in match.missed) for case, match in zip(cases, matches, strict=True)
        )
        false_positives = tuple(len(match.false_positives) for match in matches)
        counted = sum(plate.counted for case in cases for plate in case.truth)
        hits = counted - sum(missed)
        found = hits + sum(false_positives)
        return [
            MetricValue("recall", hits / counted if counted else 0.0, counted, costs=missed),
            MetricValue("precision", hits / found if found else 0.0, found, costs=false_positives),
        ]

    def show(self, answer: list[Quad]) -> str:
        """See `TaskMetrics`."""
        corners = [" ".join(f"{x:.0f},{y:.0f}" for x, y in quad) for quad in answer]
        return "; ".join(corners) or "no plate"

    def record(self, answer: list[Quad], case: Case) -> list[list[int]]:  # noqa: ARG002 (as TaskMetrics has it)
        """See `TaskMetrics`; corners in sixteenths of a pixel."""
        return [np.rint(16 * quad).astype(int).ravel().tolist() for quad in answer]

    def agrees(self, record: Any, answer: Detections, case: Case) -> bool:  # noqa: ARG002 (as TaskMetrics has it)
        """See `TaskMetrics`."""
        # By corners only, in any order: rounding can make a tiny plate non-convex.
        return self.same(Detections(np.array(quad, np.float32).reshape(4, 2) / 16 for quad in record), answer)

    def labels_in(self, answer: Any) -> Sequence[str]:  # noqa: ARG002 (as TaskMetrics has it)
        """See `TaskMetrics`."""
        return ()


def _matched(answer: Sequence[Quad], plates: Sequence[GroundTruthPlate]) -> Matches:
    loose = [index for index, plate in enumerate(plates) if not plate.has_corners]
    return match_plates(answer, [plate.quad_xy for plate in plates], FOUND_IOU, loose)


def _misses(pairs: Sequence[tuple[str, str]]) -> tuple[int, ...]:
    return tuple(int(truth != found) for truth, found in pairs)


def _mark(text: str, case: Case) -> str:
    """A text's hash, salted with its picture's name: it can be compared, not read."""
    return hashlib.sha256(f"{case.name}\n{text}".encode()).hexdigest()[:6]


TASK_METRICS: dict[str, TaskMetrics] = {
    "classifier": ClassifierMetrics(),
    "reader": ReaderMetrics(),
    "detector": DetectorMetrics(),
}

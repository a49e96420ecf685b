"""Run every exported file under every runtime on the held-out cases, and compare: answers, accuracy, integers."""

import itertools
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from lpr_edge.contract.arrays import AnyArray, Floats, Image
from lpr_edge.contract.errors import LprError
from lpr_edge.runtimes.model import Model, dequantise
from lpr_edge.runtimes.opening import RUNTIMES, open_model
from lpr_export.evaluate.held_out import Case, network_input
from lpr_export.evaluate.task_metrics import MetricValue, TaskMetrics

INTEGER_PICTURES = 64
"""Pictures whose raw outputs are compared: each has hundreds of integers, so more would tell nothing new."""
TIMED_PICTURES = 20
"""Of these, those that are run again to be timed."""

Progress = Callable[[Sequence[Case]], Iterable[Case]]


@dataclass(frozen=True, eq=False)
class Subject:
    """One file in one runtime, and what it answered."""

    path: Path
    model: Model
    answers: list[Any] = field(default_factory=list)
    """One a case, in the cases' order."""
    raw: list[tuple[AnyArray, ...]] = field(default_factory=list)
    """The outputs as the file gives them, of the first `INTEGER_PICTURES` cases."""
    milliseconds: list[float] = field(default_factory=list)
    """How long the network alone took for some of them."""

    @property
    def precision(self) -> str:
        """One of `options.PRECISIONS`."""
        return self.model.manifest.precision

    @property
    def runtime(self) -> str:
        """As `--runtime` takes it."""
        return self.model.runtime_name

    def fresh(self) -> "Subject":
        """The same, asked nothing yet."""
        return Subject(self.path, self.model)

    def outputs(self) -> list[dict[str, Floats]]:
        """What the raw outputs stand for, by role."""
        specs = self.model.manifest.outputs
        return [{spec.role: dequantise(a[0], spec) for spec, a in zip(specs, raw, strict=True)} for raw in self.raw]

    def integers_by_picture(self) -> list[list[AnyArray]]:
        """The raw integers from their zero points: ONNX's bytes are TFLite's integers moved."""
        specs = self.model.manifest.outputs
        return [[a.astype(np.int32) - spec.zero_point for a, spec in zip(raw, specs, strict=True)] for raw in self.raw]

    def __str__(self) -> str:
        return f"{self.path.name} in {self.runtime}"


@dataclass(frozen=True)
class Refusal:
    """A file that a runtime doesn't run, so that its manifest doesn't claim it."""

    path: Path
    runtime: str
    why: str


@dataclass(frozen=True)
class LsbDifference:
    """How far two runtimes' integers are apart."""

    a: Subject
    b: Subject
    pictures: int
    largest: int
    """In steps of the outputs' scales."""
    share: float
    """Of all integers, those that differ."""

    def __str__(self) -> str:
        pair = f"  integers of {self.b} and {self.a}"
        if self.largest == 0:
            return f"{pair}: the same on {self.pictures} pictures"
        unit = "step" if self.largest == 1 else "steps"
        return f"{pair}: at most {self.largest} {unit} apart, {100 * self.share:.3f} % of them differ"


def open_everywhere(paths: Sequence[Path]) -> tuple[list[Subject], list[Refusal]]:
    """Open each file in each runtime that reads such files, which also runs it once."""
    subjects: list[Subject] = []
    refusals: list[Refusal] = []
    for path, (runtime, (suffix, _)) in itertools.product(paths, RUNTIMES.items()):
        if suffix == path.suffix:
            try:
                subjects.append(Subject(path, open_model(path, runtime)))
            except LprError as error:
                refusals.append(Refusal(path, runtime, str(error)))
    return subjects, refusals


def run_cases(
    subjects: Sequence[Subject], cases: Sequence[Case], metrics: TaskMetrics, progress: Progress = iter
) -> None:
    """Put every case to every subject; each picture is read once."""
    devices = [metrics.device(subject.model) for subject in subjects]
    for number, case in enumerate(progress(cases)):
        picture = case.load()
        pixels = network_input(picture, case.quad_xy, subjects[0].model.manifest)
        for subject, device in zip(subjects, devices, strict=True):
            subject.answers.append(metrics.answer(device, picture, case))
            if number < INTEGER_PICTURES:
                subject.raw.append(tuple(np.array(array) for array in subject.model.run(pixels)))
            if number < TIMED_PICTURES:
                subject.milliseconds.append(_milliseconds(subject.model, pixels))


def _milliseconds(model: Model, pixels: Image) -> float:
    start = time.perf_counter()
    model.run(pixels)
    return 1000 * (time.perf_counter() - start)


def changed(a: Subject, b: Subject, metrics: TaskMetrics) -> list[int]:
    """The cases that two subjects answer differently."""
    return [n for n, (x, y) in enumerate(zip(a.answers, b.answers, strict=True)) if not metrics.same(x, y)]


def measure(subject: Subject, cases: Sequence[Case], metrics: TaskMetrics) -> list[MetricValue]:
    """A subject's scores."""
    return metrics.measure(cases, subject.answers)


def compare_integers(a: Subject, b: Subject) -> LsbDifference:
    """Compare two subjects' raw integer outputs."""
    pairs = zip(a.integers_by_picture(), b.integers_by_picture(), strict=True)
    apart = [np.abs(p - q).ravel() for x, y in pairs for p, q in zip(x, y, strict=True)]
    distances = np.concatenate(apart)
    return LsbDifference(a, b, len(a.raw), int(distances.max()), float((distances > 0).mean()))

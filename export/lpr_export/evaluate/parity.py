"""Run every file in every runtime on the held-out cases, and compare answers, metrics and integers."""

import itertools
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from lpr_edge.contract.base.arrays import AnyArray, Floats, Image
from lpr_edge.contract.base.errors import LprError
from lpr_edge.runtimes.model import Model, dequantise
from lpr_edge.runtimes.opening import open_model
from lpr_edge.runtimes.runtime import own_runtimes
from lpr_export.evaluate.held_out import Case, network_input
from lpr_export.evaluate.task_metrics import MetricValue, TaskMetrics

INTEGER_PICTURES = 64
"""Number of pictures whose raw outputs are compared; each has hundreds of integers."""
TIMED_PICTURES = 20
"""Number of pictures that are run again for timing."""

Progress = Callable[[Sequence[Case]], Iterable[Case]]


@dataclass(frozen=True, eq=False)
class Subject:
    """One file in one runtime, with its answers."""

    path: Path
    model: Model
    answers: list[Any] = field(default_factory=list)
    """One answer per case."""
    raw: list[tuple[AnyArray, ...]] = field(default_factory=list)
    """Raw outputs of the first `INTEGER_PICTURES` cases."""
    milliseconds: list[float] = field(default_factory=list)
    """Time of the network alone for the first `TIMED_PICTURES` cases."""

    @property
    def precision(self) -> str:
        """One of `options.PRECISIONS`."""
        return self.model.manifest.precision

    @property
    def runtime(self) -> str:
        """Name of the runtime, as `--runtime` takes it."""
        return self.model.runtime_name

    def fresh(self) -> "Subject":
        """Copy it without its answers: the same file in the same runtime."""
        return Subject(self.path, self.model)

    def outputs(self) -> list[dict[str, Floats]]:
        """Dequantised raw outputs of each picture: role -> float32 array of the output's shape, such as (h, w, 8)."""
        specs = self.model.manifest.outputs
        return [{spec.role: dequantise(a[0], spec) for spec, a in zip(specs, raw, strict=True)} for raw in self.raw]

    def integers_by_picture(self) -> list[list[AnyArray]]:
        """Raw integers minus zero points, int32 in (1, ...) as the file has them, a list of outputs per picture."""
        specs = self.model.manifest.outputs
        return [[a.astype(np.int32) - spec.zero_point for a, spec in zip(raw, specs, strict=True)] for raw in self.raw]

    def __str__(self) -> str:
        return f"{self.path.name} in {self.runtime}"


@dataclass(frozen=True)
class Refusal:
    """A file that doesn't run in a runtime, so that its manifest doesn't name this one."""

    path: Path
    runtime: str
    why: str


@dataclass(frozen=True)
class LsbDifference:
    """Difference between two runtimes' integers, in LSB."""

    a: Subject
    b: Subject
    pictures: int
    largest: int
    """Largest difference, in steps of the outputs' scales."""
    share: float
    """Share of integers that differ."""

    def __str__(self) -> str:
        pair = f"  integers of {self.b} and {self.a}"
        if self.largest == 0:
            return f"{pair}: the same on {self.pictures} pictures"
        unit = "step" if self.largest == 1 else "steps"
        return f"{pair}: at most {self.largest} {unit} apart, {100 * self.share:.3f} % of them differ"


def open_everywhere(paths: Sequence[Path]) -> tuple[list[Subject], list[Refusal]]:
    """Open each file in each runtime of its format, and run it once."""
    subjects: list[Subject] = []
    refusals: list[Refusal] = []
    for path, runtime in itertools.product(paths, own_runtimes()):
        if path.suffix in runtime.suffixes:
            try:
                subjects.append(Subject(path, open_model(path, runtime.name)))
            except LprError as error:
                refusals.append(Refusal(path, runtime.name, str(error)))
    return subjects, refusals


def run_cases(
    subjects: Sequence[Subject], cases: Sequence[Case], metrics: TaskMetrics, progress: Progress = iter
) -> None:
    """Run every case in every subject; each picture is loaded once.

    Args:
        subjects: networks in runtimes; each gets an answer per case.
        cases: held-out pictures.
        metrics: of the kind of network.
        progress: wraps the cases, to show how far it is.
    """
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
    """Indices of cases with different answers.

    Args:
        a: a network in a runtime, after `run_cases`.
        b: another one, after the same cases.
        metrics: decide which answers mean the same.
    """
    return [n for n, (x, y) in enumerate(zip(a.answers, b.answers, strict=True)) if not metrics.same(x, y)]


def measure(subject: Subject, cases: Sequence[Case], metrics: TaskMetrics) -> list[MetricValue]:
    """A subject's metrics.

    Args:
        subject: after `run_cases`.
        cases: the same ones.
        metrics: of the kind of network.
    """
    return metrics.measure(cases, subject.answers)


def compare_integers(a: Subject, b: Subject) -> LsbDifference:
    """Compare two subjects' raw integer outputs."""
    pairs = zip(a.integers_by_picture(), b.integers_by_picture(), strict=True)
    apart = [np.abs(p - q).ravel() for x, y in pairs for p, q in zip(x, y, strict=True)]
    distances = np.concatenate(apart)
    return LsbDifference(a, b, len(a.raw), int(distances.max()), float((distances > 0).mean()))

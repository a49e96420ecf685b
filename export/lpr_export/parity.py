"""Run every exported file under every runtime on the held-out cases, and compare: answers, accuracy, integers."""

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from lpr_edge.contract.arrays import AnyArray, Image
from lpr_edge.contract.errors import LprError
from lpr_edge.runtimes import RUNTIMES, Model, open_model
from lpr_export.held_out import Case
from lpr_export.judges import Judge, Measure

INTEGER_PICTURES = 64
"""Pictures whose raw outputs are compared: each has hundreds of integers, so more would tell nothing new."""

Progress = Callable[[Sequence[Case]], Iterable[Case]]


@dataclass(frozen=True, eq=False)
class Subject:
    """One file in one runtime, and what it answered."""

    path: Path
    model: Model
    answers: list[Any] = field(default_factory=list)
    """One a case, in the cases' order."""

    @property
    def precision(self) -> str:
        """`int8` or `float32`."""
        return self.model.manifest.precision

    @property
    def runtime(self) -> str:
        """As `--runtime` takes it."""
        return self.model.runtime_name

    def __str__(self) -> str:
        return f"{self.path.name} in {self.runtime}"


@dataclass(frozen=True)
class Refusal:
    """A file that a runtime doesn't run, so that its manifest doesn't claim it."""

    path: Path
    runtime: str
    why: str


@dataclass(frozen=True)
class Steps:
    """How far two runtimes' integers are apart."""

    a: Subject
    b: Subject
    pictures: int
    largest: int
    """In steps of the outputs' scales."""
    share: float
    """Of all integers, those that differ."""


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


def ask(subjects: Sequence[Subject], cases: Sequence[Case], judge: Judge, progress: Progress = iter) -> None:
    """Put every case to every subject; each picture is read once."""
    devices = [judge.device(subject.model) for subject in subjects]
    for case in progress(cases):
        picture = case.load()
        for subject, device in zip(subjects, devices, strict=True):
            subject.answers.append(judge.answer(device, picture, case))


def changed(a: Subject, b: Subject, judge: Judge) -> list[int]:
    """The cases that two subjects answer differently."""
    return [n for n, (x, y) in enumerate(zip(a.answers, b.answers, strict=True)) if not judge.same(x, y)]


def measure(subject: Subject, cases: Sequence[Case], judge: Judge) -> list[Measure]:
    """A subject's scores."""
    return judge.measure(cases, subject.answers)


def compare_integers(a: Subject, b: Subject, cases: Sequence[Case]) -> Steps:
    """Compare two subjects' raw integer outputs on the first cases."""
    chosen = cases[:INTEGER_PICTURES]
    distances = np.concatenate([_distances(a.model, b.model, case.pixels(a.model.manifest)) for case in chosen])
    return Steps(a, b, len(chosen), int(distances.max()), float((distances > 0).mean()))


def _distances(a: Model, b: Model, pixels: Image) -> AnyArray:
    """How many steps each integer of one is off the other's; both count from their zero points."""
    pairs = zip(_steps_from_zero(a, pixels), _steps_from_zero(b, pixels), strict=True)
    return np.concatenate([np.abs(x - y).ravel() for x, y in pairs])


def _steps_from_zero(model: Model, pixels: Image) -> list[AnyArray]:
    pairs = zip(model.run(pixels), model.manifest.outputs, strict=True)
    return [array.astype(np.int32) - spec.zero_point for array, spec in pairs]

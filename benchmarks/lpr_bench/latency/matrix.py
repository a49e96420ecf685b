"""Networks in runtimes: every case in turns, round by round, so that drift of the machine cancels in ratios."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import cv2
import numpy as np

from lpr_bench.system.reference_workload import reference_workload_ms
from lpr_edge.contract.arrays import Image
from lpr_edge.contract.errors import LprError
from lpr_edge.contract.manifest import Manifest
from lpr_edge.runtimes.model import Model
from lpr_edge.runtimes.opening import RUNTIMES, open_model

MIN_MS = 1.0
"""One value of a case lasts at least so long, by repetition: the clock and the loop then weigh nothing."""


@dataclass(frozen=True)
class Case:
    """A file in a runtime with a number of threads."""

    path: Path
    runtime: str
    threads: int

    def __str__(self) -> str:
        return f"{self.path.name} in {self.runtime}, {self.threads} thread(s)"


@dataclass(frozen=True)
class Refused:
    """A case that can't be measured here, and why."""

    case: Case
    why: str


@dataclass(frozen=True)
class Rounds:
    """What one process measured: one value a round, milliseconds of one inference."""

    times: list[list[float]]
    """By case, then by round."""
    first_ms: list[float]
    """By case: opening the file, and its first inference."""
    reference_ms: list[float]
    """By round."""


def find_cases(
    paths: Sequence[Path], runtimes: Sequence[str], threads: Sequence[int]
) -> tuple[list[Case], list[Refused]]:
    """Every file with every runtime that reads it and every number of threads, as far as they open here."""
    cases: list[Case] = []
    refused: list[Refused] = []
    for path in paths:
        for runtime in runtimes:
            if RUNTIMES[runtime][0] == path.suffix:
                found = [Case(path, runtime, number) for number in threads]
                try:
                    open_model(path, runtime)
                    cases += found
                except LprError as error:
                    refused.append(Refused(found[0], str(error)))
    return cases, refused


def measure_cases(cases: Sequence[Case], rounds: int, seed: int) -> Rounds:
    """Open all cases, then time each once a round, in a new order every round.

    Args:
        cases: what to time.
        rounds: values of each.
        seed: of the orders and of the pictures.
    """
    opened, first = zip(*map(_open, cases), strict=True)
    rng = np.random.default_rng(seed)
    pictures = [noise(model.manifest, rng) for model in opened]
    repeats = [_repeats(case, model, picture) for case, model, picture in zip(cases, opened, pictures, strict=True)]
    times: list[list[float]] = [[0.0] * rounds for _ in cases]
    reference_ms = []
    for number in range(rounds):
        reference_ms.append(round(reference_workload_ms(), 5))
        for index in rng.permutation(len(cases)):
            times[index][number] = round(_time(cases[index], opened[index], pictures[index], repeats[index]), 5)
    return Rounds(times, list(first), reference_ms)


def _open(case: Case) -> tuple[Model, float]:
    start = perf_counter()
    model = open_model(case.path, case.runtime, case.threads)
    return model, round(1000 * (perf_counter() - start), 3)


def noise(manifest: Manifest, rng: np.random.Generator) -> Image:
    """A picture for timing: what a dense network takes doesn't depend on what it sees."""
    return rng.integers(0, 256, (1, *manifest.input.size_hw, manifest.input.channels), np.uint8)


def _repeats(case: Case, model: Model, picture: Image) -> int:
    """Inferences that one value is the mean of; the first ones warm the case up."""
    once = min(_time(case, model, picture, 1) for _ in range(5))
    return max(1, min(200, round(MIN_MS / once)))


def _time(case: Case, model: Model, picture: Image, repeats: int) -> float:
    """Milliseconds of one inference: bytes in, raw outputs out."""
    if case.runtime == "opencv":
        cv2.setNumThreads(case.threads)  # OpenCV has one number for the whole process
    start = perf_counter()
    for _ in range(repeats):
        model.run(picture)
    return 1000 * (perf_counter() - start) / repeats

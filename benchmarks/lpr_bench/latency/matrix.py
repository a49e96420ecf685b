"""Time networks in all runtimes: all cases in turns, so that drift of the machine cancels in ratios."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import cv2
import numpy as np

from lpr_bench.system.reference_workload import reference_workload_ms
from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.manifest import Manifest
from lpr_edge.runtimes.model import Model
from lpr_edge.runtimes.opening import open_model
from lpr_edge.runtimes.runtime import find_runtime

MIN_MS = 1.0
"""Minimum duration of one value, by repetition, so that clock and loop don't matter."""


@dataclass(frozen=True)
class Case:
    """A model file in a runtime with a number of threads."""

    path: Path
    runtime: str
    threads: int

    def __str__(self) -> str:
        return f"{self.path.name} in {self.runtime}, {self.threads} thread(s)"


@dataclass(frozen=True)
class Refused:
    """A case that can't be measured here, with the reason."""

    case: Case
    why: str


@dataclass(frozen=True)
class Rounds:
    """Measurements of one process: milliseconds of one inference, one value per round."""

    times: list[list[float]]
    """Milliseconds, by case, then by round."""
    first_ms: list[float]
    """Milliseconds to open the file, including its first inference, by case."""
    reference_ms: list[float]
    """Milliseconds of the reference workload, by round."""


def find_cases(
    paths: Sequence[Path], runtimes: Sequence[str], threads: Sequence[int]
) -> tuple[list[Case], list[Refused]]:
    """All combinations of file, runtime and threads that open here, and those that don't.

    Args:
        paths: model files.
        runtimes: names.
        threads: numbers of threads.
    """
    cases: list[Case] = []
    refused: list[Refused] = []
    for path in paths:
        for runtime in runtimes:
            if path.suffix in find_runtime(runtime).suffixes:
                found = [Case(path, runtime, number) for number in threads]
                try:
                    open_model(path, runtime)
                    cases += found
                except LprError as error:
                    refused.append(Refused(found[0], str(error)))
    return cases, refused


def measure_cases(cases: Sequence[Case], rounds: int, seed: int) -> Rounds:
    """Open all cases, then time each once per round, in a new order each round.

    Args:
        cases: the cases to time.
        rounds: number of values of each.
        seed: random seed of orders and pictures.
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
    """A picture of noise, (1, H, W, C) uint8: a dense network's time doesn't depend on its input."""
    return rng.integers(0, 256, (1, *manifest.input.size_hw, manifest.input.channels), np.uint8)


def _repeats(case: Case, model: Model, picture: Image) -> int:
    """Number of inferences per value; measuring it warms the case up."""
    once = min(_time(case, model, picture, 1) for _ in range(5))
    return max(1, min(200, round(MIN_MS / once)))


def _time(case: Case, model: Model, picture: Image, repeats: int) -> float:
    """Milliseconds of one inference, from bytes to raw outputs."""
    if case.runtime == "opencv":
        cv2.setNumThreads(case.threads)  # OpenCV has one number for the whole process
    start = perf_counter()
    for _ in range(repeats):
        model.run(picture)
    return 1000 * (perf_counter() - start) / repeats

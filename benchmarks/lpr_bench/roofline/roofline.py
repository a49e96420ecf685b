"""Measure networks, the runtime's peak, memory bandwidth and whole frames in turns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import cv2
import numpy as np

from lpr_bench.base.frames import make_frames
from lpr_bench.latency.frame_times import profile_frames
from lpr_bench.latency.run_frames import Settings, open_settings
from lpr_bench.roofline.peaks import FILES
from lpr_edge.runtimes.opening import open_model
from lpr_edge.runtimes.tflite import open_litert

CHARACTERS = 7
"""Number of characters that the published classifier reads per plate; segmentation isn't counted."""
COPIED = 64 * 1024 * 1024
"""Bytes of the copy that measures memory bandwidth: much more than a board's caches."""


IN_A_ROW = "frames in a row"
"""Name of the series for the ratio of p99 to p50."""
IN_A_ROW_FRAMES = 300
COPIES = 10


class Job(NamedTuple):
    """A function to time once per round."""

    name: str
    run: Callable[[], object]
    repeats: int = 1


@dataclass(frozen=True)
class LimitTimes:
    """Measurements of one process: milliseconds, one value per round, and the profile of frames."""

    times: dict[str, list[float]]
    profile: dict[str, Any] = field(default_factory=dict)


def measure_limits(settings: Settings, networks: Sequence[Path], published: Path | None, rounds: int) -> LimitTimes:
    """Time every job in every round, in a new order each time.

    Args:
        settings: models of the whole frame, runtime and threads.
        networks: `.tflite` files to compare with the peak, in LiteRT.
        published: the published classifier in float32, `.tflite`; None leaves it out.
        rounds: number of values of each.
    """
    cv2.setNumThreads(settings.threads)
    device = open_settings(settings)
    frames = make_frames(device.reader.grammar.country).with_plate
    turn = count()
    jobs = [
        Job("frame", lambda: device.read(frames[next(turn) % len(frames)])),
        *_peak_jobs(settings.threads),
        *(_network_job(f"network {path.name}", path, settings.threads) for path in networks),
    ]
    if published:
        jobs.append(_network_job("published", published, settings.threads, CHARACTERS))
    # Separately from the others: the copy flushes the caches, and a camera's frames follow each other.
    alone = in_turns([jobs[0]._replace(name=IN_A_ROW)], IN_A_ROW_FRAMES) | in_turns([_copy_job()], COPIES)
    times = in_turns(jobs, rounds) | alone
    return LimitTimes(times, profile_frames(device, [frames[n % len(frames)] for n in range(3 * len(frames))]))


def in_turns(jobs: Sequence[Job], rounds: int) -> dict[str, list[float]]:
    """Milliseconds of one run of each job, one value per round."""
    for job in jobs:
        for _ in range(3):
            job.run()
    rng = np.random.default_rng(0)
    times: dict[str, list[float]] = {job.name: [] for job in jobs}
    for _ in range(rounds):
        for index in rng.permutation(len(jobs)):
            job = jobs[index]
            start = perf_counter()
            for _ in range(job.repeats):
                job.run()
            times[job.name].append(round(1000 * (perf_counter() - start) / job.repeats, 5))
    return times


def _peak_jobs(threads: int) -> list[Job]:
    jobs = []
    for precision, path in FILES.items():
        engine = open_litert(path, threads)
        picture = np.ones((1, 32, 32, 128), np.int8 if precision == "int8" else np.float32)
        jobs.append(Job(f"peak {precision}", lambda engine=engine, picture=picture: engine.run(picture), 4))  # type: ignore[misc]
    return jobs


def _network_job(name: str, path: Path, threads: int, times: int = 1) -> Job:
    """Inferences of one file in LiteRT; `times` of them are one run of the job."""
    model = open_model(path, "litert", threads)
    pixels = np.zeros((1, *model.manifest.input.size_hw, model.manifest.input.channels), np.uint8)
    return Job(name, lambda: [model.run(pixels) for _ in range(times)])


def _copy_job() -> Job:
    source, target = np.ones(COPIED, np.uint8), np.empty(COPIED, np.uint8)
    return Job("copy", lambda: np.copyto(target, source))

"""Two trainings at the same time, a core each, and never longer than agreed."""

import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, sleep

from lpr_edge.contract.errors import LprError
from rivals.commands import quiet_environment

PATIENCE = 120.0
"""Seconds that a training gets to end after it was asked to."""


@dataclass(frozen=True)
class Runner:
    """A training and where it runs."""

    name: str
    command: Sequence[str]
    core: int


@dataclass(frozen=True)
class Finish:
    """How a training ended."""

    seconds: float
    stopped: bool
    """It hadn't ended by itself when the time was over."""
    exit_code: int


def race(runners: Sequence[Runner], seconds: float, logs: Path) -> dict[str, Finish]:
    """Run all at once until each has ended, or the time is over.

    Args:
        runners: what to run; one a core.
        seconds: from the start on. Who still runs then is interrupted as by Ctrl-C.
        logs: folder that takes NAME.log of each.

    Raises:
        LprError: one failed by itself.
    """
    logs.mkdir(parents=True, exist_ok=True)
    start = perf_counter()
    running = {runner.name: _start(runner, logs) for runner in runners}
    finished: dict[str, Finish] = {}
    try:
        while len(finished) < len(running) and perf_counter() - start < seconds:
            _tell(perf_counter() - start, seconds, [name for name in running if name not in finished])
            sleep(0.5)
            finished |= _ended(running, finished, start)
    finally:
        finished |= {name: _stop(process, start) for name, process in running.items() if name not in finished}
        print(file=sys.stderr)
    for name, finish in finished.items():
        if finish.exit_code and not finish.stopped:
            raise LprError(f"{name} failed with exit status {finish.exit_code}: see {logs / name}.log")
    return finished


def _start(runner: Runner, logs: Path) -> "subprocess.Popen[bytes]":
    with (logs / f"{runner.name}.log").open("wb") as log:
        pinned = ["taskset", "--cpu-list", str(runner.core), *runner.command]
        return subprocess.Popen(pinned, stdout=log, stderr=subprocess.STDOUT, env=quiet_environment())


def _ended(
    running: Mapping[str, "subprocess.Popen[bytes]"], finished: Mapping[str, Finish], start: float
) -> dict[str, Finish]:
    return {
        name: Finish(round(perf_counter() - start, 1), False, process.returncode)
        for name, process in running.items()
        if name not in finished and process.poll() is not None
    }


def _stop(process: "subprocess.Popen[bytes]", start: float) -> Finish:
    """Interrupt, wait, and end for good who doesn't listen."""
    seconds = round(perf_counter() - start, 1)
    process.send_signal(signal.SIGINT)
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    return Finish(seconds, True, process.returncode)


def _tell(gone: float, seconds: float, names: Sequence[str]) -> None:
    line = f"training {' and '.join(names)}: {gone / 60:.1f} of {seconds / 60:.0f} min"
    if sys.stderr.isatty():
        print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)

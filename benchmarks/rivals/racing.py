"""Two trainings at the same time, a core each, and neither longer than agreed.

Time is the processor's: on an idle core that is the clock's, and on a busy one nobody loses by what others do there.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, sleep

from lpr_edge.contract.base.errors import LprError
from rivals.commands import quiet_environment

PATIENCE = 120.0
"""Seconds that a training gets to end after it was asked to."""
LOOKS_EVERY = 0.2
"""Seconds; what a training uses after the last look isn't seen."""


@dataclass(frozen=True)
class Runner:
    """A training and where it runs."""

    name: str
    command: Sequence[str]
    core: int


@dataclass(frozen=True)
class Finish:
    """How a training ended."""

    cpu_seconds: float
    """Of all its threads."""
    seconds: float
    """By the clock."""
    stopped: bool
    """It hadn't ended by itself when its time was over."""
    exit_code: int


class _Running:
    """A training under way."""

    def __init__(self, runner: Runner, log: Path) -> None:
        self.name = runner.name
        self.finish: Finish | None = None
        self._started = perf_counter()
        self._spent = 0.0
        with log.open("wb") as said:
            pinned = ["taskset", "--cpu-list", str(runner.core), *runner.command]
            self._process = subprocess.Popen(pinned, stdout=said, stderr=subprocess.STDOUT, env=quiet_environment())

    def look(self, limit: float) -> None:
        """Note what it has spent, and whether it has ended; stop it at its limit."""
        if self.finish:
            return
        self._spent = max(self._spent, _processor_seconds(self._process.pid))
        if self._process.poll() is not None:
            self.finish = self._finished(stopped=False)
        elif self._spent >= limit:
            self.stop()

    def stop(self) -> None:
        """Interrupt it as Ctrl-C does, wait, and end for good what doesn't listen."""
        if self.finish:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self.finish = self._finished(stopped=True)

    def _finished(self, stopped: bool) -> Finish:
        elapsed = perf_counter() - self._started
        return Finish(round(self._spent, 1), round(elapsed, 1), stopped, self._process.returncode)

    def __str__(self) -> str:
        return f"{self.name} {self._spent / 60:.1f}"


def race(runners: Sequence[Runner], cpu_seconds: float, logs: Path) -> dict[str, Finish]:
    """Run all at once until each has ended, or has used up its time.

    Args:
        runners: what to run; one a core.
        cpu_seconds: of processor time for each; who has used them up is interrupted as by Ctrl-C.
        logs: folder that takes NAME.log of each.

    Raises:
        LprError: one failed by itself.
    """
    logs.mkdir(parents=True, exist_ok=True)
    # A shell's background job ignores Ctrl-C, and so would what it starts: nothing could be stopped with its work kept.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    running = [_Running(runner, logs / f"{runner.name}.log") for runner in runners]
    try:
        while not all(one.finish for one in running):
            sleep(LOOKS_EVERY)
            for one in running:
                one.look(cpu_seconds)
            _show_status(f"{', '.join(map(str, running))} of {cpu_seconds / 60:.0f} min of processor time")
    finally:
        for one in running:
            one.stop()
        _show_status("")
    finished = {one.name: one.finish for one in running if one.finish}
    for name, finish in finished.items():
        if finish.exit_code and not finish.stopped:
            raise LprError(f"{name} failed with exit status {finish.exit_code}: see {logs / name}.log")
    return finished


def _processor_seconds(pid: int) -> float:
    """What a process and all its threads have used (proc(5), fields 14 and 15); 0 after its end."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def _show_status(line: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)

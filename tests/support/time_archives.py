"""Throughput of `lpr-batch` on one core, compared with the single process `lpr-edge --source`.

python -m tests.support.time_archives --json FILE

Both read frames of the demo clip, saved as JPEG, on the same core, in turns. A picture's cost is taken between the end
of the first block of pictures and the end of the last one, so that start and end don't count. CPU time counts every
process, Ray's own too: these take theirs by the second, so that a machine with other load makes them seem dearer.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import chain, cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2

from lpr_bench.base.results import write_result
from lpr_edge.app.demo import open_demo
from lpr_edge.capture.frame import Frame

PAUSE_S = 0.1
REPORT_S = 15.0
TICKS = os.sysconf("SC_CLK_TCK")


class TreeClock:
    """Adds up the CPU time of a process and everything below it, also of what ends meanwhile."""

    def __init__(self, root: int) -> None:
        """Take the process."""
        self._root = root
        self._ticks: dict[int, int] = {}

    def cpu_s(self) -> float:
        """CPU seconds until now; who was in the tree once stays in it."""
        parents, ticks = {}, {}
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            except OSError:
                continue
            process = int(path.parent.name)
            parents[process], ticks[process] = int(fields[1]), int(fields[11]) + int(fields[12])
        members = {self._root, *self._ticks}
        grown = -1
        while grown != len(members):
            grown = len(members)
            members |= {process for process, parent in parents.items() if parent in members}
        self._ticks |= {process: ticks[process] for process in members & ticks.keys()}
        return sum(self._ticks.values()) / TICKS


@dataclass(frozen=True)
class Sample:
    """What a run took so far."""

    pictures: int
    """In blocks that are finished."""
    seconds: float
    cpu_s: float


@dataclass(frozen=True)
class Command:
    """One of the two programs."""

    name: str
    words: Sequence[str]
    """Of Python."""
    done: Callable[[], int]
    """Counts the pictures that are read."""


def write_pictures(folder: Path, count: int) -> Path:
    """Frames of the demo clip as JPEG files; the clip is repeated where they don't suffice."""
    folder.mkdir()
    source, _ = open_demo()
    frames = [frame.image_bgr for frame in source.frames if isinstance(frame, Frame)]
    step = 7  # neighbours in the clip look alike
    order = chain.from_iterable(range(start, len(frames), step) for start in range(step))
    for number, place in enumerate(islice(cycle(list(order)), count)):
        cv2.imwrite(str(folder / f"{number:05}.jpg"), frames[place], [cv2.IMWRITE_JPEG_QUALITY, 90])
    return folder


def timed(command: Command, block: int, core: int, log: Path, limit_s: float) -> dict[str, Any]:
    """Run a command on one core, with all that it starts; what it took at the end of each block, and in all.

    Args:
        command: to run.
        block: pictures of a block.
        core: where.
        log: gets what it prints.
        limit_s: it is stopped then.

    Raises:
        RuntimeError: it failed or took too long.
    """
    begin = said = time.monotonic()
    with log.open("wb") as file:
        words = ["taskset", "-c", str(core), sys.executable, *command.words]
        process = subprocess.Popen(words, stdout=file, stderr=subprocess.STDOUT)
    clock = TreeClock(process.pid)

    def sample() -> Sample:
        pictures = command.done() // block * block
        return Sample(pictures, round(time.monotonic() - begin, 3), round(clock.cpu_s(), 2))

    samples = [sample()]
    while (status := process.poll()) is None:
        now = sample()
        if now.pictures > samples[-1].pictures:
            samples.append(now)
        if now.seconds + begin - said >= REPORT_S:
            said = now.seconds + begin
            print(f"    {now.pictures} pictures, {now.seconds:.0f} s, {now.cpu_s:.0f} s of CPU", flush=True)
        if now.seconds > limit_s:
            process.terminate()
            process.wait()
            raise RuntimeError(f"not finished after {limit_s:.0f} s: wait for a quieter machine, or give --limit")
        time.sleep(PAUSE_S)
    if status:
        raise RuntimeError(log.read_text(encoding="utf-8", errors="replace")[-3000:])
    end = sample()
    blocks = samples[1:] if samples[-1].pictures == end.pictures else [*samples[1:], end]
    return {"command": command.name, "blocks": [asdict(each) for each in blocks], "end": asdict(end)}


def measure(pictures: int, block: int, rounds: int, limit_s: float) -> dict[str, Any]:
    """Both programs on one folder, in turns."""
    core = min(os.sched_getaffinity(0))
    runs: list[dict[str, Any]] = []
    loads: list[float] = []
    with TemporaryDirectory() as temporary:
        folder = write_pictures(Path(temporary, "pictures"), pictures)
        log = Path(temporary, "log")
        for number in range(1, rounds + 1):
            for command in commands(folder, Path(temporary, f"out-{number}"), block, log):
                print(f"round {number} of {rounds}: {command.name}, {pictures} pictures", flush=True)
                runs.append(timed(command, block, core, log, limit_s))
                loads.append(os.getloadavg()[0])
    return {
        "benchmark": "archives",
        "pictures": pictures,
        "block": block,
        "runs": runs,
        "cores": os.cpu_count(),
        "load_average": loads,
    }


def commands(folder: Path, out: Path, block: int, log: Path) -> tuple[Command, Command]:
    """Both programs on a folder.

    Args:
        folder: of pictures.
        out: for the results of `lpr-batch`.
        block: pictures of one part of them.
        log: what the single process prints.
    """
    flags = [str(folder), "--out", str(out), "--workers", "1", "--block", str(block)]
    return (
        Command("lpr-edge", ["-m", "lpr_edge", "--source", str(folder)], lambda: log.read_bytes().count(b'{"source"')),
        Command("lpr-batch", ["-m", "lpr_batch", *flags], lambda: block * len(list(out.glob("part-*")))),
    )


def main() -> int:
    """Measure, and write a result file."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pictures", type=int, default=256, help="of each run, whole blocks")
    parser.add_argument("--block", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--limit", type=float, default=600.0, help="seconds for one run")
    parser.add_argument("--json", type=Path)
    flags = parser.parse_args()
    result = measure(flags.pictures, flags.block, flags.rounds, flags.limit)
    if flags.json:
        write_result(flags.json, result)
    return 0


if __name__ == "__main__":
    sys.exit(main())

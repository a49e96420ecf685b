"""Throughput of `lpr-batch` on one core, compared with the single process `lpr-edge --source`.

python -m tests.support.time_archives --json FILE

Both read frames of the demo clip, saved as JPEG, on the same core, in turns. Each reads a small folder and a large one:
the difference is what further pictures cost, without the start. CPU time counts every process, Ray's own too.
"""

import argparse
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from itertools import chain, cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2

from lpr_bench.base.results import write_result
from lpr_edge.app.demo import open_demo
from lpr_edge.capture.frame import Frame

PAUSE_S = 0.1
TICKS = os.sysconf("SC_CLK_TCK")


class TreeClock(threading.Thread):
    """Adds up the CPU time of a process and everything below it, also of what ends meanwhile."""

    def __init__(self, root: int) -> None:
        """Take the process."""
        super().__init__(daemon=True)
        self._root = root
        self._ticks: dict[int, int] = {}
        self._ended = threading.Event()

    def run(self) -> None:
        """Look at all processes, again and again."""
        while not self._ended.wait(PAUSE_S):
            self.look()

    def look(self) -> None:
        """Note the CPU time of each process of the tree; who was in it once stays in it."""
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

    def stop(self) -> float:
        """CPU seconds until now."""
        self._ended.set()
        self.join()
        return sum(self._ticks.values()) / TICKS


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


def timed(words: Sequence[str], core: int, log: Path) -> dict[str, float]:
    """Wall-clock and CPU seconds of a command on one core.

    Raises:
        RuntimeError: it failed.
    """
    begin = time.monotonic()
    with log.open("wb") as file:
        process = subprocess.Popen(["taskset", "-c", str(core), *words], stdout=file, stderr=file)
        clock = TreeClock(process.pid)
        clock.start()
        status = process.wait()
    if status:
        raise RuntimeError(log.read_text(encoding="utf-8", errors="replace")[-3000:])
    return {"seconds": round(time.monotonic() - begin, 3), "cpu_s": round(clock.stop(), 2)}


def measure(small: int, large: int, rounds: int) -> dict[str, Any]:
    """Each program on each folder, in turns."""
    core = min(os.sched_getaffinity(0))
    runs: list[dict[str, Any]] = []
    with TemporaryDirectory() as temporary:
        folders = {count: write_pictures(Path(temporary, f"{count}"), count) for count in (small, large)}
        log = Path(temporary, "log")
        for number in range(rounds):
            for count, folder in folders.items():
                out = ["--out", f"{temporary}/out-{count}-{number}", "--workers", "1", "--block", "32"]
                commands = {
                    "lpr-edge": ["-m", "lpr_edge", "--source", str(folder)],
                    "lpr-batch": ["-m", "lpr_batch", str(folder), *out],
                }
                for name, words in commands.items():
                    run = {"command": name, "pictures": count, **timed([sys.executable, *words], core, log)}
                    runs.append(run)
                    print(run, flush=True)
    return {
        "benchmark": "archives",
        "runs": runs,
        "cores": os.cpu_count(),
        "load_average": os.getloadavg(),
    }


def main() -> int:
    """Measure, and write a result file."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--small", type=int, default=60)
    parser.add_argument("--large", type=int, default=360)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    flags = parser.parse_args()
    result = measure(flags.small, flags.large, flags.rounds)
    if flags.json:
        write_result(flags.json, result)
    return 0


if __name__ == "__main__":
    sys.exit(main())

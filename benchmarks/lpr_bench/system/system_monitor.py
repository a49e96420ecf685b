"""Monitor the machine during a measurement: its state before and after, and the load of other processes."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

from lpr_bench.system.environment import describe_state

BUSY_FROM = 0.05
"""Minimum load, in cores, of a process that is named."""


@dataclass
class Counters:
    """Processor time so far in seconds; None for unknown values."""

    clock: float
    own: float
    busy: float | None
    stolen: float | None
    processes: dict[tuple[int, str], float] = field(default_factory=dict)
    """(process id, name) -> seconds."""


@contextmanager
def observe(root: Path = Path("/")) -> Iterator[dict[str, Any]]:
    """Monitor the machine during a block.

    Args:
        root: folder of /proc and /sys; another one in tests.

    Yields:
        A record that is empty until the block ends, then holds `state_before`, `state_after` and `during`.
    """
    observed: dict[str, Any] = {}
    before, counted = describe_state(root), count(root)
    yield observed
    observed["during"] = between(counted, count(root))
    observed["state_before"], observed["state_after"] = before, describe_state(root)


def count(root: Path = Path("/")) -> Counters:
    """Read the counters of /proc."""
    own = os.times()
    busy, stolen = _machine_seconds(root)
    spent = own.user + own.system + own.children_user + own.children_system
    return Counters(perf_counter(), spent, busy, stolen, _process_seconds(root))


def between(start: Counters, end: Counters) -> dict[str, Any]:
    """Load between two readings in cores: 1.0 is one core all the time."""
    seconds = max(1e-9, end.clock - start.clock)
    own = (end.own - start.own) / seconds
    busy = None if start.busy is None or end.busy is None else (end.busy - start.busy) / seconds
    stolen = None if start.stolen is None or end.stolen is None else (end.stolen - start.stolen) / seconds
    return {
        "seconds": round(seconds, 1),
        "own_cores": round(own, 3),
        "other_cores": None if busy is None else round(max(0.0, busy - own), 3),
        "stolen_cores": None if stolen is None else round(stolen, 3),
        "busy_processes": _busiest(start, end, seconds),
    }


def _busiest(start: Counters, end: Counters, seconds: float) -> list[dict[str, Any]]:
    """Other processes in descending order of load; by name, as command lines can contain secrets."""
    cores = {
        key: (spent - start.processes.get(key, 0.0)) / seconds
        for key, spent in end.processes.items()
        if key[0] != os.getpid()
    }
    busy = sorted(((c, key[1]) for key, c in cores.items() if c >= BUSY_FROM), reverse=True)
    return [{"name": name, "cores": round(c, 2)} for c, name in busy[:8]]


def _machine_seconds(root: Path) -> tuple[float | None, float | None]:
    """Busy and stolen seconds of all cores together (proc(5): user nice system idle iowait irq softirq steal)."""
    try:
        fields = [int(word) for word in (root / "proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
        user, nice, system, _idle, _wait, irq, softirq, steal = fields
    except (OSError, ValueError):
        return None, None
    tick = os.sysconf("SC_CLK_TCK")
    return (user + nice + system + irq + softirq) / tick, steal / tick


def _process_seconds(root: Path) -> dict[tuple[int, str], float]:
    found = {}
    for path in (root / "proc").glob("[0-9]*/stat"):
        try:
            head, _, tail = path.read_text(encoding="utf-8", errors="replace").rpartition(")")
            words = tail.split()
            spent = (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
            found[int(path.parent.name), head.partition("(")[2]] = spent
        except (OSError, ValueError, IndexError):  # it ended while it was read
            continue
    return found

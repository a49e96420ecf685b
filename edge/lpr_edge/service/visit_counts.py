"""Today's vehicles: their number, directions, dwell times, and how many are inside; without plates."""

import json
import os
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from statistics import median
from threading import Lock
from typing import Any

from lpr_edge.contract.records import Record

NAME = "counts.json"
"""The file's name in the state folder."""
MAX_VISITS = 1000
"""Visits whose direction may still change."""
MAX_STAYS = 10_000
"""Stays of a day that the median is taken of."""


@dataclass
class Counts:
    """Counts of one camera, or of all."""

    vehicles: int = 0
    ins: int = 0
    outs: int = 0
    inside: int = 0
    """In minus out over all days, never below 0: who was inside before the first day leaves without having come."""
    stays_s: list[float] = field(default_factory=list)
    """Dwell times of those that have left."""

    def turn(self, way: str, back: bool = False) -> None:
        """Count a vehicle that went in or out, or undo that."""
        step = -1 if back else 1
        self.ins += step * (way == "in")
        self.outs += step * (way == "out")
        self.inside = max(0, self.inside + (step if way == "in" else -step))

    def begin_day(self) -> None:
        """Reset all counts except the vehicles inside."""
        self.vehicles = self.ins = self.outs = 0
        self.stays_s.clear()

    def record(self) -> Record:
        """Counts for the page."""
        stays = {"median": round(median(self.stays_s)), "longest": round(max(self.stays_s))} if self.stays_s else None
        return {"vehicles": self.vehicles, "in": self.ins, "out": self.outs, "inside": self.inside, "stay_s": stays}


class VisitCounts:
    """Counts events by day; a file preserves the counts over a restart. Thread-safe."""

    def __init__(self, path: Path | None = None, cameras: Sequence[str] = ()) -> None:
        """Continue from the counts of a file.

        Args:
            path: the file; None to keep them in memory alone.
            cameras: names of several, each of which is counted for itself, too.
        """
        self._path = path
        self._cameras = tuple(cameras)
        self._lock = Lock()
        self._day = _today()
        self._counts: dict[str, Counts] = {name: Counts() for name in ("", *cameras)}
        self._ways: OrderedDict[str, str] = OrderedDict()
        self._load()

    def count_event(self, record: Record) -> None:
        """Count an event, `plate` or `left`."""
        with self._lock:
            self._begin_day()
            for name, counts in self._counts.items():
                if name in ("", record.get("source")):
                    self._count(counts, record)
            if record.get("direction") in ("in", "out"):
                self._ways[record["id"]] = record["direction"]
                while len(self._ways) > MAX_VISITS:
                    self._ways.popitem(last=False)
            self._save()

    def snapshot(self) -> Record:
        """Today's counts, and those of each camera under `cameras`."""
        with self._lock:
            self._begin_day()
            cameras = {name: self._counts[name].record() for name in self._cameras}
            return {"day": self._day, **self._counts[""].record(), **({"cameras": cameras} if cameras else {})}

    def _count(self, counts: Counts, record: Record) -> None:
        counts.vehicles += record.get("event") == "plate"
        if record.get("event") == "left" and len(counts.stays_s) < MAX_STAYS:
            counts.stays_s.append(float(record["dwell_s"]))
        way, before = record.get("direction"), self._ways.get(record["id"])
        if way in ("in", "out") and way != before:
            if before:
                counts.turn(before, back=True)
            counts.turn(way)

    def _begin_day(self) -> None:
        if self._day != _today():
            self._day = _today()
            for counts in self._counts.values():
                counts.begin_day()

    def _load(self) -> None:
        if self._path is None:
            return
        with suppress(OSError, ValueError, TypeError, KeyError, AttributeError):  # missing, cut off, or of another lpr
            kept: dict[str, Any] = json.loads(self._path.read_text(encoding="utf-8"))
            found = {name: Counts(**values) for name, values in kept["counts"].items() if name in self._counts}
            self._day = str(kept["day"])
            self._counts |= found

    def _save(self) -> None:
        """Save the counts without waiting for the disk; a failure is ignored, as counts aren't worth an error."""
        if self._path is None:
            return
        counts = {name: asdict(counts) for name, counts in self._counts.items()}
        part = self._path.with_name(self._path.name + ".part")
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(json.dumps({"day": self._day, "counts": counts}), encoding="utf-8")
            os.replace(part, self._path)  # noqa: PTH105


def _today() -> str:
    return date.today().isoformat()

"""Watches the fraction of confident readings while a release is on probation; the counts are stored on disk."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock

from lpr_edge.contract.whole_files import write_whole

COUNTS = "counts.json"
MIN_READINGS = 100
"""Readings of the release and of the one before it, from which their shares are compared."""
MAX_DROP = 0.1
"""Of the share of confident readings, down to which a release stays."""
PROBATION_S = 3600.0
LONGEST_S = 86_400.0
"""After so long a release stays, however few readings there were."""
WINDOW = 10_000
"""Readings from which on a count is halved: what was long ago counts less."""


@dataclass
class Count:
    """Readings of one release."""

    confident: int = 0
    readings: int = 0
    seconds: float = 0.0
    """That it has run."""

    @property
    def share(self) -> float:
        """Fraction of confident readings; 0 without readings."""
        return self.confident / self.readings if self.readings else 0.0


class ConfidenceWatch:
    """Counts the readings of the active release; thread-safe."""

    def __init__(self, folder: Path, release: int | None) -> None:
        """Continue from the counts on disk, or from zero if they are unreadable.

        Args:
            folder: of the slots.
            release: that runs; None for the shipped models.
        """
        self._path, self._release = folder / COUNTS, str(release)
        self._counts = _read_counts(self._path)
        self._own = self._counts.setdefault(self._release, Count())
        self._lock = Lock()

    def add(self, confident: int, readings: int) -> None:
        """Count the readings of a frame, and the confident ones."""
        with self._lock:
            self._own.confident += confident
            self._own.readings += readings

    def save(self, seconds: float, kept: tuple[int | None, ...]) -> None:
        """Write the counts.

        Args:
            seconds: since the last call.
            kept: releases whose counts stay; this one's does in any case.

        Raises:
            OSError: they can't be written.
        """
        names = {self._release, *map(str, kept)}
        with self._lock:
            self._own.seconds += seconds
            if self._own.readings > WINDOW:
                self._own.readings //= 2
                self._own.confident //= 2
            kept_counts = {name: asdict(count) for name, count in self._counts.items() if name in names}
        write_whole(self._path, json.dumps(kept_counts).encode())

    def verdict(self, previous: int | None) -> tuple[bool | None, str]:
        """Decide whether the release is kept; None while it is too early. Returns the reason too.

        Args:
            previous: release before it; None for the shipped models.
        """
        with self._lock:
            now, before = Count(**asdict(self._own)), self._counts.get(str(previous), Count())
            is_comparable = min(now.readings, before.readings) >= MIN_READINGS
            if is_comparable and now.share < before.share - MAX_DROP:
                return False, f"{_percent(now)} of its readings are confident, and {_percent(before)} were before"
        if now.seconds >= PROBATION_S and is_comparable:
            return True, f"{_percent(now)} of its readings are confident, and {_percent(before)} were before"
        if now.seconds >= PROBATION_S and before.readings < MIN_READINGS:
            return True, "there were too few readings before it to compare with"
        if now.seconds >= LONGEST_S:
            return True, "there were too few readings to compare"
        return None, "on probation"


def forget_counts(folder: Path, release: int) -> None:
    """Reset a release's counts before it is tried again."""
    counts = _read_counts(folder / COUNTS)
    if counts.pop(str(release), None) is not None:
        write_whole(folder / COUNTS, json.dumps({name: asdict(count) for name, count in counts.items()}).encode())


def _percent(count: Count) -> str:
    return f"{100 * count.share:.0f} %"


def _read_counts(path: Path) -> dict[str, Count]:
    try:
        return {str(name): Count(**values) for name, values in json.loads(path.read_bytes()).items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}

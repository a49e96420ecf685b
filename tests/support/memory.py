"""What a long run holds in memory, whether that grows, and what it has left open.

Three quantities: resident memory, which a user sees; live Python blocks and the C heap in use, which neither pools nor
fragmentation hide. Memory may make one step, of a pool or of a table that is replaced by a larger one: it counts once.
"""

import gc
import sys
import threading
import time
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tests.support.heap import c_heap_bytes

from lpr_edge.base.board import memory_bytes

Floats = NDArray[np.float64]

EVERY = 100
"""Frames from one look at the resident memory to the next."""
INSIDE_EVERY = 2_000
"""Frames from one count of blocks and C heap to the next: a full garbage collection comes before each, so that garbage
in cycles, which the interpreter leaves until much has gathered, doesn't count."""
QUIET_LOOKS, QUIET_S = 10, 0.02
"""Looks for one count, and the pause before each: the least is when no other thread is at work on an image."""
NAMES, GROWN = 100_000, 500_000
"""Names that come and go before a run, at most: more than the interpreter's table of interned strings has free. Bytes
that it grows by at least, since it holds tens of thousands of strings."""
WARM = 1 / 3
"""Share of the run before its memory counts: caches fill, and each thread gets pools of its own from the allocator."""
FEWEST = 6
"""Of looks for a line with a step, which are three numbers; of fewer the rise is from the first to the last."""
POINTS = 60
"""Medians that a line is fitted to: what is held for a moment, or given back for one, doesn't move a median."""
MAX_SLOPE = 10.0
"""Bytes a frame that resident memory may rise by; what lpr once held for each saved picture made 64."""
MAX_STEP = 1.1e6
"""Bytes that it may rise by in any case: the interpreter takes memory for small objects in pools of a mebibyte."""
SHORT_RUN, MAX_SHORT_RISE = 10_000, 8e6
"""In a run of fewer frames than this, caches and the pools of some ten threads still fill: it may rise by so many
bytes. A picture kept for each event, or a frame for each hundred, is more."""
LONG_RUN = 150_000
"""From so many frames on, the slopes apart from a step count. `MAX_SLOPE` makes `MAX_STEP` in such a run; in a shorter
one, what is left of the warm-up is more than a slow leak."""
MAX_HEAP_AN_EVENT = 50.0
"""Bytes of the C heap an event: half of the smallest leak that shall be found, 100 bytes an event."""
MAX_BLOCKS_AN_EVENT = 0.25
"""Python blocks an event: an object that each event leaves behind is a whole one, that of each fourth a quarter."""


@dataclass
class Series:
    """One quantity at some frames, in arrays of numbers: as Python objects the notes themselves would be a leak."""

    frames: "array[int]" = field(default_factory=lambda: array("q"))
    values: "array[int]" = field(default_factory=lambda: array("q"))
    may_step: bool = True
    """Whether a step counts once; else it is a part of the slope."""

    @classmethod
    def of(cls, frames: Iterable[int], values: Iterable[int]) -> "Series":
        return cls(array("q", frames), array("q", values))

    def add(self, frame: int, value: int) -> None:
        self.frames.append(frame)
        self.values.append(value)

    def warm(self) -> tuple[Floats, Floats]:
        """Frames and values after the warm-up, (N,) float64 each."""
        begin = round(WARM * len(self.frames))
        return np.array(self.frames[begin:], float), np.array(self.values[begin:], float)

    def at_shares(self, parts: int) -> list[int]:
        """The values at the start and after each of so many equal parts."""
        last = len(self.values) - 1
        return [self.values[round(share * last)] for share in np.linspace(0, 1, parts + 1)] if self.values else []

    def slope(self) -> float:
        """Rise a frame after the warm-up, apart from one step of any size."""
        return self._line()[0]

    def rise(self) -> float:
        """What it rises by in all after the warm-up: the line's rise, and the step once."""
        frames, _ = self.warm()
        slope, step = self._line()
        return slope * float(np.ptp(frames)) + step if len(frames) else 0.0

    def _line(self) -> tuple[float, float]:
        """Slope and step by least squares: a line through medians, with one step where the rest is least then."""
        frames, values = self.warm()
        if len(frames) < FEWEST:
            return (float((values[-1] - values[0]) / np.ptp(frames)) if len(frames) > 1 else 0.0), 0.0
        x, y = _medians(frames), _medians(values)
        _, slope, step = min(_fit(x, y, at) for at in (range(2, len(x) - 1) if self.may_step else [len(x)]))
        return slope, step


def grow_name_table() -> None:
    """Intern strings and drop them until the interpreter's table of them is replaced by one of its lasting size.

    Places of dropped strings aren't used again until none is free. Then the table is rebuilt at three times of what it
    holds, rounded up to a power of two: in the process of a soak that is twice its size at the start, once. pathlib
    interns each part of a path, so names of files alone bring this about in a run.
    """
    before = c_heap_bytes()
    for number in range(NAMES):
        sys.intern(f"name {number}")
        if before is not None and number % 1000 == 0 and (c_heap_bytes() or 0) > before + GROWN:
            return


def _medians(values: Floats) -> Floats:
    return np.array([np.median(part) for part in np.array_split(values, min(POINTS, len(values)))])


def _fit(x: Floats, y: Floats, at: int) -> tuple[float, float, float]:
    """Sum of squares that a line with a step before the point `at` leaves, its slope and its step, 0 at the end."""
    terms = np.stack([x - x.mean(), np.ones_like(x), np.arange(len(x)) >= at], axis=1)
    found, *_ = np.linalg.lstsq(terms, y, rcond=None)
    rest = y - terms @ found
    return float(rest @ rest), float(found[0]), float(found[2])


@dataclass
class Memory:
    """What the process held, frame by frame."""

    resident: Series = field(default_factory=Series)
    """Bytes."""
    blocks: Series = field(default_factory=lambda: Series(may_step=False))
    """Objects and parts of them of up to 512 bytes, which the interpreter keeps in pools."""
    heap: Series = field(default_factory=Series)
    """Bytes that libraries and larger Python objects hold; empty where libc can't say."""

    def look(self, frame: int) -> None:
        """Note the resident memory at a frame, now and again."""
        if frame % EVERY == 0:
            self.resident.add(frame, memory_bytes())

    def look_inside(self, frame: int) -> None:
        """Count what is live, now and again; called at the same frame of each turn, since each holds other images."""
        if self.blocks.frames and frame < self.blocks.frames[-1] + INSIDE_EVERY:
            return
        gc.collect()
        blocks, heap = [], []
        for _ in range(QUIET_LOOKS):
            time.sleep(QUIET_S)
            blocks.append(sys.getallocatedblocks())
            heap.append(c_heap_bytes())
        self.blocks.add(frame, min(blocks))
        held = [size for size in heap if size is not None]
        if held:
            self.heap.add(frame, min(held))

    @property
    def length(self) -> int:
        """Frames of the run."""
        return self.resident.frames[-1] if self.resident.frames else 0

    def problems(self, events: int) -> list[str]:
        """What rises by more than it may, a sentence each; none where the memory stays where it is.

        Args:
            events: announced in the whole run.
        """
        short = self.length < SHORT_RUN
        allowed = MAX_SHORT_RISE if short else max(MAX_STEP, MAX_SLOPE * (1 - WARM) * self.length)
        checks = [("resident memory rises", self.resident.rise() / 1e6, allowed / 1e6, "MB")]
        if self.length >= LONG_RUN:
            checks += [
                ("resident memory rises apart from one step", self.resident.slope(), MAX_SLOPE, "bytes a frame"),
                ("the C heap grows", self._an_event(self.heap, events), MAX_HEAP_AN_EVENT, "bytes an event"),
                ("Python blocks grow", self._an_event(self.blocks, events), MAX_BLOCKS_AN_EVENT, "an event"),
            ]
        return [
            f"{what} by {value:.2f} {unit}; at most {limit:.3g}" for what, value, limit, unit in checks if value > limit
        ]

    def is_flat(self, events: int) -> bool:
        """Tell whether it stays where it is; see `problems`."""
        return not self.problems(events)

    def lines(self, events: int) -> list[str]:
        """How it went, in words; see `problems`."""
        said = [
            f"memory: resident {self.resident.rise() / 1e6:+.1f} MB in the last two thirds "
            f"({self.resident.slope():+.2f} kB every 1,000 frames apart from one step; at most {MAX_SLOPE:g}); "
            f"at each fifth {', '.join(f'{size / 1e6:.1f}' for size in self.resident.at_shares(5))} MB",
            self._inside("Python blocks", self.blocks, events, MAX_BLOCKS_AN_EVENT),
            self._inside("C heap, bytes", self.heap, events, MAX_HEAP_AN_EVENT)
            if self.heap.frames
            else "memory: the C heap isn't known, since this libc has no mallinfo2",
        ]
        return said + [f"memory: {problem}" for problem in self.problems(events)]

    def _inside(self, name: str, series: Series, events: int, limit: float) -> str:
        judged = f"at most {limit:g}" if self.length >= LONG_RUN else f"judged from {LONG_RUN:,} frames on"
        return (
            f"memory: {name}: {1000 * series.slope():+.1f} every 1,000 frames, "
            f"{self._an_event(series, events):+.2f} an event ({judged}); {series.rise():+.0f} in the last two thirds"
        )

    def _an_event(self, series: Series, events: int) -> float:
        return series.slope() * self.length / max(1, events)

    def record(self, events: int) -> dict[str, Any]:
        """The figures for the result file, by their field's name; None where libc can't say."""
        has_heap = bool(self.heap.frames)
        return {
            "memory_bytes_a_frame": round(self.resident.slope(), 2),
            "memory_rise_bytes": round(self.resident.rise()),
            "python_blocks_an_event": round(self._an_event(self.blocks, events), 3),
            "c_heap_bytes_an_event": round(self._an_event(self.heap, events), 1) if has_heap else None,
            "memory_at_each_twentieth": {
                "resident_bytes": self.resident.at_shares(20),
                "python_blocks": self.blocks.at_shares(20),
                "c_heap_bytes": self.heap.at_shares(20),
            },
        }


@dataclass(frozen=True)
class Leftovers:
    """What a process has open."""

    threads: int
    handles: int

    @classmethod
    def now(cls) -> "Leftovers":
        """When what is under way has come to rest."""
        time.sleep(1.0)
        gc.collect()  # paho's client closes its own pair of sockets then
        return cls(threading.active_count(), len(list(Path("/proc/self/fd").iterdir())))

"""What a long run holds in memory, whether that grows, and what it has left open."""

import gc
import math
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from lpr_edge.base.board import memory_bytes

EVERY = 100
"""Frames from one look at the memory to the next."""
WARM = 1 / 3
"""Share of the run before its memory counts: caches fill, and each thread gets pools of its own from the allocator."""
MAX_SLOPE = 10.0
"""Bytes a frame that the fitted line may rise by; what lpr once held for each saved picture made 64."""
MAX_STEP = 1.5e6
"""Bytes that it may rise by in any case: memory comes from the allocator in pools of up to a megabyte."""
SHORT_RUN, MAX_SHORT_RISE = 10_000, 8e6
"""In a run of fewer frames than this, caches and the pools of some ten threads still fill: it may rise by so many
bytes. A picture kept for each event, or a frame for each hundred, is more."""


@dataclass
class Memory:
    """What the process held, frame by frame."""

    frames: list[int] = field(default_factory=list)
    resident: list[int] = field(default_factory=list)

    def look(self, frame: int) -> None:
        """Note what is held at a frame, now and again."""
        if frame % EVERY == 0:
            self.frames.append(frame)
            self.resident.append(memory_bytes())

    def slope(self) -> tuple[float, float]:
        """Bytes a frame by least squares after the warm-up, and the standard error of that."""
        begin = round(WARM * len(self.frames))
        x, y = np.array(self.frames[begin:], float), np.array(self.resident[begin:], float)
        if len(x) < 3:
            return 0.0, math.inf
        slope, start = np.polyfit(x, y, 1)
        rest = y - slope * x - start
        return float(slope), float(np.sqrt((rest @ rest) / (len(x) - 2) / ((x - x.mean()) @ (x - x.mean()))))

    def growth(self) -> float:
        """Bytes that the line rises by after the warm-up."""
        return self.slope()[0] * (1 - WARM) * self.frames[-1]

    def is_flat(self) -> bool:
        """Tell whether it stays where it is."""
        allowed = MAX_SHORT_RISE if self.frames[-1] < SHORT_RUN else MAX_STEP
        return self.slope()[0] <= MAX_SLOPE or self.growth() <= allowed

    def line(self, events: int) -> str:
        """How it went, in words.

        Args:
            events: announced in the whole run.
        """
        slope, error = self.slope()
        an_event = slope * self.frames[-1] / max(1, events)
        fifths = [self.resident[round(share * (len(self.resident) - 1))] for share in np.linspace(0, 1, 6)]
        return (
            f"memory: {slope:+.2f} kB every 1,000 frames (± {error:.2f}; at most {MAX_SLOPE:g}), "
            f"{an_event:+.0f} bytes an event, {self.growth() / 1e6:+.1f} MB in all, by least squares over the last "
            "two thirds; at each fifth "
            f"{', '.join(f'{size / 1e6:.1f}' for size in fifths)} MB"
        )


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

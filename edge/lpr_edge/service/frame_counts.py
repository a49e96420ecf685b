"""Statistics of the frames and events of one camera, or of all."""

from collections import deque
from collections.abc import Sequence

import numpy as np

from lpr_edge.contract.records import Record

WINDOW_S = 10.0
"""Length in seconds of the window for rates and times."""


class FrameCounts:
    """Counts frames and events, and stores the last seconds only; the caller holds the lock."""

    def __init__(self, start: float) -> None:
        """Start counting at a time (`monotonic`, as all times here)."""
        self.frames = self.events = self._skipped = 0
        self.total_ms = 0.0
        """That detector and reader took for all frames."""
        self._start = start
        self._last: float | None = None
        self._recent: deque[tuple[float, float, float | None]] = deque()
        """When a frame was read, what it took, and how old it was, the last two in milliseconds."""

    def add(self, now: float, milliseconds: float, age_ms: float | None, is_skipped: bool = False) -> None:
        """Count a frame that was read, or skipped because nothing in it moved."""
        self.frames += 1
        self._skipped += is_skipped
        self.total_ms += milliseconds
        self._last = now
        self._recent.append((now, milliseconds, age_ms))
        self._forget(now)

    def since_frame_s(self, now: float) -> float:
        """Seconds since the last frame was read or, before the first one, since the start."""
        last = self._last
        return now - (self._start if last is None else last)

    def snapshot(self, now: float) -> Record:
        """Counts, rate and times under their names in the metrics."""
        self._forget(now)
        return {
            "frames": self.frames,
            "events": self.events,
            "skipped_share": round(self._skipped / max(1, self.frames), 3),
            "fps": round(len(self._recent) / max(1e-3, min(WINDOW_S, now - self._start)), 2),
            "latency_ms": _p50_p95([latency for _, latency, _ in self._recent]),
            "frame_age_ms": _p50_p95([age for _, _, age in self._recent if age is not None]),
            "since_frame_s": round(self.since_frame_s(now), 1),
        }

    def _forget(self, now: float) -> None:
        while self._recent and now - self._recent[0][0] > WINDOW_S:
            self._recent.popleft()


def _p50_p95(values: Sequence[float]) -> Record | None:
    """Median and 95th percentile, rounded to a tenth; None without values."""
    if not values:
        return None
    p50, p95 = np.quantile(values, (0.5, 0.95))
    return {"p50": round(float(p50), 1), "p95": round(float(p95), 1)}

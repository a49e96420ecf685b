"""Time budget of a frame: how many times a plate may be read before the next frame arrives."""

from collections import deque
from datetime import datetime

MAX_VIEWS = 5
"""Times that a plate is read in one frame, at most."""
SHARE = 0.7
"""Of the time between two frames that may be spent on one."""
WINDOW = 30
"""Frames whose shortest interval is taken for the camera's own: the others may have waited for this program."""
KEPT = 0.9
"""Share that a mean time keeps with one more measurement."""


class TimeBudget:
    """Measures the frame interval and the reading time. For a video file the budget is unlimited: its frames wait."""

    def __init__(self) -> None:
        self._intervals_s: deque[float] = deque(maxlen=WINDOW)
        self._last: datetime | None = None
        self._is_live = False
        self._base_ms = self._reading_ms = 0.0

    @property
    def views(self) -> int:
        """Number of views in which a plate may be read in this frame, at least 1."""
        if not self._is_live:
            return MAX_VIEWS
        if not self._intervals_s or not self._reading_ms:
            return 1
        left_ms = SHARE * 1000 * min(self._intervals_s) - self._base_ms
        return 1 + max(0, min(MAX_VIEWS - 1, int(left_ms / self._reading_ms)))

    def come(self, time: datetime, is_live: bool) -> None:
        """Record the arrival time of a frame."""
        self._is_live = is_live
        if self._last is not None and time > self._last:
            self._intervals_s.append((time - self._last).total_seconds())
        self._last = time

    def spent(self, detect_ms: float, read_ms: float, readings: int) -> None:
        """Record how long detection and readings of a frame took, in milliseconds."""
        if readings:
            self._reading_ms = _mean(self._reading_ms, read_ms / readings)
        self._base_ms = _mean(self._base_ms, detect_ms + self._reading_ms)


def _mean(before: float, measured: float) -> float:
    return KEPT * before + (1 - KEPT) * measured if before else measured

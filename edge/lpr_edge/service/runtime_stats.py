"""Runtime statistics for the live page, Prometheus and MQTT metrics."""

from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from time import monotonic

import numpy as np

from lpr_edge import __version__
from lpr_edge.base.board import free_bytes, memory_bytes, temperature_c
from lpr_edge.capture.frame import Frame
from lpr_edge.contract.records import SCHEMA, Record, iso_time
from lpr_edge.vision.plates import FrameResult

WINDOW_S = 10.0
"""Length in seconds of the window for rates and times."""
MOST_EVENTS = 20
"""Number of recent events kept for the live page."""
LOOK_S = 2.0
"""Minimum seconds between queries of the outbox."""

Waiting = Callable[[], Mapping[str, int]]


class RuntimeStats:
    """Counts while frames are read; any thread may ask. It keeps no more than the last seconds."""

    def __init__(
        self,
        device: str = "",
        models: Mapping[str, str] | None = None,
        disk: Path = Path(),
        waiting: Waiting = dict,
        set_aside: Waiting = dict,
    ) -> None:
        """Begin to count.

        Args:
            device: this device's name.
            models: what runs, by kind.
            disk: where what is stored lies.
            waiting: gives how many events each sink has yet to get.
            set_aside: gives how many events are kept that each sink has refused; under `damaged`, that can't be read.
        """
        self.device = device
        self.models = dict(models or {})
        self._waiting, self._set_aside = waiting, set_aside
        self._disk = disk
        self._lock = Lock()
        self._start = monotonic()
        self._recent: deque[tuple[float, float, float | None]] = deque()
        """When a frame was read, what it took, and how old it was, the last two in milliseconds."""
        self._events: deque[Record] = deque(maxlen=MOST_EVENTS)
        self._source = ""
        self._frames = self._event_count = 0
        self._total_ms = 0.0
        self._last: float | None = None
        self._asked = float("-inf")
        """When the outbox was last asked."""
        self._outbox: Record = {}

    def note(self, frame: Frame, result: FrameResult) -> None:
        """Count a frame that was read."""
        now, milliseconds = monotonic(), result.detect_ms + result.read_ms
        with self._lock:
            self._frames += 1
            self._total_ms += milliseconds
            self._last, self._source = now, frame.source
            self._recent.append((now, milliseconds, frame.age_ms))
            self._forget(now)

    def hear(self, record: Record) -> None:
        """Count an event; one of a vehicle that has left completes that of its plate."""
        with self._lock:
            if record.get("event") == "left":
                self._complete(record)
                return
            self._event_count += 1
            self._events.append(record)

    def _complete(self, left: Record) -> None:
        for place, known in enumerate(self._events):
            if known.get("id") == left["id"]:
                self._events[place] = known | {key: left[key] for key in ("last_seen", "dwell_s", "direction")}

    def events(self) -> list[Record]:
        """The recent events, newest first."""
        with self._lock:
            return list(reversed(self._events))

    def since_frame_s(self) -> float:
        """How long ago the last frame was read; before the first, how long it has been waited for."""
        last = self._last
        return monotonic() - (self._start if last is None else last)

    def totals(self) -> tuple[int, float]:
        """Frames read, and the milliseconds that detector and reader took for them."""
        with self._lock:
            return self._frames, self._total_ms

    def snapshot(self) -> Record:
        """All of it as a record: the message at `lpr/<device>/metrics`, documented by a JSON schema."""
        now = monotonic()
        with self._lock:
            self._forget(now)
            recent = list(self._recent)
            counts: Record = {"source": self._source, "frames": self._frames, "events": self._event_count}
        free = free_bytes(self._disk)
        return {
            "schema": SCHEMA,
            "device": self.device,
            "time": iso_time(datetime.now(UTC)),
            "lpr": __version__,
            "models": self.models,
            "uptime_s": round(now - self._start, 1),
            **counts,
            "fps": round(len(recent) / max(1e-3, min(WINDOW_S, now - self._start)), 2),
            "latency_ms": _p50_p95([latency for _, latency, _ in recent]),
            "frame_age_ms": _p50_p95([age for _, _, age in recent if age is not None]),
            "since_frame_s": round(self.since_frame_s(), 1),
            "temperature_c": temperature_c(),
            "memory_mb": round(memory_bytes() / 1e6, 1),
            "disk_free_mb": None if free is None else round(free / 1e6),
            **self._of_outbox(now),
        }

    def _forget(self, now: float) -> None:
        while self._recent and now - self._recent[0][0] > WINDOW_S:
            self._recent.popleft()

    def _of_outbox(self, now: float) -> Record:
        if now - self._asked >= LOOK_S:
            self._asked = now
            self._outbox = {"outbox": dict(self._waiting()), "set_aside": dict(self._set_aside())}
        return self._outbox


def _p50_p95(values: list[float]) -> Record | None:
    """Median and 95th percentile, to a tenth; None where there is nothing."""
    if not values:
        return None
    p50, p95 = np.quantile(values, (0.5, 0.95))
    return {"p50": round(float(p50), 1), "p95": round(float(p95), 1)}

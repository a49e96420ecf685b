"""Runtime statistics for the live page, Prometheus and MQTT metrics."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from time import monotonic

from lpr_edge import __version__
from lpr_edge.base.board import free_bytes, memory_bytes, temperature_c
from lpr_edge.capture.frame import Frame
from lpr_edge.contract.records import SCHEMA, Record, iso_time
from lpr_edge.service.frame_counts import FrameCounts
from lpr_edge.service.visit_counts import VisitCounts
from lpr_edge.vision.plates import FrameResult

MAX_EVENTS = 20
"""Number of recent events kept for the live page."""
OUTBOX_EVERY_S = 2.0
"""Minimum seconds between queries of the outbox."""

Waiting = Callable[[], Mapping[str, int]]


class RuntimeStats:
    """Counts frames and events; thread-safe. Only the last seconds are stored."""

    def __init__(
        self,
        device: str = "",
        models: Mapping[str, str] | None = None,
        disk: Path = Path(),
        waiting: Waiting = dict,
        set_aside: Waiting = dict,
        cameras: Sequence[str] = (),
        counts_file: Path | None = None,
        on_result: Callable[[FrameResult], None] = lambda _: None,
        model_update: Callable[[], Record | None] = lambda: None,
    ) -> None:
        """Start counting.

        Args:
            device: this device's name.
            models: what runs, by kind.
            disk: where what is stored lies.
            waiting: gives how many events each sink has yet to get.
            set_aside: gives how many events are kept that each sink has refused; under `damaged`, that can't be read.
            cameras: names of several, each of which is counted for itself, too; empty where there is one.
            counts_file: keeps `visits` over a restart; None to keep them in memory alone.
            on_result: called with what was read of each frame.
            model_update: gives how model updates stand; None where they are off.
        """
        self.device = device
        self.models = dict(models or {})
        self._waiting, self._set_aside = waiting, set_aside
        self._on_result, self._model_update = on_result, model_update
        self._disk = disk
        self._lock = Lock()
        self._start = monotonic()
        self.cameras = tuple(cameras)
        self.visits = VisitCounts(counts_file, cameras)
        """Today's vehicles, and those inside."""
        self._counts = FrameCounts(self._start)
        self._by_camera = {name: FrameCounts(self._start) for name in cameras}
        self._events: deque[Record] = deque(maxlen=MAX_EVENTS)
        self._source = ""
        self._asked = float("-inf")
        """When the outbox was last asked."""
        self._outbox: Record = {}

    def add(self, frame: Frame, result: FrameResult) -> None:
        """Count a frame that was read."""
        self._on_result(result)
        now = monotonic()
        with self._lock:
            self._source = frame.source
            for counts in self._counts_of(frame.source):
                counts.add(now, result.detect_ms + result.read_ms, frame.age_ms, result.is_skipped)

    def count_event(self, record: Record) -> None:
        """Count an event; the departure of a vehicle completes the event of its plate."""
        if record.get("event") in ("plate", "left"):
            self.visits.count_event(record)
        with self._lock:
            if record.get("event") == "left":
                self._complete(record)
                return
            self._events.append(record)
            for counts in self._counts_of(record.get("source", "")):
                counts.events += 1

    def _counts_of(self, source: str) -> Iterator[FrameCounts]:
        """Counts of all cameras, and of the one with that name."""
        yield self._counts
        if source in self._by_camera:
            yield self._by_camera[source]

    def _complete(self, left: Record) -> None:
        for place, known in enumerate(self._events):
            if known.get("id") == left["id"]:
                self._events[place] = known | {key: left[key] for key in ("last_seen", "dwell_s", "direction")}

    def events(self) -> list[Record]:
        """Recent events, newest first."""
        with self._lock:
            return list(reversed(self._events))

    def since_frame_s(self) -> float:
        """Seconds since the last frame was read or, before the first one, since the start."""
        return self._counts.since_frame_s(monotonic())

    def cameras_since_frame_s(self) -> dict[str, float]:
        """Seconds since the last frame of each camera, with several cameras."""
        now = monotonic()
        return {name: counts.since_frame_s(now) for name, counts in self._by_camera.items()}

    def totals(self) -> tuple[int, float]:
        """Number of frames read, and the milliseconds that detector and reader took for them."""
        with self._lock:
            return self._counts.frames, self._counts.total_ms

    def camera_totals_ms(self) -> dict[str, float]:
        """Milliseconds that detector and reader took for each camera's frames, with several cameras."""
        with self._lock:
            return {name: counts.total_ms for name, counts in self._by_camera.items()}

    def snapshot(self) -> Record:
        """All statistics as a record: the message at `lpr/<device>/metrics`, documented by a JSON schema."""
        now = monotonic()
        with self._lock:
            counts, source = self._counts.snapshot(now), self._source
            cameras = {name: own.snapshot(now) for name, own in self._by_camera.items()}
        free, update = free_bytes(self._disk), self._model_update()
        return {
            "schema": SCHEMA,
            "device": self.device,
            "time": iso_time(datetime.now(UTC)),
            "lpr": __version__,
            "models": self.models,
            **({"model_update": update} if update else {}),
            "uptime_s": round(now - self._start, 1),
            "source": ",".join(cameras) or source,
            **counts,
            **({"cameras": cameras} if cameras else {}),
            "temperature_c": temperature_c(),
            "memory_mb": round(memory_bytes() / 1e6, 1),
            "disk_free_mb": None if free is None else round(free / 1e6),
            **self._of_outbox(now),
        }

    def _of_outbox(self, now: float) -> Record:
        if now - self._asked >= OUTBOX_EVERY_S:
            self._asked = now
            self._outbox = {"outbox": dict(self._waiting()), "set_aside": dict(self._set_aside())}
        return self._outbox

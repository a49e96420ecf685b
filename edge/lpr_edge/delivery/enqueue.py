"""Enqueues each event: first into the outbox, then to stdout and to the delivery workers."""

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from time import monotonic

from lpr_edge.base.clock import Clock
from lpr_edge.base.log import log_info, warn
from lpr_edge.contract.records import Record, Sighting
from lpr_edge.delivery.delivery_worker import DeliveryWorker
from lpr_edge.delivery.event_counts import HELD, Backlog
from lpr_edge.delivery.heartbeat import Heartbeat
from lpr_edge.delivery.outbox import Outbox
from lpr_edge.delivery.retention import Retention
from lpr_edge.delivery.sink import Sink

MAX_HELD = 10_000
"""Maximum number of events kept in memory while the disk is full."""
MAX_HELD_BYTES = 50_000_000
"""Maximum size of their pictures; beyond it, further events are kept without pictures."""
MAX_RENAMED = 1000
"""Maximum number of visits whose other id is remembered."""
TRY_AGAIN_S = 5.0
"""Seconds between attempts to store them, unless a new event comes."""
WRITTEN = 4
"""Number of times that SQLite writes stored data until it is deleted: log and file, for storing and for wiping."""
CLOSE_S = 0.7
"""Seconds that sinks may take at the end, so that a stop takes less than 2 s."""

TakePictures = Callable[[Sighting], Mapping[str, bytes]]


class EventEnqueuer:
    """A sink that stores events in the outbox and passes them to all other sinks."""

    def __init__(
        self,
        outbox: Outbox,
        stdout: Sink,
        workers: Sequence[DeliveryWorker] = (),
        retention: Retention | None = None,
        take_pictures: TakePictures | None = None,
        heartbeats: Sequence[Heartbeat] = (),
        backlog: Backlog | None = None,
    ) -> None:
        """Connect the outbox with its sinks.

        Args:
            outbox: stores each event first.
            stdout: receives each event after that.
            workers: deliver to the other sinks.
            retention: keeps the disk from filling up.
            take_pictures: makes the JPEGs of an event, for sinks that want them.
            heartbeats: report on the device until the end.
            backlog: of the same outbox; where others look at it too.
        """
        self.outbox = outbox
        self._stdout = stdout
        self._workers = workers
        self._retention = retention
        self._take_pictures = take_pictures
        self._heartbeats = heartbeats
        self._backlog = backlog or Backlog(outbox)
        self._held = self._backlog.held
        self._lost = self._bare = 0
        self._clock = Clock()
        self._renamed: dict[str, str] = {}
        """Id of a visit -> the id under which its plate is stored, where another event has that id already."""
        self._failed_at: float | None = None
        """When the outbox last failed to store an event (`monotonic`); None while it works."""

    def write(self, record: Record, event: Sighting | None = None) -> None:
        """Store an event, write it to stdout and wake the workers; while the disk is full, keep it in memory."""
        pictures = self._take_pictures(event) if self._take_pictures and event else {}
        self._hold(record, pictures)
        self._store_held()

    def stop_waiting(self) -> None:
        """Stop waiting for a slow reader of stdout."""
        self._stdout.stop_waiting()

    def tick(self) -> None:
        """Try again to store events held in memory, and adjust to a changed clock."""
        self._stdout.tick()
        self._follow_clock()
        if self._failed_at is not None and monotonic() - self._failed_at >= TRY_AGAIN_S:
            self._store_held()

    def waiting(self) -> dict[str, int]:
        """See `Backlog.waiting`."""
        return self._backlog.waiting()

    def set_aside(self) -> dict[str, int]:
        """See `Backlog.set_aside`."""
        return self._backlog.set_aside()

    def close(self) -> None:
        """Store events held in memory, and let the sinks finish."""
        for heartbeat in self._heartbeats:
            heartbeat.close()
        self._store_held()
        if self._held:
            warn(f"{len(self._held)} events could not be stored, and are lost")
        for worker in self._workers:
            worker.start_closing(CLOSE_S)
        for worker in self._workers:
            worker.close()
        if self._retention:
            self._retention.close()
        self._report_waiting()
        self.outbox.close()
        self._stdout.close()

    def _follow_clock(self) -> None:
        """Correct the time of this run's events after the clock was set, so that they are deleted at the right age."""
        change = self._clock.follow()
        if not change:
            return
        try:
            self.outbox.move_times(change.total_seconds())
        except sqlite3.Error as error:
            warn(f"the outbox {self.outbox.path} can't follow the clock ({error})")

    def _hold(self, record: Record, pictures: Mapping[str, bytes]) -> None:
        if len(self._held) == MAX_HELD:
            self._held.popleft()
            self._lost += 1
            if self._lost == 1:
                warn(f"more than {MAX_HELD} events are held in memory: the oldest are lost from now on")
        self._held.append((record, self._that_fit(pictures)))

    def _that_fit(self, pictures: Mapping[str, bytes]) -> Mapping[str, bytes]:
        """The event's pictures, or none if memory is short: the record matters more."""
        if _size(pictures) + sum(_size(held) for _, held in self._held) <= MAX_HELD_BYTES:
            return pictures
        self._bare += 1
        if self._bare == 1:
            warn(f"more than {MAX_HELD_BYTES / 1e6:g} MB of pictures can't be held in memory: events go without them")
        return {}

    def _store_held(self) -> None:
        while self._held:
            try:
                record, pictures = self._held[0]
                record = record | {"id": self._renamed.get(record["id"], record["id"])}
                stored = self.outbox.add(record, pictures if self._has_room(record, pictures) else {})
            except sqlite3.Error as error:
                self._report_error(error)
                return
            first, _ = self._held.popleft()
            self._log_new_id(first["id"], stored["id"])
            self._stdout.write(stored)
            for worker in self._workers:
                worker.wake()
        if self._failed_at is not None:
            self._failed_at = None
            log_info(f"the outbox {self.outbox.path} takes events again")

    def _log_new_id(self, wanted: str, given: str) -> None:
        """Store the id that a visit got, so that its next event gets the same one."""
        if wanted != given:
            self._renamed[wanted] = given
        if len(self._renamed) > MAX_RENAMED:
            del self._renamed[next(iter(self._renamed))]

    def _has_room(self, record: Record, pictures: Mapping[str, bytes]) -> bool:
        """Free space within the quota; returns False if the pictures are too large for it."""
        return self._retention is None or self._retention.make_room(
            WRITTEN * (len(json.dumps(record)) + _size(pictures))
        )

    def _report_error(self, error: sqlite3.Error) -> None:
        if self._failed_at is None:
            warn(f"the outbox {self.outbox.path} takes no events ({error}): they are held in memory, make room")
        self._failed_at = monotonic()

    def _report_waiting(self) -> None:
        for name, count in self.waiting().items():
            if count and name != HELD:
                log_info(f"{count} events for {name} wait in {self.outbox.path} for the next start")


def _size(pictures: Mapping[str, bytes]) -> int:
    return sum(map(len, pictures.values()))

"""Delivers the events of the outbox to one sink, in order, in a thread; failed deliveries are retried."""

import json
import sqlite3
from collections.abc import Callable
from threading import Event as Flag
from threading import Thread
from time import monotonic

from lpr_edge.base.log import log_debug, log_info, warn
from lpr_edge.base.workers import FAULTS, surviving
from lpr_edge.contract.base.errors import LprError
from lpr_edge.delivery.outbox import Outbox
from lpr_edge.delivery.sink import BatchTarget, RefusedError, StoredEvent, Target

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 60.0
"""Range of the pause between retries, which doubles each time."""
CHECK_EVERY_S = 5.0
"""Seconds between looks for new events when nothing wakes the worker."""
GATHER_S = 3.0
"""Seconds for which events are gathered for a target that takes several at once."""
MAX_GATHERED = 50
"""Events of one such delivery; their pictures are in memory meanwhile."""


class DeliveryWorker:
    """Delivers events to one target."""

    def __init__(
        self,
        target: Target,
        outbox: Outbox,
        first_wait_s: float = FIRST_WAIT_S,
        make_room: Callable[[int], object] | None = None,
    ) -> None:
        """Start delivering; events of an earlier run come first.

        Args:
            target: the destination.
            outbox: the source of events.
            first_wait_s: pause after the first failure.
            make_room: called before each delivery with the maximum number of bytes that it may write to this disk.
        """
        self.target = target
        self.failures = 0
        """Failed attempts since the last success."""
        self._outbox = outbox
        self._first_wait_s = first_wait_s
        self._make_room = make_room
        self._woken = Flag()
        self._closing = False
        self._deadline = 0.0
        self._thread = Thread(target=self._run, name=f"lpr-{target.name}", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Wake the worker for a new event; the pause after a failure isn't shortened."""
        self._woken.set()

    def start_closing(self, timeout_s: float) -> None:
        """Deliver the remaining events until the time-out, or until an attempt fails."""
        self._deadline = monotonic() + timeout_s
        self._closing = True
        self._woken.set()

    def close(self) -> None:
        """Wait for the thread as set by `start_closing`; a target that hangs is abandoned."""
        self._thread.join(max(0.0, self._deadline - monotonic()))

    def _run(self) -> None:
        while not (self._closing and monotonic() >= self._deadline):
            self._woken.clear()
            goes_on = self._try_next()
            if goes_on:
                continue
            if self._closing:
                break
            if isinstance(self.target, BatchTarget):
                with surviving(self.target.name):
                    self.target.tick()
            self._pause()
        with surviving(f"closing {self.target.name}"):
            self.target.close()

    def _pause(self) -> None:
        """Wait for new events, or after a failure for the retry pause."""
        if not self.failures:
            if self._woken.wait(CHECK_EVERY_S) and isinstance(self.target, BatchTarget):
                self._gather()
            return
        end = monotonic() + min(LONGEST_WAIT_S, self._first_wait_s * 2 ** min(self.failures - 1, 10))
        while not self._closing and (left := end - monotonic()) > 0:
            self._woken.wait(min(left, 0.2))
            if not self._closing:
                self._woken.clear()

    def _gather(self) -> None:
        """Wait for more events, unless it is time to close."""
        end = monotonic() + GATHER_S
        while not self._closing and (left := end - monotonic()) > 0:
            self._woken.clear()
            if not self._closing:  # a stop that came before `clear` wakes nobody
                self._woken.wait(left)

    def _try_next(self) -> bool:
        """Deliver one event; returns False if there is none or it failed."""
        try:
            return self._deliver_next()
        except (LprError, OSError, sqlite3.Error) as error:
            self._fail(str(error))
        except Exception as error:  # noqa: BLE001  # a fault in one sink must not stop it for good, nor the others
            self._fail(f"{type(error).__name__}: {error}")
            FAULTS.report(self.target.name, error, "the event is tried again; please report this")
        return False

    def _deliver_next(self) -> bool:
        if isinstance(self.target, BatchTarget):
            return self._deliver_batch(self.target)
        stored_event = self._outbox.next_for(self.target.name)
        if stored_event is None:
            return False
        if self._make_room:
            pictures = sum(map(len, stored_event.pictures.values()))
            self._make_room(len(json.dumps(stored_event.record)) + pictures)
        try:
            self.target.deliver(stored_event)
        except RefusedError as error:
            warn(
                f"{self.target.name} refuses event {stored_event.record['id']} ({error}): "
                "it is kept, --replay sends it again"
            )
            self._outbox.mark_refused(self.target.name, stored_event.number, str(error))
        else:
            self._mark_delivered(stored_event)
        self._note_success()
        return True

    def _deliver_batch(self, target: BatchTarget) -> bool:
        batch = self._outbox.batch_for(self.target.name, MAX_GATHERED)
        if not batch:
            return False
        target.deliver_all(batch)
        self._mark_delivered(batch[-1])
        self._note_success()
        return True

    def _mark_delivered(self, stored_event: StoredEvent) -> None:
        self._outbox.mark_delivered(self.target.name, stored_event.number)
        log_debug(f"{self.target.name} has event {stored_event.record['id']}")

    def _note_success(self) -> None:
        FAULTS.clear(self.target.name)
        if self.failures:
            log_info(f"{self.target.name} is back after {self.failures} failed tries")
            self.failures = 0

    def _fail(self, reason: str) -> None:
        self.failures += 1
        if self.failures == 1 and not self._closing:
            warn(f"{self.target.name} takes no events ({reason}): they wait in the outbox, and it is tried again")

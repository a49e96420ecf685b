"""A thread a sink: takes its events from the outbox, one by one and in order, and tries again until it has them."""

import json
import sqlite3
from collections.abc import Callable
from threading import Event as Flag
from threading import Thread
from time import monotonic

from lpr_edge.base.log import detail, say, warn
from lpr_edge.base.workers import FAULTS, surviving
from lpr_edge.contract.errors import LprError
from lpr_edge.delivery.outbox import Outbox
from lpr_edge.delivery.sink import RefusedError, Target

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 60.0
"""Between tries the wait doubles from the first to the longest."""
LOOK_S = 5.0
"""How often to look for events without being woken."""


class DeliveryWorker:
    """Delivers to one target."""

    def __init__(
        self,
        target: Target,
        outbox: Outbox,
        first_wait_s: float = FIRST_WAIT_S,
        make_room: Callable[[int], object] | None = None,
    ) -> None:
        """Start delivering; what an earlier run left goes first.

        Args:
            target: who gets the events.
            outbox: where they are.
            first_wait_s: after a first failure.
            make_room: called before each delivery with the most bytes that it may write to this disk.
        """
        self.target = target
        self.failures = 0
        """Tries that have failed since the last success."""
        self._outbox = outbox
        self._first_wait_s = first_wait_s
        self._make_room = make_room
        self._woken = Flag()
        self._closing = False
        self._deadline = 0.0
        self._thread = Thread(target=self._run, name=f"lpr-{target.name}", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Say that there is an event; a target that has failed is still given its pause."""
        self._woken.set()

    def start_closing(self, timeout_s: float) -> None:
        """Ask for what waits to be delivered until then, as long as no try fails."""
        self._deadline = monotonic() + timeout_s
        self._closing = True
        self._woken.set()

    def close(self) -> None:
        """Wait for the end that `start_closing` has asked for; a target that hangs is left behind."""
        self._thread.join(max(0.0, self._deadline - monotonic()))

    def _run(self) -> None:
        while not (self._closing and monotonic() >= self._deadline):
            self._woken.clear()
            goes_on = self._try_next()
            if goes_on:
                continue
            if self._closing:
                break
            self._pause()
        with surviving(f"closing {self.target.name}"):
            self.target.close()

    def _pause(self) -> None:
        """Wait for news, or after a failure for as long as the target is spared."""
        if not self.failures:
            self._woken.wait(LOOK_S)
            return
        end = monotonic() + min(LONGEST_WAIT_S, self._first_wait_s * 2 ** min(self.failures - 1, 10))
        while not self._closing and (left := end - monotonic()) > 0:
            self._woken.wait(min(left, 0.2))
            if not self._closing:
                self._woken.clear()

    def _try_next(self) -> bool:
        """Deliver one event; False where there is none or it failed."""
        try:
            return self._deliver_next()
        except (LprError, OSError, sqlite3.Error) as error:
            self._fail(str(error))
        except Exception as error:  # noqa: BLE001  # a fault in one sink must not stop it for good, nor the others
            self._fail(f"{type(error).__name__}: {error}")
            FAULTS.note(self.target.name, error, "the event is tried again; please report this")
        return False

    def _deliver_next(self) -> bool:
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
            self._outbox.mark_delivered(self.target.name, stored_event.number)
            detail(f"{self.target.name} has event {stored_event.record['id']}")
        FAULTS.clear(self.target.name)
        if self.failures:
            say(f"{self.target.name} is back after {self.failures} failed tries")
            self.failures = 0
        return True

    def _fail(self, reason: str) -> None:
        self.failures += 1
        if self.failures == 1 and not self._closing:
            warn(f"{self.target.name} takes no events ({reason}): they wait in the outbox, and it is tried again")

"""A thread that checks for updates, and watches a release on probation."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Event as Flag
from threading import Thread

from lpr_edge.base.log import log_info, warn
from lpr_edge.base.workers import surviving
from lpr_edge.contract.records import Record, iso_time
from lpr_edge.updates.confidence_watch import ConfidenceWatch
from lpr_edge.updates.release import UpdateError, device_share
from lpr_edge.updates.slots import Slots
from lpr_edge.updates.update import UpdateSource, update
from lpr_edge.vision.plates import FrameResult

TICK_S = 60.0
FIRST_S = 30.0
"""Seconds after the start before which nothing is fetched: reading comes first."""
WORKER = "model updates"

Update = Callable[[UpdateSource, Slots], bool]


class UpdateWorker:
    """Checks for updates until it is closed; requests a restart of the run after one."""

    def __init__(
        self,
        source: UpdateSource,
        slots: Slots,
        every_s: float,
        is_clock_held: Callable[[], bool | None] = lambda: True,
        update: Update = update,
        tick_s: float = TICK_S,
        first_s: float = FIRST_S,
    ) -> None:
        """Start the thread.

        Args:
            source: where models come from.
            slots: where they go.
            every_s: seconds from one check to the next.
            is_clock_held: whether the time is right: expiry means nothing without it.
            update: does one update.
            tick_s: seconds between looks at the probation.
            first_s: seconds before the first check.
        """
        self._source, self._slots, self._every_s = source, slots, every_s
        self._is_clock_held, self._update = is_clock_held, update
        self._tick_s, self._first_s = tick_s, first_s
        state = slots.state
        self._runs = self._began_with = state.active, state.release
        self._watch = ConfidenceWatch(slots.folder, state.release)
        self._has_read, self._closing, self._restart = Flag(), Flag(), Flag()
        self._is_noted = False
        self._thread = Thread(target=self._run, name="lpr-updates", daemon=True)
        self._thread.start()

    def add(self, result: FrameResult) -> None:
        """Count the readings of a frame; the loop calls it for each one."""
        self._has_read.set()
        if not result.is_skipped:
            self._watch.add(len(result.plates), len(result.plates) + len(result.low_confidence))

    def status(self) -> Record:
        """State of the models, for the statistics."""
        state = self._slots.state
        return {
            "release": state.release,
            "slot": state.active or None,
            "channel": state.channel or None,
            "on_probation": state.trial is not None,
            "result": state.result,
            "failed": state.is_failure,
            "checked": iso_time(datetime.fromtimestamp(state.checked, UTC)) if state.checked else None,
        }

    def takes_restart(self) -> bool:
        """Whether the run should restart with other models; True only once."""
        wants = self._restart.is_set()
        self._restart.clear()
        return wants

    def close(self) -> None:
        """Stop the thread; the counts are saved."""
        self._closing.set()
        self._thread.join(1.0)
        with surviving(WORKER):
            self._watch.save(0.0, self._kept())
            self._note_started()

    def _run(self) -> None:
        start = last = time.monotonic()
        while not self._closing.wait(min(self._tick_s, self._first_s)):
            now = time.monotonic()
            with surviving(WORKER):
                self._look_after(now - last)
                last = now
            if now - start >= self._first_s:
                with surviving(WORKER):
                    self._check_when_due()

    def _look_after(self, seconds: float) -> None:
        """Save the counts, and end the probation when its time is over."""
        state = self._slots.state
        if (state.active, state.release) != self._runs:  # `lpr-edge update` in another process
            self._begin_again(state.active, state.release)
            return
        self._watch.save(seconds, self._kept())
        if state.trial is None:
            return
        self._note_started()
        stays, why = self._watch.verdict(state.previous_release)
        if stays:
            self._slots.accept(why)
            log_info(f"{WORKER}: {self._slots.state.result}")
        elif stays is not None:
            self._slots.revert(why)
            self._begin_again(*self._active())

    def _note_started(self) -> None:
        """Record that the release has read a frame; not for one that became active afterwards."""
        state = self._slots.state
        if self._has_read.is_set() and not self._is_noted and (state.active, state.release) == self._began_with:
            self._slots.note_started()
            self._is_noted = True

    def _check_when_due(self) -> None:
        state = self._slots.state
        spread = 0.9 + 0.2 * device_share(self._source.device)
        if time.time() < state.checked + spread * self._every_s and time.time() >= state.checked:
            return
        if self._is_clock_held() is False:
            return
        try:
            if self._update(self._source, self._slots):
                self._begin_again(*self._active())
        except UpdateError as error:
            warn(f"{WORKER}: {error}")

    def _active(self) -> tuple[str, int | None]:
        state = self._slots.state
        return state.active, state.release

    def _begin_again(self, active: str, release: int | None) -> None:
        self._runs = active, release
        self._restart.set()

    def _kept(self) -> tuple[int | None, ...]:
        state = self._slots.state
        return state.release, state.previous_release

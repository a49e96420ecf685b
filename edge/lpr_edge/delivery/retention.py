"""Retention: deletes the oldest events and pictures, by age and by disk quota."""

import heapq
import os
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Event as Flag
from threading import Lock, Thread

from lpr_edge.base.board import clock_is_held
from lpr_edge.base.log import warn
from lpr_edge.base.workers import surviving
from lpr_edge.delivery.clock_check import clock_problem
from lpr_edge.delivery.outbox import Outbox

EVERY_S = 600.0
BATCH = 200
"""Maximum number of events deleted in one step when space is needed; at most a tenth of all."""
SPARE = 0.05
"""Fraction of the quota that is freed in addition, so that not every write has to search for files."""
OLDEST = 1000
"""Files listed in one step: a list of all would need much memory."""
CLOSE_S = 0.3
"""Seconds that closing waits for running deletions."""

ListFiles = Callable[[], Iterable[os.PathLike[str]]]


class Retention:
    """Keeps the outbox and the files of other sinks within a maximum age and size."""

    def __init__(
        self,
        outbox: Outbox,
        files: Iterable[ListFiles],
        keep_s: float,
        quota_bytes: int,
        every_s: float = EVERY_S,
        growing: Iterable[Path] = (),
        is_clock_held: Callable[[], bool | None] = clock_is_held,
    ) -> None:
        """Check once, and then at regular intervals in a thread.

        Args:
            outbox: the event store.
            files: functions that list files which may be deleted.
            keep_s: maximum age in seconds; 0 for no limit.
            quota_bytes: maximum total size; 0 for no limit.
            every_s: seconds between checks.
            growing: files that count towards the quota but are never deleted.
            is_clock_held: returns whether a time service synchronises the clock, None if unknown.
        """
        self._outbox = outbox
        self._files = tuple(files)
        self._keep_s = keep_s
        self._quota_bytes = quota_bytes
        self._every_s = every_s
        self._growing = tuple(growing)
        self._is_clock_held = is_clock_held
        self._clock_problem = ""
        """The last message about the clock."""
        self._known: float | None = None
        """The latest known time before this run adds to it; see `clock_problem`."""
        self._has_known = False
        if keep_s:
            with surviving("retention"):  # looked up again where it is needed
                self._load_confirmed_time()
        self._counting = Lock()
        self._counted: int | None = None
        """Size of the files at the last check plus what was written since; None before the first check."""
        self._lost = 0
        """Undelivered events that were deleted for lack of space and not yet reported."""
        self._closing = Flag()
        self._thread = Thread(target=self._run, name="lpr-pruner", daemon=True)
        self._thread.start()

    def prune(self, now: float | None = None) -> None:
        """Delete what is too old, then the oldest until the rest fits the quota.

        Args:
            now: seconds since 1970; None for the system clock.
        """
        now = time.time() if now is None else now
        if self._keep_s and self._trusts_clock(now):
            self._drop_old(now - self._keep_s)
        if self._quota_bytes:
            with self._counting:
                self._drop_until_it_fits(0)
        if self._lost:
            warn(f"the quota is full: the oldest {self._lost} events were deleted before every sink had them")
            self._lost = 0

    def make_room(self, coming: int, is_file: bool = False) -> bool:
        """Delete the oldest until `coming` more bytes fit the quota; returns False if they can't.

        Args:
            coming: number of bytes about to be written.
            is_file: whether they go to a file instead of the outbox, whose size is always checked.
        """
        if not self._quota_bytes:
            return True
        with self._counting:
            if self._counted is None:
                self._counted = self._files_size()
            fits = self._counted + self._outbox.size() + coming <= self._quota_bytes
            if not fits:
                fits = self._drop_until_it_fits(coming + int(SPARE * self._quota_bytes))
            if is_file:
                self._counted += coming
        return fits

    def close(self) -> None:
        """Stop checking; deletions that are running are left to the thread."""
        self._closing.set()
        self._thread.join(CLOSE_S)

    def _run(self) -> None:
        while True:
            with surviving("retention"):
                self._try_prune()
            if self._closing.wait(self._every_s):
                return

    def _try_prune(self) -> None:
        try:
            self.prune()
        except (OSError, sqlite3.Error) as error:
            if (
                not self._closing.is_set()
            ):  # else the outbox was closed before the end: deleting goes on at the next start
                warn(f"can't make room ({error}): look at the disk")

    def _drop_old(self, before: float) -> None:
        self._outbox.drop_before(before)
        for changed, path in self._dated_files():
            if changed < before:
                _delete(path)

    def _trusts_clock(self, now: float) -> bool:
        """Whether the clock is plausible for deleting by age; a problem is reported once."""
        if not self._has_known:
            self._load_confirmed_time()
        problem = clock_problem(now, self._known, self._is_clock_held())
        if problem and problem != self._clock_problem:
            warn(
                f"nothing is deleted for its age while the clock can't be believed ({problem}): let a time service"
                " set it, or, where it is right, start with --trust-clock"
            )
        self._clock_problem = problem
        if not problem:
            self._known = now
            self._outbox.confirm_clock(now)
        return not problem

    def _load_confirmed_time(self) -> None:
        """Load the time when the clock was last plausible, else that of the newest event or file."""
        self._known = self._outbox.confirmed_time()
        if self._known is None:
            files = max((changed for changed, _ in self._dated_files()), default=None)
            self._known = max((time for time in (self._outbox.newest(), files) if time is not None), default=None)
        self._has_known = True

    def _files_size(self) -> int:
        return sum(map(_size, self._listed())) + sum(_size(os.fspath(path)) for path in self._growing)

    def _drop_until_it_fits(self, room: int) -> bool:
        """Delete the oldest until everything and `room` more bytes fit; returns whether they do."""
        files: deque[tuple[float, str]] = deque()
        counted = self._files_size()
        excess = self._outbox.size() + counted + room - self._quota_bytes
        while excess > 0 and not self._closing.is_set():
            files = files or deque(heapq.nsmallest(OLDEST, self._dated_files()))
            oldest_event = self._outbox.oldest()
            if files and (oldest_event is None or files[0][0] <= oldest_event):
                _, path = files.popleft()
                size = _size(path)
                excess, counted = excess - size, counted - size
                _delete(path)
            elif oldest_event is not None:
                before = self._outbox.size()
                self._lost += self._outbox.drop_oldest(max(1, min(BATCH, self._outbox.count() // 10)))
                excess -= before - self._outbox.size()
            else:
                break
        self._counted = counted
        return excess <= 0

    def _listed(self) -> Iterator[str]:
        """The paths of the files as text, since each `Path` may stay in memory, see `snapshots`."""
        for listed in self._files:
            yield from map(os.fspath, listed())

    def _dated_files(self) -> Iterator[tuple[float, str]]:
        """The files with their modification times, unordered."""
        return ((_changed(path), path) for path in self._listed())


def _changed(path: str) -> float:
    status = _status(path)
    return status.st_mtime if status else time.time()


def _size(path: str) -> int:
    status = _status(path)
    return status.st_size if status else 0


def _status(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)  # noqa: PTH116  # see `_listed`
    except OSError:
        return None


def _delete(path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)  # noqa: PTH108  # see `_listed`

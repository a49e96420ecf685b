"""Old events and pictures go, the oldest first, so that neither time nor a busy day fills the disk."""

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
"""Events deleted at a time, at most, where room is needed; a tenth of those that there are, so that few aren't all."""
SPARE = 0.05
"""Share of the quota that is freed besides what is to be written, or each write would have to look for files."""
OLDEST = 1000
"""Files looked up at a time for that: a list of all would take a kilobyte of memory for each picture that is kept."""
CLOSE_S = 0.3
"""How long closing waits for deletions that are under way."""

ListFiles = Callable[[], Iterable[os.PathLike[str]]]


class Retention:
    """Keeps the outbox and the files beside it within an age and a size."""

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
        """Take what to look after, look once, and then now and again in a thread.

        Args:
            outbox: events.
            files: each lists files that may be deleted.
            keep_s: oldest age, in seconds; 0 for no limit.
            quota_bytes: most bytes of all together; 0 for no limit.
            every_s: seconds from one look to the next.
            growing: files that count, and are never deleted.
            is_clock_held: whether a time service holds the clock, None where the machine doesn't tell.
        """
        self._outbox = outbox
        self._files = tuple(files)
        self._keep_s = keep_s
        self._quota_bytes = quota_bytes
        self._every_s = every_s
        self._growing = tuple(growing)
        self._is_clock_held = is_clock_held
        self._doubt = ""
        """What was last said of the clock."""
        self._known: float | None = None
        """The latest time that is known to have been, before this run adds to it; see `clock_problem`."""
        self._has_known = False
        if keep_s:
            with surviving("retention"):  # looked up again where it is needed
                self._look_up_known()
        self._counting = Lock()
        self._counted: int | None = None
        """Bytes of the files when they were last looked up, and what was written since; None before."""
        self._lost = 0
        """Events deleted for want of room that a sink hadn't had, and that nobody was told of yet."""
        self._closing = Flag()
        self._thread = Thread(target=self._run, name="lpr-pruner", daemon=True)
        self._thread.start()

    def prune(self, now: float | None = None) -> None:
        """Delete what is too old, then the oldest of all until the rest fits.

        Args:
            now: seconds since 1970; None for the clock's.
        """
        now = time.time() if now is None else now
        if self._keep_s and self._believes(now):
            self._drop_old(now - self._keep_s)
        if self._quota_bytes:
            with self._counting:
                self._drop_until_it_fits(0)
        if self._lost:
            warn(f"the quota is full: the oldest {self._lost} events were deleted before every sink had them")
            self._lost = 0

    def make_room(self, coming: int, is_file: bool = False) -> bool:
        """Delete the oldest until so many bytes more fit into the quota; False where they can't.

        Args:
            coming: bytes that are about to be written.
            is_file: whether to a file, and not to the outbox, whose size is looked up each time.
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
        """Stop looking; files that are being deleted just then are left to the thread."""
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

    def _believes(self, now: float) -> bool:
        """Whether to delete by this time; a doubt is said once."""
        if not self._has_known:
            self._look_up_known()
        doubt = clock_problem(now, self._known, self._is_clock_held())
        if doubt and doubt != self._doubt:
            warn(
                f"nothing is deleted for its age while the clock can't be believed ({doubt}): let a time service"
                " set it, or, where it is right, start with --trust-clock"
            )
        self._doubt = doubt
        if not doubt:
            self._known = now
            self._outbox.believe(now)
        return not doubt

    def _look_up_known(self) -> None:
        """When the clock was last believed; before the first time, when the newest event or file was written."""
        self._known = self._outbox.believed_time()
        if self._known is None:
            files = max((changed for changed, _ in self._dated_files()), default=None)
            self._known = max((time for time in (self._outbox.newest(), files) if time is not None), default=None)
        self._has_known = True

    def _files_size(self) -> int:
        return sum(map(_size, self._listed())) + sum(_size(os.fspath(path)) for path in self._growing)

    def _drop_until_it_fits(self, room: int) -> bool:
        """Delete the oldest until all fits, and so many bytes more; whether it does."""
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
        """The files, one by one: as text, since each `Path` may leave its name in memory, see `snapshots`."""
        for listed in self._files:
            yield from map(os.fspath, listed())

    def _dated_files(self) -> Iterator[tuple[float, str]]:
        """The files with the times of their last change, in no order."""
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

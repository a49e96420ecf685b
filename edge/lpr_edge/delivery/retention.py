"""Old events and pictures go, the oldest first, so that neither time nor a busy day fills the disk."""

import heapq
import os
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from threading import Event as Flag
from threading import Thread

from lpr_edge.base.log import warn
from lpr_edge.base.workers import surviving
from lpr_edge.delivery.outbox import Outbox

EVERY_S = 600.0
BATCH = 200
"""Events deleted at a time, where room is needed."""
OLDEST = 1000
"""Files looked up at a time for that: a list of all would take a kilobyte of memory for each picture that is kept."""
CLOSE_S = 0.3
"""How long closing waits for deletions that are under way."""

ListFiles = Callable[[], Iterable[os.PathLike[str]]]


class Pruner:
    """Keeps the outbox and the files beside it within an age and a size."""

    def __init__(
        self, outbox: Outbox, files: Iterable[ListFiles], keep_s: float, quota_bytes: int, every_s: float = EVERY_S
    ) -> None:
        """Take what to look after, look once, and then now and again in a thread.

        Args:
            outbox: events.
            files: each lists files that may be deleted.
            keep_s: oldest age, in seconds; 0 for no limit.
            quota_bytes: most bytes of all together; 0 for no limit.
            every_s: seconds from one look to the next.
        """
        self._outbox = outbox
        self._files = tuple(files)
        self._keep_s = keep_s
        self._quota_bytes = quota_bytes
        self._every_s = every_s
        self._closing = Flag()
        self._thread = Thread(target=self._run, name="lpr-pruner", daemon=True)
        self._thread.start()

    def prune(self, now: float | None = None) -> None:
        """Delete what is too old, then the oldest of all until the rest fits.

        Args:
            now: seconds since 1970; None for the clock's.
        """
        if self._keep_s:
            self._drop_old((time.time() if now is None else now) - self._keep_s)
        if self._quota_bytes:
            self._drop_until_it_fits()

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

    def _drop_until_it_fits(self) -> None:
        lost = 0
        files: deque[tuple[float, str]] = deque()
        excess = self._outbox.size() + sum(_size(path) for path in self._listed()) - self._quota_bytes
        while excess > 0 and not self._closing.is_set():
            files = files or deque(heapq.nsmallest(OLDEST, self._dated_files()))
            oldest_event = self._outbox.oldest()
            if files and (oldest_event is None or files[0][0] <= oldest_event):
                _, path = files.popleft()
                excess -= _size(path)
                _delete(path)
            elif oldest_event is not None:
                before = self._outbox.size()
                lost += self._outbox.drop_oldest(BATCH)
                excess -= before - self._outbox.size()
            else:
                break
        if lost:
            warn(f"the quota is full: the oldest {lost} events were deleted before every sink had them")

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

"""A watch list that is reloaded when its file changes."""

from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

from lpr_edge.base.log import log_info, warn
from lpr_edge.base.workers import surviving
from lpr_edge.contract.base.errors import LprError
from lpr_edge.watchlist.watch_list import WatchList

CHECK_EVERY_S = 2.0
"""Seconds between checks of the file."""

Stamp = tuple[int, int, int]
"""Modification time, size and inode of a file."""


class ReloadingWatchList:
    """The current watch list; an invalid file leaves the previous list in use."""

    def __init__(self, path: Path, read: Callable[[], WatchList], check_every_s: float = CHECK_EVERY_S) -> None:
        """Read the list, and check its file for changes in a thread.

        Args:
            path: its file.
            read: reads it.
            check_every_s: seconds between looks.

        Raises:
            LprError: it can't be read.
        """
        self._path = path
        self._read = read
        self._check_every_s = check_every_s
        self._stamp = _stamp(path)
        self.current = read()
        _report_change(path, self.current)
        self._closing = Event()
        self._thread = Thread(target=self._run, name="lpr-list", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop checking the file."""
        self._closing.set()

    def _run(self) -> None:
        before = self._stamp
        while not self._closing.wait(self._check_every_s):
            stamp = _stamp(self._path)
            if stamp == before and stamp != self._stamp:  # has changed, and isn't being written any more
                self._stamp = stamp
                with surviving("list"):
                    self._reload()
            before = stamp

    def _reload(self) -> None:
        try:
            self.current = self._read()
        except LprError as error:
            warn(f"{error}; the list stays as it was, {self.current.count} plates")
            return
        _report_change(self._path, self.current)


def _stamp(path: Path) -> Stamp | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _report_change(path: Path, current: WatchList) -> None:
    log_info(f"{path}: {current.count} plates")
    for line in current.odd:
        warn(f"{path}, line {line}: no plate that {current.grammar.country.name} has; it matches only just that text")

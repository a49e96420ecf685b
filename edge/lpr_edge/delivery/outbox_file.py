"""The outbox's file: its events in order of storing, kept through damage, and deleted when they are old."""

import sqlite3
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from threading import Lock
from typing import TypeVar

from lpr_edge.base.sqlite_files import is_damage, run_transaction
from lpr_edge.contract.base.errors import LprError
from lpr_edge.delivery.salvage import LAST
from lpr_edge.delivery.store_file import open_store, replace_damaged, replace_missing

T = TypeVar("T")


class OutboxFile:
    """Stored events. Thread-safe; methods raise `sqlite3.Error` on disk errors.

    If the file is damaged, removed or replaced in use, a new one takes over the readable events.
    """

    def __init__(
        self, path: Path, sinks: Iterable[str], keeps: bool = True, picture_sinks: Collection[str] = ()
    ) -> None:
        """Open or create the file.

        Args:
            path: the file.
            sinks: names of the sinks; a new one starts with the next event.
            keeps: whether delivered events are kept.
            picture_sinks: names of the sinks that want pictures.

        Raises:
            LprError: the file can't be opened, isn't an outbox, or is in use by another lpr-edge.
        """
        self.path = path
        self.sinks = tuple(sinks)
        self.keeps = keeps
        self.picture_sinks = tuple(picture_sinks)
        self._lock = Lock()
        self._file = open_store(path, self.sinks)
        self._earlier = self._last()
        """Number of the last event of earlier runs."""

    def count(self) -> int:
        """Number of stored events."""
        return int(self.scalar("SELECT COUNT(*) FROM events") or 0)

    def oldest(self) -> float | None:
        """When the oldest event was stored, in seconds since 1970; None without events."""
        return self.scalar("SELECT MIN(stored) FROM events")

    def newest(self) -> float | None:
        """When the newest event was stored, in seconds since 1970; None without events."""
        return self.scalar("SELECT MAX(stored) FROM events")

    def confirmed_time(self) -> float | None:
        """The latest time given to `confirm_clock`; None without any."""
        return self.scalar("SELECT MAX(believed) FROM clock")

    def confirm_clock(self, now: float) -> None:
        """Record that the clock was right when it showed this time, in seconds since 1970."""

        def write(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM clock")
            connection.execute("INSERT INTO clock VALUES (?)", (now,))

        self.transact(write)

    def move_times(self, by_s: float) -> None:
        """Shift the storing times of this run's events by `by_s` seconds, after the clock was set."""
        query = "UPDATE events SET stored = stored + ? WHERE number > ?"
        self.transact(lambda connection: connection.execute(query, (by_s, self._earlier)))

    def drop_before(self, stored: float) -> int:
        """Delete events that were stored before a time and delivered to all sinks; returns the number."""
        query = "DELETE FROM events WHERE stored < ? AND number <= ? AND number NOT IN (SELECT number FROM replays)"

        def drop(connection: sqlite3.Connection) -> int:
            return connection.execute(query, (stored, self.delivered(connection, self.sinks))).rowcount

        count = self.transact(drop)
        self._give_back()
        return count

    def drop_oldest(self, count: int) -> int:
        """Delete the oldest events to free space; returns the number of undelivered ones."""
        oldest = "SELECT number FROM events ORDER BY number LIMIT ?"

        def drop(connection: sqlite3.Connection) -> int:
            done = self.delivered(connection, self.sinks)
            lost = connection.execute(f"SELECT COUNT(*) FROM ({oldest}) WHERE number > ?", (count, done)).fetchone()[0]
            connection.execute(f"DELETE FROM events WHERE number IN ({oldest})", (count,))
            return int(lost)

        lost = self.transact(drop)
        self._give_back()
        return lost

    def size(self) -> int:
        """Size on disk in bytes."""
        real = self.path.resolve()
        paths = (real, Path(f"{real}-wal"))
        return sum(path.stat().st_size for path in paths if path.exists())

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._file.is_open:
                self._file.close()

    def is_in_place(self) -> bool:
        """Whether the path still leads to the open file."""
        return self._file.is_in_place()

    @property
    def _connection(self) -> sqlite3.Connection:
        return self._file.connection

    def scalar(self, query: str, *values: object) -> float | None:
        """The one value that a query returns, as a number; None for NULL."""
        found = self.transact(lambda connection: connection.execute(query, values).fetchone()[0])
        return None if found is None else float(found)

    def _last(self) -> int:
        return int(self._connection.execute(LAST).fetchone()[0])

    def delivered(self, connection: sqlite3.Connection, sinks: Iterable[str]) -> int:
        """Number of the last event that all of these sinks have."""
        rows = dict(connection.execute("SELECT sink, number FROM deliveries"))
        last = connection.execute(LAST).fetchone()[0]
        return int(min((rows[sink] for sink in sinks), default=last))

    def _give_back(self) -> None:
        """Return deleted pages to the file system."""
        with self._lock:
            self._connection.executescript("PRAGMA incremental_vacuum")  # `execute` would stop after the first page
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def transact(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run a transaction; in a new file if the old one is missing or damaged."""
        with self._lock:
            try:
                self._follow_file()
                return self._attempt(work)
            except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
                if not is_damage(error):
                    raise
            except LprError as error:
                raise sqlite3.OperationalError(str(error)) from error
            self._replace_damaged()
            return self._attempt(work)

    def _follow_file(self) -> None:
        """Check that the path still leads to the open file."""
        if not self._file.is_open:  # a new one could not be made before
            self._file = open_store(self.path, self.sinks)
        elif not self._file.is_in_place():
            done = self.delivered(self._connection, self.sinks)
            self._file = replace_missing(self._file, self.sinks, done)
        else:
            return
        self._earlier = min(self._earlier, self._last())

    def _replace_damaged(self) -> None:
        try:
            self._file = replace_damaged(self._file, self.sinks)
        except (LprError, OSError) as error:
            raise sqlite3.OperationalError(str(error)) from error
        self._earlier = min(self._earlier, self._last())

    def _attempt(self, work: Callable[[sqlite3.Connection], T]) -> T:
        connection = self._connection
        return run_transaction(connection, lambda: work(connection))

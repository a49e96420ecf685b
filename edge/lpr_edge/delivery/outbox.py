"""The outbox: a SQLite file with all events, and how far each sink has got."""

import json
import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from threading import Lock
from typing import TypeVar

from lpr_edge.base.log import warn
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.records import Record, delivery_key
from lpr_edge.delivery.salvage import LAST, read_record
from lpr_edge.delivery.sink import StoredEvent
from lpr_edge.delivery.store_file import is_damage, open_store, replace_damaged, replace_missing

T = TypeVar("T")

NEXT = """
SELECT number, CAST(record AS BLOB) FROM events
WHERE number = (SELECT MIN(number) FROM replays WHERE sink = ?1)
   OR number = (SELECT MIN(number) FROM events WHERE number > (SELECT number FROM deliveries WHERE sink = ?1)
                AND number NOT IN (SELECT number FROM damaged))
ORDER BY number LIMIT 1
"""
WAITING = """
SELECT (SELECT COUNT(*) FROM replays WHERE sink = ?1)
     + (SELECT COUNT(*) FROM events WHERE number > (SELECT number FROM deliveries WHERE sink = ?1)
        AND number NOT IN (SELECT number FROM damaged))
"""
NEVER_HAD = """
INSERT OR IGNORE INTO replays SELECT number, ?1 FROM events
WHERE (number <= (SELECT number FROM beginnings WHERE sink = ?1)
       OR number IN (SELECT number FROM refused WHERE sink = ?1))
  AND number NOT IN (SELECT number FROM damaged) AND stored >= ?2
"""


class Outbox:
    """Stores events until they are delivered. Thread-safe; methods raise `sqlite3.Error` on disk errors.

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

    def add(self, record: Record, pictures: Mapping[str, bytes] | None = None) -> Record:
        """Store an event; returns the record as stored.

        A record with the id and contents of an older one, as when a video is read again, isn't stored twice. If only
        the ids are equal, the new record gets an id of its own.
        """

        def put(connection: sqlite3.Connection) -> Record:
            stored, is_new = _with_own_id(connection, record)
            if is_new:
                row = (delivery_key(stored), time.time(), _to_text(stored))
                number = connection.execute("INSERT INTO events (id, stored, record) VALUES (?, ?, ?)", row).lastrowid
                blobs = [(number, name, jpeg) for name, jpeg in (pictures or {}).items()]
                connection.executemany("INSERT INTO pictures VALUES (?, ?, ?)", blobs)
            return stored

        stored = self._do(put)
        while not self._file.is_in_place():  # removed in the meantime, perhaps with this event
            stored = self._do(put)
        return stored

    def next_for(self, sink: str) -> StoredEvent | None:
        """The oldest undelivered event of a sink; None if there is none. Unreadable ones are skipped and counted."""

        def find(connection: sqlite3.Connection) -> tuple[int, bytes, dict[str, bytes]] | None:
            found = connection.execute(NEXT, (sink,)).fetchone()
            if found is None:
                return None
            pictures = "SELECT name, jpeg FROM pictures WHERE number = ?" if sink in self.picture_sinks else ""
            return *found, dict(connection.execute(pictures, (found[0],))) if pictures else {}

        while (found := self._do(find)) is not None:
            number, data, pictures = found
            record, trouble = read_record(data)
            if not trouble:
                return StoredEvent(number, record, pictures)
            self._set_aside(number, trouble)
        return None

    def batch_for(self, sink: str, most: int) -> list[StoredEvent]:
        """Undelivered events of a sink, the oldest first; once delivered, it is enough to mark the last of them.

        A replayed event comes alone.
        """
        first = self.next_for(sink)
        if first is None or self._value("SELECT COUNT(*) FROM replays WHERE sink = ?", sink):
            return [] if first is None else [first]
        query = "SELECT number, CAST(record AS BLOB) FROM events WHERE number > ? ORDER BY number LIMIT ?"
        pictures = "SELECT name, jpeg FROM pictures WHERE number = ?"

        def find(connection: sqlite3.Connection) -> list[StoredEvent]:
            found = [first]
            for number, data in connection.execute(query, (first.number, most - 1)).fetchall():
                record, trouble = read_record(data)
                if trouble:
                    break
                shown = dict(connection.execute(pictures, (number,))) if sink in self.picture_sinks else {}
                found.append(StoredEvent(number, record, shown))
            return found

        return self._do(find)

    def mark_delivered(self, sink: str, number: int) -> None:
        """Record that a sink has an event, and delete what no sink needs any more."""
        self._do(lambda connection: self._pass(connection, sink, number))

    def mark_refused(self, sink: str, number: int, reason: str) -> None:
        """Record that a sink has refused an event; it is kept, and `replay` offers it again."""

        def write(connection: sqlite3.Connection) -> None:
            row = (number, sink, reason)
            self._pass(connection, sink, number, "INSERT OR REPLACE INTO refused VALUES (?, ?, ?)", row)

        self._do(write)

    def replay(self, since: float = 0.0) -> dict[str, int]:
        """Queue for each sink the events from before it was new, and those it refused; returns the number for each.

        Sinks that want pictures are left out, because pictures of delivered events aren't kept.

        Args:
            since: only events stored at or after this time, in seconds since 1970.
        """
        sinks = [sink for sink in self.sinks if sink not in self.picture_sinks]
        before = "SELECT COALESCE(MAX(number), 0) FROM events WHERE stored < ?"

        def queue(connection: sqlite3.Connection) -> dict[str, int]:
            counts = {sink: connection.execute(NEVER_HAD, (sink, since)).rowcount for sink in sinks}
            for sink in sinks:
                connection.execute(
                    f"UPDATE beginnings SET number = MIN(number, ({before})) WHERE sink = ?", (since, sink)
                )
            return counts

        return self._do(queue)

    def waiting(self) -> dict[str, int]:
        """Number of undelivered events of each sink."""
        return self._do(lambda connection: self._counts(connection, WAITING))

    def refused(self) -> dict[str, int]:
        """Number of stored events that each sink has refused."""
        query = "SELECT COUNT(*) FROM refused WHERE sink = ?1"
        return self._do(lambda connection: self._counts(connection, query))

    def damaged(self) -> int:
        """Number of stored events that can't be read."""
        return int(self._value("SELECT COUNT(*) FROM damaged") or 0)

    def records(self) -> list[Record]:
        """All readable events, oldest first."""
        query = "SELECT CAST(record AS BLOB) FROM events ORDER BY number"
        found = [read_record(row[0]) for row in self._do(lambda connection: connection.execute(query).fetchall())]
        return [record for record, trouble in found if not trouble]

    def count(self) -> int:
        """Number of stored events."""
        return int(self._value("SELECT COUNT(*) FROM events") or 0)

    def oldest(self) -> float | None:
        """When the oldest event was stored, in seconds since 1970; None without events."""
        return self._value("SELECT MIN(stored) FROM events")

    def newest(self) -> float | None:
        """When the newest event was stored, in seconds since 1970; None without events."""
        return self._value("SELECT MAX(stored) FROM events")

    def confirmed_time(self) -> float | None:
        """The latest time given to `confirm_clock`; None without any."""
        return self._value("SELECT MAX(believed) FROM clock")

    def confirm_clock(self, now: float) -> None:
        """Record that the clock was right when it showed this time, in seconds since 1970."""

        def write(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM clock")
            connection.execute("INSERT INTO clock VALUES (?)", (now,))

        self._do(write)

    def move_times(self, by_s: float) -> None:
        """Shift the storing times of this run's events by `by_s` seconds, after the clock was set."""
        query = "UPDATE events SET stored = stored + ? WHERE number > ?"
        self._do(lambda connection: connection.execute(query, (by_s, self._earlier)))

    def drop_before(self, stored: float) -> int:
        """Delete events that were stored before a time and delivered to all sinks; returns the number."""
        query = "DELETE FROM events WHERE stored < ? AND number <= ? AND number NOT IN (SELECT number FROM replays)"

        def drop(connection: sqlite3.Connection) -> int:
            return connection.execute(query, (stored, self._delivered(connection, self.sinks))).rowcount

        count = self._do(drop)
        self._give_back()
        return count

    def drop_oldest(self, count: int) -> int:
        """Delete the oldest events to free space; returns the number of undelivered ones."""
        oldest = "SELECT number FROM events ORDER BY number LIMIT ?"

        def drop(connection: sqlite3.Connection) -> int:
            done = self._delivered(connection, self.sinks)
            lost = connection.execute(f"SELECT COUNT(*) FROM ({oldest}) WHERE number > ?", (count, done)).fetchone()[0]
            connection.execute(f"DELETE FROM events WHERE number IN ({oldest})", (count,))
            return int(lost)

        lost = self._do(drop)
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

    @property
    def _connection(self) -> sqlite3.Connection:
        return self._file.connection

    def _pass(
        self, connection: sqlite3.Connection, sink: str, number: int, then: str = "", row: tuple[object, ...] = ()
    ) -> None:
        """Advance a sink past an event, insert a row, and delete what no sink needs any more."""
        connection.execute("UPDATE deliveries SET number = MAX(number, ?) WHERE sink = ?", (number, sink))
        for table in ("replays", "refused"):
            connection.execute(f"DELETE FROM {table} WHERE number = ? AND sink = ?", (number, sink))
        if then:
            connection.execute(then, row)
        seen = self._delivered(connection, self.picture_sinks)
        connection.execute("DELETE FROM pictures WHERE number <= ?", (seen,))
        if not self.keeps:
            kept = " UNION ".join(f"SELECT number FROM {table}" for table in ("refused", "damaged", "replays"))
            done = self._delivered(connection, self.sinks)
            connection.execute(f"DELETE FROM events WHERE number <= ? AND number NOT IN ({kept})", (done,))

    def _set_aside(self, number: int, reason: str) -> None:
        def write(connection: sqlite3.Connection) -> int:
            connection.execute("DELETE FROM replays WHERE number = ?", (number,))
            return connection.execute("INSERT OR IGNORE INTO damaged VALUES (?, ?)", (number, reason)).rowcount

        if self._do(write):
            warn(f"event {number} in {self.path} is damaged ({reason}): it stays there, and no sink gets it")

    def _counts(self, connection: sqlite3.Connection, query: str) -> dict[str, int]:
        return {sink: int(connection.execute(query, (sink,)).fetchone()[0]) for sink in self.sinks}

    def _value(self, query: str, *values: object) -> float | None:
        found = self._do(lambda connection: connection.execute(query, values).fetchone()[0])
        return None if found is None else float(found)

    def _last(self) -> int:
        return int(self._connection.execute(LAST).fetchone()[0])

    def _delivered(self, connection: sqlite3.Connection, sinks: Iterable[str]) -> int:
        """Number of the last event that all of these sinks have."""
        rows = dict(connection.execute("SELECT sink, number FROM deliveries"))
        last = connection.execute(LAST).fetchone()[0]
        return int(min((rows[sink] for sink in sinks), default=last))

    def _give_back(self) -> None:
        """Return deleted pages to the file system."""
        with self._lock:
            self._connection.executescript("PRAGMA incremental_vacuum")  # `execute` would stop after the first page
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
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
            done = self._delivered(self._connection, self.sinks)
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
        connection.execute("BEGIN IMMEDIATE")
        try:
            result = work(connection)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return result


def _with_own_id(connection: sqlite3.Connection, record: Record) -> tuple[Record, bool]:
    """The record with a unique id, and whether it is a new event."""
    wanted = record
    for number in range(2, 1_000_000):
        query = "SELECT CAST(record AS BLOB) FROM events WHERE id = ?"
        found = connection.execute(query, (delivery_key(wanted),)).fetchone()
        if found is None:
            return wanted, True
        if read_record(found[0])[0] == json.loads(_to_text(wanted)):
            return wanted, False
        wanted = record | {"id": f"{record['id']}.{number}"}
    raise ValueError(f"a million events are called {record['id']}")


def _to_text(record: Record) -> str:
    """JSON as stored; surrogates, as in some file names, become question marks."""
    return json.dumps(record, ensure_ascii=False).encode(errors="replace").decode()

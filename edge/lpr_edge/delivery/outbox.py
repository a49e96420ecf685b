"""Events on disk before anybody hears of them: the log, and how far each sink has got, in one SQLite file.

SQLite in WAL mode with full synchronisation: what `add` has returned from survives a killed process and a power cut.
"""

import fcntl
import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TextIO

from lpr_edge.base.log import warn
from lpr_edge.contract.errors import LprError
from lpr_edge.delivery.sink import Parcel
from lpr_edge.tracking.event_record import Record

SCHEMA_VERSION = 1
SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, stored REAL NOT NULL, record TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS events_stored ON events (stored);
CREATE TABLE IF NOT EXISTS pictures (
    number INTEGER NOT NULL REFERENCES events ON DELETE CASCADE, name TEXT NOT NULL, jpeg BLOB NOT NULL,
    PRIMARY KEY (number, name));
CREATE TABLE IF NOT EXISTS deliveries (sink TEXT PRIMARY KEY, number INTEGER NOT NULL);
"""
CACHE_KIB = 512
"""Of pages kept in memory. SQLite's own 2,000 would fill event by event, for nothing that is read twice."""
BUSY_S = 0.5
"""How long another program may hold the file before a write is put off; frames wait meanwhile."""


class Outbox:
    """The file of events. Its methods may be called from any thread, and raise `sqlite3.Error` where the disk fails."""

    def __init__(self, path: Path, sinks: Iterable[str], keeps: bool = True) -> None:
        """Open or make the file.

        Args:
            path: where it is.
            sinks: names of those that take events from it; one that is new begins with the next event.
            keeps: whether events stay when all sinks have them.

        Raises:
            LprError: the file can't be had, is another program's, or another lpr-edge uses it.
        """
        self.path = path
        self.sinks = tuple(sinks)
        self.keeps = keeps
        self._lock = Lock()
        self._claim = _claim(path)
        try:
            self._connection = self._open()
        except BaseException:
            self._claim.close()
            raise
        self._earlier = int(self._connection.execute("SELECT COALESCE(MAX(number), 0) FROM events").fetchone()[0])
        """Number of the last event of earlier runs."""

    def add(self, record: Record, pictures: Mapping[str, bytes] | None = None) -> Record:
        """Store an event; the record as it stands in the file.

        An event with the id of an older one is the same event where it tells the same (a clip that is read again): it
        isn't stored twice. Where it tells something else, it gets an id of its own.
        """
        with self._transaction() as connection:
            stored, is_new = _with_own_id(connection, record)
            if is_new:
                row = (stored["id"], time.time(), json.dumps(stored, ensure_ascii=False))
                number = connection.execute("INSERT INTO events (id, stored, record) VALUES (?, ?, ?)", row).lastrowid
                blobs = [(number, name, jpeg) for name, jpeg in (pictures or {}).items()]
                connection.executemany("INSERT INTO pictures VALUES (?, ?, ?)", blobs)
        return stored

    def next_for(self, sink: str) -> Parcel | None:
        """The oldest event that a sink hasn't had; None where it has them all."""
        with self._transaction() as connection:
            found = connection.execute(
                "SELECT number, record FROM events WHERE number > (SELECT number FROM deliveries WHERE sink = ?)"
                " ORDER BY number LIMIT 1",
                (sink,),
            ).fetchone()
            if found is None:
                return None
            number, record = found
            pictures = dict(connection.execute("SELECT name, jpeg FROM pictures WHERE number = ?", (number,)))
        return Parcel(number, json.loads(record), pictures)

    def mark_delivered(self, sink: str, number: int) -> None:
        """Note that a sink has an event, and let go what no sink needs any more."""
        with self._transaction() as connection:
            connection.execute("UPDATE deliveries SET number = ? WHERE sink = ?", (number, sink))
            done = self._delivered(connection)
            connection.execute("DELETE FROM pictures WHERE number <= ?", (done,))
            if not self.keeps:
                connection.execute("DELETE FROM events WHERE number <= ?", (done,))

    def waiting(self) -> dict[str, int]:
        """How many events each sink has yet to get."""
        query = "SELECT COUNT(*) FROM events WHERE number > (SELECT number FROM deliveries WHERE sink = ?)"
        with self._transaction() as connection:
            return {sink: int(connection.execute(query, (sink,)).fetchone()[0]) for sink in self.sinks}

    def records(self) -> list[Record]:
        """Every event in the file, the oldest first."""
        with self._transaction() as connection:
            return [json.loads(row[0]) for row in connection.execute("SELECT record FROM events ORDER BY number")]

    def oldest(self) -> float | None:
        """When the oldest event was stored, seconds since 1970; None where there is none."""
        with self._transaction() as connection:
            found = connection.execute("SELECT MIN(stored) FROM events").fetchone()[0]
        return None if found is None else float(found)

    def move_times(self, by_s: float) -> None:
        """Correct when this run's events were stored, where the clock was wrong by so many seconds and has been set."""
        with self._transaction() as connection:
            connection.execute("UPDATE events SET stored = stored + ? WHERE number > ?", (by_s, self._earlier))

    def drop_before(self, stored: float) -> int:
        """Delete events that were stored before a time and that all sinks have; how many."""
        with self._transaction() as connection:
            query = "DELETE FROM events WHERE stored < ? AND number <= ?"
            count = connection.execute(query, (stored, self._delivered(connection))).rowcount
        self._give_back()
        return int(count)

    def drop_oldest(self, count: int) -> int:
        """Delete the oldest events, to make room; how many of them some sink hadn't had."""
        with self._transaction() as connection:
            done = self._delivered(connection)
            oldest = "SELECT number FROM events ORDER BY number LIMIT ?"
            lost = connection.execute(f"SELECT COUNT(*) FROM ({oldest}) WHERE number > ?", (count, done)).fetchone()[0]
            connection.execute(f"DELETE FROM events WHERE number IN ({oldest})", (count,))
        self._give_back()
        return int(lost)

    def size(self) -> int:
        """Bytes on disk."""
        paths = (self.path, Path(f"{self.path}-wal"))
        return sum(path.stat().st_size for path in paths if path.exists())

    def recover(self) -> None:
        """Put a damaged file aside and begin a new one.

        Raises:
            LprError: a new one can't be made.
        """
        with self._lock:
            self._connection.close()
            aside = _put_aside(self.path)
            self._connection = self._open()
            self._earlier = 0
        warn(f"{self.path} was damaged: it is kept as {aside}, and a new one begun")

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()
            self._claim.close()

    def _open(self) -> sqlite3.Connection:
        try:
            return _connect(self.path, self.sinks)
        except sqlite3.OperationalError as error:
            raise LprError(f"can't open the outbox {self.path} ({error}): give --store another file") from error
        except sqlite3.DatabaseError:
            aside = _put_aside(self.path)
            warn(f"{self.path} is damaged: it is kept as {aside}, and a new one begun")
            return _connect(self.path, self.sinks)

    def _delivered(self, connection: sqlite3.Connection) -> int:
        """The number up to which all sinks have their events."""
        rows = dict(connection.execute("SELECT sink, number FROM deliveries"))
        last = connection.execute("SELECT COALESCE(MAX(number), 0) FROM events").fetchone()[0]
        return int(min((rows[sink] for sink in self.sinks), default=last))

    def _give_back(self) -> None:
        """Return deleted pages to the disk."""
        with self._lock:
            self._connection.executescript("PRAGMA incremental_vacuum")  # `execute` would stop after the first page
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise


def _claim(path: Path) -> TextIO:
    """Hold the file for this process alone: two would deliver everything twice."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        claim = Path(f"{path}.lock").open("w")  # noqa: SIM115  # held until the outbox is closed
    except OSError as error:
        raise LprError(f"can't make the outbox {path} ({error.strerror}): give --store another file") from error
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        claim.close()
        raise LprError(f"another lpr-edge uses {path}: give each its own with --store FILE") from error
    return claim


def _connect(path: Path, sinks: Iterable[str]) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        _prepare(connection, path, sinks)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path, sinks: Iterable[str]) -> None:
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("PRAGMA journal_mode = WAL").fetchone()
    connection.execute("PRAGMA synchronous = FULL")
    # SQLite's own 1000 pages let the log of a nearly full disk take what room was made for it, and then go no further.
    connection.execute("PRAGMA wal_autocheckpoint = 100").fetchone()
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")  # a deleted plate can't be read from the file any more
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA_VERSION:
        raise LprError(
            f"{path} was written by a newer lpr (format {version}): upgrade lpr, or give --store another file"
        )
    if connection.execute("PRAGMA quick_check").fetchone()[0] != "ok":
        raise sqlite3.DatabaseError("quick_check")
    connection.executescript(SCHEMA)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    begin = "INSERT OR IGNORE INTO deliveries SELECT ?, COALESCE(MAX(number), 0) FROM events"
    connection.executemany(begin, [(sink,) for sink in sinks])


def _with_own_id(connection: sqlite3.Connection, record: Record) -> tuple[Record, bool]:
    """The record with an id that no other event has, and whether it is new."""
    wanted = record
    for number in range(2, 1_000_000):
        found = connection.execute("SELECT record FROM events WHERE id = ?", (wanted["id"],)).fetchone()
        if found is None:
            return wanted, True
        if json.loads(found[0]) == json.loads(json.dumps(wanted)):
            return wanted, False
        wanted = record | {"id": f"{record['id']}.{number}"}
    raise ValueError(f"a million events are called {record['id']}")


def _put_aside(path: Path) -> Path:
    """Rename a damaged file, its log too, so that a person can look at it."""
    aside = Path(f"{path}.damaged-{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}")
    for suffix in ("", "-wal", "-shm"):
        part = Path(f"{path}{suffix}")
        if part.exists():
            part.replace(f"{aside}{suffix}")
    return aside

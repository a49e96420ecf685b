"""The outbox: a SQLite file with all events, and how far each sink has got."""

import json
import sqlite3
import time
from collections.abc import Mapping

from lpr_edge.base.log import warn
from lpr_edge.contract.records import Record, delivery_key
from lpr_edge.delivery.outbox_file import OutboxFile
from lpr_edge.delivery.salvage import read_record
from lpr_edge.delivery.sink import StoredEvent

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


class Outbox(OutboxFile):
    """Stores events until they are delivered, with each sink's progress; see `OutboxFile`."""

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

        stored = self.transact(put)
        while not self.is_in_place():  # removed in the meantime, perhaps with this event
            stored = self.transact(put)
        return stored

    def next_for(self, sink: str) -> StoredEvent | None:
        """The oldest undelivered event of a sink; None if there is none. Unreadable ones are skipped and counted."""

        def find(connection: sqlite3.Connection) -> tuple[int, bytes, dict[str, bytes]] | None:
            found = connection.execute(NEXT, (sink,)).fetchone()
            if found is None:
                return None
            pictures = "SELECT name, jpeg FROM pictures WHERE number = ?" if sink in self.picture_sinks else ""
            return *found, dict(connection.execute(pictures, (found[0],))) if pictures else {}

        while (found := self.transact(find)) is not None:
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
        if first is None or self.scalar("SELECT COUNT(*) FROM replays WHERE sink = ?", sink):
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

        return self.transact(find)

    def mark_delivered(self, sink: str, number: int) -> None:
        """Record that a sink has an event, and delete what no sink needs any more."""
        self.transact(lambda connection: self._pass(connection, sink, number))

    def mark_refused(self, sink: str, number: int, reason: str) -> None:
        """Record that a sink has refused an event; it is kept, and `replay` offers it again."""

        def write(connection: sqlite3.Connection) -> None:
            row = (number, sink, reason)
            self._pass(connection, sink, number, "INSERT OR REPLACE INTO refused VALUES (?, ?, ?)", row)

        self.transact(write)

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

        return self.transact(queue)

    def waiting(self) -> dict[str, int]:
        """Number of undelivered events of each sink."""
        return self.transact(lambda connection: self._counts(connection, WAITING))

    def refused(self) -> dict[str, int]:
        """Number of stored events that each sink has refused."""
        query = "SELECT COUNT(*) FROM refused WHERE sink = ?1"
        return self.transact(lambda connection: self._counts(connection, query))

    def damaged(self) -> int:
        """Number of stored events that can't be read."""
        return int(self.scalar("SELECT COUNT(*) FROM damaged") or 0)

    def records(self) -> list[Record]:
        """All readable events, oldest first."""
        query = "SELECT CAST(record AS BLOB) FROM events ORDER BY number"
        found = [read_record(row[0]) for row in self.transact(lambda connection: connection.execute(query).fetchall())]
        return [record for record, trouble in found if not trouble]

    def _pass(
        self, connection: sqlite3.Connection, sink: str, number: int, then: str = "", row: tuple[object, ...] = ()
    ) -> None:
        """Advance a sink past an event, insert a row, and delete what no sink needs any more."""
        connection.execute("UPDATE deliveries SET number = MAX(number, ?) WHERE sink = ?", (number, sink))
        for table in ("replays", "refused"):
            connection.execute(f"DELETE FROM {table} WHERE number = ? AND sink = ?", (number, sink))
        if then:
            connection.execute(then, row)
        seen = self.delivered(connection, self.picture_sinks)
        connection.execute("DELETE FROM pictures WHERE number <= ?", (seen,))
        if not self.keeps:
            kept = " UNION ".join(f"SELECT number FROM {table}" for table in ("refused", "damaged", "replays"))
            done = self.delivered(connection, self.sinks)
            connection.execute(f"DELETE FROM events WHERE number <= ? AND number NOT IN ({kept})", (done,))

    def _set_aside(self, number: int, reason: str) -> None:
        def write(connection: sqlite3.Connection) -> int:
            connection.execute("DELETE FROM replays WHERE number = ?", (number,))
            return connection.execute("INSERT OR IGNORE INTO damaged VALUES (?, ?)", (number, reason)).rowcount

        if self.transact(write):
            warn(f"event {number} in {self.path} is damaged ({reason}): it stays there, and no sink gets it")

    def _counts(self, connection: sqlite3.Connection, query: str) -> dict[str, int]:
        return {sink: int(connection.execute(query, (sink,)).fetchone()[0]) for sink in self.sinks}


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

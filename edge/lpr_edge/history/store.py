"""Write access to the history: events are added, corrected and deleted, each time in one transaction."""

import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from lpr_edge.base.log import warn
from lpr_edge.base.sqlite_files import file_identity, is_damage, rename_damaged, run_transaction
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.country import Country
from lpr_edge.contract.records import Record
from lpr_edge.history.entry import LEFT, Correction, facet_token, is_sound
from lpr_edge.history.pictures import PictureFolder
from lpr_edge.history.salvage import carry_over
from lpr_edge.history.schema import FILE, open_writer
from lpr_edge.history.tables import Tables

T = TypeVar("T")
BATCH = 500
"""Events deleted in one transaction, so that others can write in between."""
MERGED = 500
"""Pages of the index written in one step of a merge."""
MAX_MERGES = 1000

Entry = tuple[Record, Mapping[str, bytes]]
"""An event's record, and its pictures by name."""


class History:
    """The history of a folder, for one thread; methods raise `sqlite3.Error` or `OSError` where the disk fails.

    A damaged file is renamed, and its readable events go into a new one. A removed one is made again.
    """

    def __init__(self, folder: Path, country: Country) -> None:
        """Open or create the history.

        Args:
            folder: of the file and the pictures.
            country: knows the signs of plates.

        Raises:
            LprError: it can't be made, is another program's, or is a newer lpr's.
        """
        self.path = folder / FILE
        self.pictures = PictureFolder(folder / "pictures")
        self._country = country
        self._connection = self._open()

    def add(self, entries: Sequence[Entry]) -> int:
        """Store events with their images; returns the number of new ones. An equal record is the same event."""

        def put(tables: Tables, connection: sqlite3.Connection) -> int:
            numbers = [self._put(tables, connection, *entry) for entry in entries if is_sound(entry[0])]
            return sum(number is not None for number in numbers)

        return self._do(put)

    def correct(self, event_id: str, correction: Correction) -> Record | None:
        """Store a correction next to the reading; returns the event's record, None without one."""

        def put(tables: Tables, _: sqlite3.Connection) -> Record | None:
            number = tables.find(event_id)
            if number is None:
                return None
            tables.correct(number, correction)
            return tables.record(number)

        return self._do(put)

    def drop_before(self, stored: float) -> int:
        """Delete events stored before a time in seconds since 1970; returns their number."""
        query = "SELECT number FROM events WHERE stored < ? ORDER BY stored LIMIT ?"
        count = self._drop(lambda connection: [row[0] for row in connection.execute(query, (stored, BATCH))])
        if count:
            self._do(_drop_unused_facets)
            self._give_back()
        return count

    def drop_pictures(self, max_bytes: int) -> int:
        """Delete the oldest events' images until the rest takes at most `max_bytes`; returns the number of events."""
        sizes = self._do(lambda _, connection: connection.execute("SELECT SUM(pictures) FROM events").fetchone()[0])
        excess, count = (sizes or 0) - max_bytes, 0
        while excess > 0:
            freed = self._do(partial(self._drop_some_pictures, excess=excess))
            excess, count = excess - sum(freed), count + len(freed)
        return count

    def move_times(self, since: float, by_s: float) -> None:
        """Shift the storing times of events stored since a time by `by_s` seconds, after the clock was set."""
        query = "UPDATE events SET stored = stored + ? WHERE stored >= ?"
        self._do(lambda _, connection: connection.execute(query, (by_s, since)))

    def known_time(self) -> float | None:
        """Latest time at which the clock was known to be right, in seconds since 1970; None without any."""
        query = "SELECT COALESCE((SELECT MAX(believed) FROM clock), (SELECT MAX(stored) FROM events))"
        found = self._do(lambda _, connection: connection.execute(query).fetchone()[0])
        return None if found is None else float(found)

    def confirm_clock(self, now: float) -> None:
        """Record that the clock was right when it showed this time, in seconds since 1970."""

        def write(_: Tables, connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM clock")
            connection.execute("INSERT INTO clock VALUES (?)", (now,))

        self._do(write)

    def merge(self) -> None:
        """Merge segments of the index, a few pages at a time, so that a search reads fewer of them."""
        for step in range(MAX_MERGES):
            before = self._connection.total_changes
            pages = -MERGED if step == 0 else MERGED  # negative: begins to merge all segments into one
            self._do(partial(_merge, pages=pages))
            if self._connection.total_changes - before < 2:  # FTS5's sign that nothing is left to merge
                return

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _put(
        self, tables: Tables, connection: sqlite3.Connection, record: Record, pictures: Mapping[str, bytes]
    ) -> int | None:
        record = tables.with_own_id(record)
        there = tables.find(record["id"])
        if there is not None:
            if record.get("event") == LEFT:
                tables.add_departure(there, record)
            return None
        number = tables.insert(record, time.time())
        size = self.pictures.save(number, pictures)
        if size:
            connection.execute("UPDATE events SET pictures = ? WHERE number = ?", (size, number))
        return number

    def _drop(self, choose: Callable[[sqlite3.Connection], Sequence[int]]) -> int:
        count = 0
        while True:

            def drop(tables: Tables, connection: sqlite3.Connection) -> Sequence[int]:
                numbers = choose(connection)
                tables.delete(numbers)
                return numbers

            numbers = self._do(drop)
            for number in numbers:
                self.pictures.delete(number)
            count += len(numbers)
            if len(numbers) < BATCH:
                return count

    def _drop_some_pictures(self, _: Tables, connection: sqlite3.Connection, excess: int) -> list[int]:
        """Delete images of the oldest events, BATCH at most; returns their sizes."""
        query = "SELECT number, pictures FROM events WHERE pictures > 0 ORDER BY number LIMIT ?"
        freed: list[int] = []
        for number, size in connection.execute(query, (BATCH,)).fetchall():
            if sum(freed) >= excess:
                break
            self.pictures.delete(number)
            connection.execute("UPDATE events SET pictures = 0 WHERE number = ?", (number,))
            freed.append(size)
        return freed

    def _give_back(self) -> None:
        """Return deleted pages to the file system; an older SQLite forgets deleted plates' pieces only here."""
        if sqlite3.sqlite_version_info < (3, 42):
            self._connection.execute("INSERT INTO pieces (pieces) VALUES ('optimize')")
        self._connection.executescript("PRAGMA incremental_vacuum")
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _open(self) -> sqlite3.Connection:
        try:
            connection = open_writer(self.path)
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            if isinstance(error, sqlite3.OperationalError) and not is_damage(error):
                raise LprError(
                    f"can't open the history {self.path} ({error}): give --history-folder another folder"
                ) from error
            return self._replace_file()
        self._identity = file_identity(self.path)
        return connection

    def _replace_file(self) -> sqlite3.Connection:
        aside = rename_damaged(self.path)
        connection = open_writer(self.path)
        self._identity = file_identity(self.path)
        count = carry_over(aside, connection, Tables(connection, self._country))
        warn(f"{self.path} is damaged: it is kept as {aside}, and a new one begun with {count} events out of it")
        return connection

    def _do(self, work: Callable[[Tables, sqlite3.Connection], T]) -> T:
        """Run a transaction, in a new file if the old one is missing or damaged."""
        if file_identity(self.path) != self._identity:
            self._connection.close()
            for log in ("-wal", "-shm"):
                Path(f"{self.path}{log}").unlink(missing_ok=True)
            self._connection = self._open()
            warn(f"the history {self.path} was removed or replaced while it was used: it goes on in what is there")
        try:
            return self._attempt(work)
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            if not is_damage(error):
                raise
        self._connection.close()
        self._connection = self._replace_file()
        return self._attempt(work)

    def _attempt(self, work: Callable[[Tables, sqlite3.Connection], T]) -> T:
        connection = self._connection
        return run_transaction(connection, lambda: work(Tables(connection, self._country), connection))


def _merge(_: Tables, connection: sqlite3.Connection, pages: int) -> None:
    connection.execute("INSERT INTO pieces (pieces, rank) VALUES ('merge', ?)", (pages,))


def _drop_unused_facets(_: Tables, connection: sqlite3.Connection) -> None:
    """Delete names of cameras and lists that no event has any more."""
    for (facet,) in connection.execute("SELECT facet FROM facets").fetchall():
        query = "SELECT 1 FROM pieces WHERE pieces MATCH ? LIMIT 1"
        if connection.execute(query, (f'"{facet_token(facet)}"',)).fetchone() is None:
            connection.execute("DELETE FROM facets WHERE facet = ?", (facet,))

"""Stores events, each once, however often it comes."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from lpr_edge.contract.base.errors import LprError
from lpr_fleet.base.extras import load_psycopg
from lpr_fleet.base.failures import DatabaseLostError
from lpr_fleet.database.event_row import EventRow, Key
from lpr_fleet.database.migrations import require_current
from lpr_fleet.database.partitions import add_partition, month_of, months_between

COLUMNS = {
    "device": "text",
    "id": "text",
    "kind": "text",
    "first_seen": "timestamptz",
    "last_seen": "timestamptz",
    "source": "text",
    "text": "text",
    "latin": "text",
    "confidence": "real",
    "signs": "text",
    "record": "jsonb",
}
_OTHERS = [name for name in COLUMNS if name not in ("device", "id", "kind", "first_seen")]
UPSERT = (
    f"INSERT INTO events ({', '.join(COLUMNS)}) "
    f"SELECT * FROM unnest({', '.join(f'%s::{kind}[]' for kind in COLUMNS.values())}) "
    "ON CONFLICT (device, id, kind, first_seen) DO UPDATE SET "
    + ", ".join(f"{name} = EXCLUDED.{name}" for name in _OTHERS)
    + " WHERE events.record IS DISTINCT FROM EXCLUDED.record"
)
"""A repeat that says the same writes nothing."""
ADD_PLATES = (
    "INSERT INTO plates (month, signs, grams) SELECT * FROM unnest(%s::timestamptz[], %s::text[], %s::text[]) "
    "ON CONFLICT DO NOTHING"
)
PASSING = ("08", "40", "42", "53", "55", "57", "58")
"""Classes of SQLSTATE that say nothing of the data: connection, deadlock, tables of another version, resources, locks,
operator, system."""
UNREADY = "25006"
"""The database is read-only: a replica that isn't promoted yet."""


class EventStore:
    """The table of events, behind one connection that is opened again when it was lost."""

    def __init__(self, connect: Callable[[], Any], now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._connect = connect
        self._now = now
        self._connection: Any = None
        self._months: set[datetime] = set()

    def save(self, rows: Sequence[EventRow]) -> dict[Key, str]:
        """Store rows in one transaction, which is committed on return.

        Returns:
            The keys of rows that the database refuses, each with its reason; all others are stored.

        Raises:
            DatabaseLostError: the database is away. All rows may be stored, or none: save them again.
        """
        unique = sorted({row.key: row for row in rows}.values(), key=lambda row: row.key)  # one order: no deadlocks
        if not unique:
            return {}
        with self._open() as connection:
            for month in months_between((row.first_seen for row in unique), self._now()):
                if month not in self._months:
                    add_partition(connection, month)
                    self._months.add(month)
            return self._insert(connection, unique)

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            with suppress(Exception):  # it may be broken, and nothing is under way
                self._connection.close()
            self._connection = None

    def _insert(self, connection: Any, rows: Sequence[EventRow]) -> dict[Key, str]:
        """Store rows; where one is refused, each half by itself, so that only that one is left out."""
        try:
            with connection.transaction():
                connection.execute(ADD_PLATES, _plates(rows))
                connection.execute(UPSERT, _columns(rows))
        except load_psycopg().Error as error:
            if is_passing(error, connection):
                raise
            if len(rows) == 1:
                return {rows[0].key: str(error).splitlines()[0]}
        else:
            return {}
        half = len(rows) // 2
        return self._insert(connection, rows[:half]) | self._insert(connection, rows[half:])

    @contextmanager
    def _open(self) -> Iterator[Any]:
        psycopg = load_psycopg()
        try:
            if self._connection is None or self._connection.closed:
                self._connection = self._connect()
                require_current(self._connection)
            yield self._connection
        except LprError:
            self.close()
            raise
        except psycopg.Error as error:
            self.close()
            raise DatabaseLostError((str(error) or type(error).__name__).splitlines()[0]) from error


def is_passing(error: Any, connection: Any) -> bool:
    """Whether an error of psycopg says that the database is away, not that the data are wrong."""
    return connection.closed or error.sqlstate is None or error.sqlstate[:2] in PASSING or error.sqlstate == UNREADY


def _columns(rows: Sequence[EventRow]) -> list[list[Any]]:
    """The rows as arrays, one for each column."""
    from psycopg.types.json import Jsonb

    columns: list[list[Any]] = [[getattr(row, name) for row in rows] for name in COLUMNS if name != "record"]
    return [*columns, [Jsonb(row.record) for row in rows]]


def _plates(rows: Sequence[EventRow]) -> list[list[Any]]:
    """Month, signs and grams of each plate, as arrays; in one order, so that no two consumers wait for each other."""
    grams = {(month_of(row.first_seen), row.signs): row.grams for row in rows if row.signs}
    plates = sorted(grams)
    return [[month for month, _ in plates], [signs for _, signs in plates], [grams[plate] for plate in plates]]

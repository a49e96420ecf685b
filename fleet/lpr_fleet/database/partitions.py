"""Monthly partitions of events and plates: made when a month's first event comes, dropped when it is old enough."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from lpr_fleet.database.migrations import LOCK

AHEAD = timedelta(days=32)
"""A clock may be so far ahead, and its events still get a month; others go to `events_other`."""
BEHIND = timedelta(days=10 * 366)
TABLES = {"plates": "month", "events": "first_seen"}
"""Tables with monthly partitions, in the order in which a consumer writes them -> the column that divides them."""


def month_of(time: datetime) -> datetime:
    """The first moment of a time's month, UTC."""
    return time.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def next_month(month: datetime) -> datetime:
    """The first moment of the month after."""
    return month_of(month + timedelta(days=32))


def months_between(times: Iterable[datetime], now: datetime) -> list[datetime]:
    """The months that get a partition, oldest first: those of times that a clock in order can have."""
    return sorted({month_of(time) for time in times if now - BEHIND < time < now + AHEAD})


def partition_name(month: datetime, table: str = "events") -> str:
    """The partition of a month."""
    return f"{table}_{month:%Y_%m}"


def add_partition(connection: Any, month: datetime) -> None:
    """Make a month's partitions where they are missing; what the default partitions have of that month moves there."""
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        if connection.execute("SELECT to_regclass(%s)", (partition_name(month),)).fetchone()[0] is not None:
            return
        for table in TABLES:
            _attach(connection, table, month)


def _attach(connection: Any, table: str, month: datetime) -> None:
    name, column = partition_name(month, table), TABLES[table]
    begin, end = month.isoformat(), next_month(month).isoformat()
    connection.execute(f"CREATE TABLE {name} (LIKE {table} INCLUDING DEFAULTS)")
    connection.execute(
        f"WITH moved AS (DELETE FROM {table}_other WHERE {column} >= '{begin}' AND {column} < '{end}' RETURNING *) "
        f"INSERT INTO {name} SELECT * FROM moved"
    )
    connection.execute(f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ('{begin}') TO ('{end}')")


def months_there(connection: Any) -> list[datetime]:
    """The months that have a partition, oldest first."""
    names = connection.execute("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'events'::regclass")
    months = (name.removeprefix("events_") for (name,) in names if name != "events_other")
    return sorted(datetime.strptime(month, "%Y_%m").replace(tzinfo=UTC) for month in months)


def months_back(now: datetime, count: int) -> datetime:
    """The first moment of the month so many months before this one."""
    months = now.astimezone(UTC).year * 12 + now.astimezone(UTC).month - 1 - count
    return datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC)


def drop_before(connection: Any, oldest: datetime) -> list[str]:
    """Drop the months before one, and what `events_other` has received before it.

    Args:
        connection: of psycopg.
        oldest: the first moment of the oldest month that stays.

    Returns:
        The partitions of `events` that were dropped; those of `plates` go with them.
    """
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        old = [month for month in months_there(connection) if month < oldest]
        for month in old:
            for table in TABLES:
                connection.execute(f"DROP TABLE {partition_name(month, table)}")
        # No consumer may find a plate that is about to be deleted, and store its event without it.
        connection.execute("LOCK TABLE plates_other IN SHARE ROW EXCLUSIVE MODE")
        connection.execute("DELETE FROM events_other WHERE received < %s", (oldest,))
        connection.execute(
            "DELETE FROM plates_other p WHERE NOT EXISTS (SELECT FROM events_other e "
            "WHERE e.signs = p.signs AND date_trunc('month', e.first_seen, 'UTC') = p.month)"
        )
    return [partition_name(month) for month in old]

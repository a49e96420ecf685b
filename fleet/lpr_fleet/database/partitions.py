"""Monthly partitions of the events: made when the first event of a month comes, dropped when it is old enough."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from lpr_fleet.database.migrations import LOCK

AHEAD = timedelta(days=32)
"""A clock may be so far ahead, and its events still get a month; others go to `events_other`."""
BEHIND = timedelta(days=10 * 366)


def month_of(time: datetime) -> datetime:
    """The first moment of a time's month, UTC."""
    return time.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def next_month(month: datetime) -> datetime:
    """The first moment of the month after."""
    return month_of(month + timedelta(days=32))


def months_between(times: Iterable[datetime], now: datetime) -> list[datetime]:
    """The months that get a partition, oldest first: those of times that a clock in order can have."""
    return sorted({month_of(time) for time in times if now - BEHIND < time < now + AHEAD})


def partition_name(month: datetime) -> str:
    """The table of a month."""
    return f"events_{month:%Y_%m}"


def add_partition(connection: Any, month: datetime) -> None:
    """Make a month's partition where it is missing; what `events_other` has of that month moves there."""
    name = partition_name(month)
    bounds = (month.isoformat(), next_month(month).isoformat())
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        if connection.execute("SELECT to_regclass(%s)", (name,)).fetchone()[0] is not None:
            return
        connection.execute(f"CREATE TABLE {name} (LIKE events INCLUDING DEFAULTS)")
        connection.execute(
            f"WITH moved AS (DELETE FROM events_other WHERE first_seen >= '{bounds[0]}' AND first_seen < '{bounds[1]}'"
            f" RETURNING *) INSERT INTO {name} SELECT * FROM moved"
        )
        connection.execute(
            f"ALTER TABLE events ATTACH PARTITION {name} FOR VALUES FROM ('{bounds[0]}') TO ('{bounds[1]}')"
        )


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
        The tables that were dropped.
    """
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        old = [partition_name(month) for month in months_there(connection) if month < oldest]
        for name in old:
            connection.execute(f"DROP TABLE {name}")
        connection.execute("DELETE FROM events_other WHERE received < %s", (oldest,))
    return old

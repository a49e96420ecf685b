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


def months_wanted(times: Iterable[datetime], now: datetime) -> list[datetime]:
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

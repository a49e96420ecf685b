"""Fills a database of the centre with made-up events, the newest month first.

200,000 plates, as a country allows them, are made here and copied; PostgreSQL draws each event's from them. The events
are a second apart and end with February 2026, spread over 1,000 devices. A few connections insert at once, and each
month's index of signs is made when its events are there, and its plates. Stopped, it goes on with the month at which it
was.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from random import Random
from typing import Any

from lpr_bench.history.made_events import END, made_plate
from lpr_edge.contract.countries import load_country
from lpr_fleet.database.partitions import add_partition, month_of, months_there, partition_name
from lpr_fleet.search.plate_key import PlateKeys

PLATES = 200_000
DEVICES = 1000
INSERTING = 4
"""Connections that insert at once."""
INSERT = """
INSERT INTO events (device, id, kind, first_seen, last_seen, source, text, latin, confidence, signs, record)
SELECT 'gate-' || device, 'e' || n, 'plate', seen, seen, 'gate', text, latin, 0.9, signs,
    jsonb_build_object('event', 'plate', 'schema', 1, 'id', 'e' || n, 'source', 'gate', 'first_seen', seen, 'last_seen',
    seen, 'frames', 3, 'text', text, 'latin', latin, 'confidence', 0.9)
FROM (SELECT * FROM (
        SELECT n, 1 + floor(random() * %(plates)s)::int AS number, floor(random() * %(devices)s)::int AS device,
            %(end)s - n * interval '1 second' AS seen FROM generate_series(%(first)s::bigint, %(last)s::bigint) n) drawn
    JOIN made_plates USING (number) ORDER BY n DESC) made
"""
INDEX = "CREATE INDEX IF NOT EXISTS {events}_signs ON {events} (signs, first_seen) INCLUDE (device)"
ADD_PLATES = """
INSERT INTO plates SELECT %(month)s, signs, min(grams)
FROM made_plates WHERE signs IN (SELECT signs FROM {events}) GROUP BY signs ON CONFLICT DO NOTHING
"""

Connect = Callable[[], Any]
"""Opens a connection of psycopg that commits by itself."""


def is_filled(connection: Any) -> bool:
    """Whether a filling came to its end; the plates are dropped then."""
    query = "SELECT to_regclass('made_plates') IS NULL AND EXISTS (SELECT FROM events)"
    found: bool = connection.execute(query).fetchone()[0]
    return found


def fill(connect: Connect, events: int) -> None:
    """Make plates, months, events and indexes, as far as they aren't there."""
    with connect() as connection:
        connection.execute("DROP INDEX IF EXISTS events_signs")
        with connection.transaction():
            if connection.execute("SELECT to_regclass('made_plates')").fetchone()[0] is None:
                connection.execute(
                    "CREATE TABLE made_plates (number int, text text, latin text, signs text, grams text)"
                )
                _copy_plates(connection)
    with ThreadPoolExecutor() as indexing:
        made: list[Future[None]] = []
        month, last = month_of(END - timedelta(seconds=1)), 0
        while last < events:
            first, last = last + 1, min(int((END - month).total_seconds()), events)
            if not _is_whole(connect, month, last - first + 1):
                fill_month(connect, month, first, last)
            made.append(indexing.submit(_index_month, connect, month))
            month = month_of(month - timedelta(seconds=1))
        for future in made:
            future.result()
    join_indexes(connect)


def _is_whole(connect: Connect, month: datetime, events: int) -> bool:
    """Whether the month has all its events; those of one that hasn't are deleted."""
    name = partition_name(month)
    with connect() as connection:
        if month not in months_there(connection):
            return False
        whole: bool = connection.execute(f"SELECT count(*) = %s FROM {name}", (events,)).fetchone()[0]
        if not whole:
            connection.execute(f"TRUNCATE {name}")
        return whole


def fill_month(connect: Connect, month: datetime, first: int, last: int) -> None:
    """Insert a month's events, by a few connections at once.

    Args:
        connect: opens a connection.
        month: its first moment.
        first: number of its newest event, in seconds before the end of all.
        last: of its oldest.
    """
    with connect() as connection:
        add_partition(connection, month)
    size = (last - first) // INSERTING + 1
    with ThreadPoolExecutor(INSERTING) as inserting:
        list(
            inserting.map(
                lambda begin: _insert(connect, begin, min(begin + size - 1, last)), range(first, last + 1, size)
            )
        )


def join_indexes(connect: Connect) -> None:
    """Make the months' indexes of signs those of the whole table."""
    with connect() as connection:
        connection.execute("CREATE INDEX events_signs ON ONLY events (signs, first_seen) INCLUDE (device)")
        names = [partition_name(month) for month in months_there(connection)]
        for name in [*names, "events_other"]:
            connection.execute(INDEX.format(events=name))
            connection.execute(f"ALTER INDEX events_signs ATTACH PARTITION {name}_signs")
        connection.execute("VACUUM ANALYZE events")
        connection.execute("VACUUM ANALYZE plates")
        connection.execute("DROP TABLE made_plates")


def _insert(connect: Connect, first: int, last: int) -> None:
    with connect() as connection:
        connection.execute("SET work_mem = '256MB'")
        connection.execute(INSERT, {"first": first, "last": last, "plates": PLATES, "devices": DEVICES, "end": END})


def _index_month(connect: Connect, month: datetime) -> None:
    """Make a month's index of signs, and its plates."""
    events = partition_name(month)
    with connect() as connection:
        connection.execute("SET maintenance_work_mem = '1GB'")
        connection.execute(INDEX.format(events=events))
        connection.execute(ADD_PLATES.format(events=events), {"month": month})


def _copy_plates(connection: Any) -> None:
    country, rng = load_country("nepal"), Random(1)
    keys = PlateKeys(country)
    with connection.cursor().copy("COPY made_plates FROM STDIN") as copy:
        for number in range(1, PLATES + 1):
            text, latin = made_plate(country, rng)
            copy.write_row((number, text, latin, *keys.of(text)))

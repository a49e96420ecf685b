"""Fills a database of the centre with made-up events.

python -m tests.support.fill_centre DATABASE_URL EVENTS PLATES

So many different plates, as a country allows them, are made here; PostgreSQL draws each event's from them. The events
are a second apart and end on 1 March 2026, spread over 50 devices. The trigram index is made at the end.
"""

import sys
from datetime import timedelta

from lpr_bench.history.made_events import END, made_events
from lpr_edge.contract.country import load_country
from lpr_fleet.database.partitions import add_partition, month_of, next_month
from lpr_fleet.search.plate_key import PlateKeys

INSERT = """
INSERT INTO events (device, id, kind, first_seen, last_seen, source, text, latin, confidence, signs, grams, record)
SELECT 'gate-' || n %% 50, 'e' || n, 'plate', seen, seen, 'gate', p.text, p.latin, 0.9, p.signs, p.grams,
    jsonb_build_object('event', 'plate', 'schema', 1, 'id', 'e' || n, 'text', p.text, 'latin', p.latin)
FROM (SELECT n, 1 + floor(random() * %(plates)s)::int AS plate, %(end)s - n * interval '1 second' AS seen
    FROM generate_series(1, %(events)s) n) drawn
JOIN plates p ON p.number = drawn.plate
"""


def main(url: str, events: int, count: int) -> None:
    """Make plates, partitions, events and the index."""
    import psycopg

    country = load_country("nepal")
    keys = PlateKeys(country)
    made = ((record["text"], record["latin"]) for record in made_events(country, 3 * count))
    with psycopg.connect(url, autocommit=True) as connection:
        month = month_of(END - timedelta(seconds=events))
        while month <= END:
            add_partition(connection, month)
            month = next_month(month)
        connection.execute("CREATE TEMP TABLE plates (number int, text text, latin text, signs text, grams text)")
        with connection.cursor().copy("COPY plates FROM STDIN") as copy:
            seen: set[str] = set()
            for text, latin in made:
                if text not in seen and len(seen) < count:
                    seen.add(text)
                    copy.write_row((len(seen), text, latin, *keys.of(text)))
        connection.execute("DROP INDEX events_grams")
        connection.execute(INSERT, {"plates": len(seen), "end": END, "events": events})
        connection.execute("CREATE INDEX events_grams ON events USING gin (grams gin_trgm_ops)")
        connection.execute("ANALYZE events")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))

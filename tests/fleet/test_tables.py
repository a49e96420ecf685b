"""The tables of the centre on a real server: versions, months, and what a consumer meets."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.fleet.fakes import body, event
from tests.support.centre import Postgres, missing_servers

from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.records import iso_time
from lpr_fleet.base.failures import DatabaseLostError
from lpr_fleet.base.settings import DatabaseUrl, FleetSettings
from lpr_fleet.database.connecting import connect
from lpr_fleet.database.event_store import EventStore
from lpr_fleet.database.migrations import migrate, migrations
from lpr_fleet.database.partitions import drop_before
from lpr_fleet.intake.delivery import Delivery
from lpr_fleet.intake.parse import parse_event
from lpr_fleet.search.finding import search
from lpr_fleet.search.plate_key import plate_keys
from lpr_fleet.search.query import SearchFilter

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(missing_servers()), reason=missing_servers() or "servers are there"),
]


@pytest.fixture
def database(postgres: Postgres, request: pytest.FixtureRequest) -> str:
    """An empty database of the test's own, by its URL."""
    postgres.query(f"CREATE DATABASE {request.node.name}")
    return postgres.url.removesuffix("/lpr") + f"/{request.node.name}"


def opened(database: str) -> Any:
    return connect(FleetSettings(database=DatabaseUrl(database)))


def store_one(database: str, name: str, seen: datetime, text: str, now: datetime) -> None:
    """Store an event, by a consumer whose clock says `now`."""
    record = event(0, text) | {"id": name, "first_seen": iso_time(seen), "last_seen": iso_time(seen)}
    store = EventStore(lambda: opened(database), lambda: now)
    assert store.save([parse_event(Delivery(1, "lpr.gate-7.event", body(record)), plate_keys("nepal"))]) == {}
    store.close()


def names_found(connection: Any, typed: str) -> list[str]:
    wanted = SearchFilter(plate_keys("nepal").parts_of(typed), limit=100)
    return [record["id"] for *_, record in search(connection, wanted)]


def plates_in(connection: Any) -> list[tuple[str, int]]:
    """How many plates each table has."""
    counted = "SELECT tableoid::regclass::text, count(*) FROM plates GROUP BY 1 ORDER BY 1"
    return list(connection.execute(counted).fetchall())


def test_tables_of_an_older_lpr_get_their_plates(database: str) -> None:
    """Events that were stored before there was a table of plates are found, in a month's table and outside of it."""
    columns = "device, id, kind, first_seen, last_seen, source, text, latin, confidence, signs, grams, record"
    signs, grams = plate_keys("nepal").of("बा२च७७६५")
    with opened(database) as connection:
        for step in migrations()[:2]:
            connection.execute(step)
        connection.execute("CREATE TABLE lpr_schema AS SELECT 2 AS version")
        month = "FOR VALUES FROM ('2026-03-01T00:00Z') TO ('2026-04-01T00:00Z')"
        connection.execute(f"CREATE TABLE events_2026_03 PARTITION OF events {month}")
        for seen in ("1970-01-31", "2026-03-01", "2026-03-31"):
            values = ["gate-7", seen, "plate", f"{seen}T23:59Z", f"{seen}T23:59Z", "gate", "", "", 0.9, signs, grams]
            record = json.dumps({"id": seen})
            connection.execute(f"INSERT INTO events ({columns}) VALUES ({'%s, ' * 11}%s)", [*values, record])
        assert migrate(connection) == (2, 3)
        assert plates_in(connection) == [("plates_2026_03", 1), ("plates_other", 1)]
        assert names_found(connection, "CHA 7766") == ["2026-03-31", "2026-03-01", "1970-01-31"]


def test_plates_go_with_their_month(database: str) -> None:
    """A month's plates come from the default table when the month gets its own, and are dropped with its events."""
    now = datetime(2026, 3, 15, tzinfo=UTC)
    with opened(database) as connection:
        migrate(connection)
        store_one(database, "far", datetime(2026, 6, 1, tzinfo=UTC), "बा२च७७६५", now)
        store_one(database, "old", datetime(1970, 1, 1, tzinfo=UTC), "बा२च७७६५", now)
        store_one(database, "march", now, "बा२च७७६५", now)
        assert plates_in(connection) == [("plates_2026_03", 1), ("plates_other", 2)]
        store_one(database, "near", datetime(2026, 6, 2, tzinfo=UTC), "बा२च७७६५", datetime(2026, 6, 2, tzinfo=UTC))
        assert plates_in(connection) == [("plates_2026_03", 1), ("plates_2026_06", 1), ("plates_other", 1)]
        assert names_found(connection, "CHA 7766") == ["near", "far", "march", "old"]
        assert drop_before(connection, datetime(2026, 4, 1, tzinfo=UTC)) == ["events_2026_03"]
        assert plates_in(connection) == [("plates_2026_06", 1), ("plates_other", 1)]
        connection.execute("UPDATE events_other SET received = '2026-01-01'")
        assert drop_before(connection, datetime(2026, 4, 1, tzinfo=UTC)) == []
        assert plates_in(connection) == [("plates_2026_06", 1)]


def test_tables_that_change_under_a_consumer_are_no_fault_of_the_data(database: str) -> None:
    """No event is refused, which would make it a dead letter; the next attempt says which version is needed."""
    with opened(database) as connection:
        migrate(connection)
        store = EventStore(lambda: opened(database))
        row = parse_event(Delivery(1, "lpr.gate-7.event", body(event(1))), plate_keys("nepal"))
        assert store.save([row]) == {}
        connection.execute("ALTER TABLE events RENAME COLUMN latin TO roman")
        connection.execute("UPDATE lpr_schema SET version = 99")
        with pytest.raises(DatabaseLostError, match="latin"):
            store.save([row])
        with pytest.raises(LprError, match="version 99"):
            store.save([row])

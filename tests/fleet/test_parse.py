import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fleet.fakes import body

from lpr_edge.contract.records import Record
from lpr_fleet.intake.delivery import Delivery
from lpr_fleet.intake.parse import UnusableMessageError, device_of, parse_event
from lpr_fleet.search.plate_key import PlateKeys


def delivery(message: bytes, route: str = "lpr.gate-1.event") -> Delivery:
    return Delivery(1, route, message)


def test_an_event_becomes_a_row(record: Record, keys: PlateKeys) -> None:
    """Device, key and search keys of an event; the message itself is kept whole, unknown fields included."""
    row = parse_event(delivery(body(record | {"new": [1]})), keys)
    assert row.key == ("gate-1", "e1", "plate", datetime(2026, 3, 1, 6, 0, 1, tzinfo=UTC))
    assert (row.text, row.latin, row.record) == ("बा१प१२३४", "BA 1 PA 1234", record | {"new": [1]})
    assert len(row.signs) == 7


@pytest.mark.parametrize(
    ("route", "device"),
    [
        ("lpr.gate-1.event", "gate-1"),
        ("lpr.gate-1.yard.event", "gate-1"),
        ("lpr.gate/1.event", "gate.1"),
        ("lpr..event", ""),
        ("lpr.event", ""),
        ("lpr.gate.status", ""),
    ],
)
def test_the_device_is_in_the_topic(route: str, device: str) -> None:
    """The second part of the topic is the device; a route that isn't an event's has none."""
    assert device_of(route) == device


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"schema": 2}, "schema isn't 1"),
        ({"id": ""}, "`id` must have"),
        ({"id": "x" * 300}, "`id` must have"),
        ({"id": 5}, "`id` is missing or of another type"),
        ({"event": "seen"}, "`event` is none of plate, left"),
        ({"text": "क" * 300}, "`text` is longer"),
        ({"text": "a\0b"}, "NUL"),
        ({"confidence": 1.5}, "`confidence`"),
        ({"confidence": float("nan")}, "isn't JSON"),
        ({"first_seen": "yesterday"}, "`first_seen` is no time"),
        ({"first_seen": "2026-03-01T06:00:00"}, "no offset"),
        ({"last_seen": "0001-01-01T00:00:00Z"}, "beyond the calendar"),
        ({"source": "\ud800"}, "isn't JSON in UTF-8"),
    ],
)
def test_what_cant_be_stored_says_why(record: Record, keys: PlateKeys, change: Record, reason: str) -> None:
    """A message of another version, with a field of another type or range, or beyond the database, is refused."""
    with pytest.raises(UnusableMessageError, match=reason):
        parse_event(delivery(json.dumps(record | change).encode()), keys)


@pytest.mark.parametrize("message", [b"", b"\xff", b"[]", b"5", b"[" * 100_000, b'{"a":'])
def test_hostile_bytes(keys: PlateKeys, message: bytes) -> None:
    """What is no JSON object is refused, however it is broken."""
    with pytest.raises(UnusableMessageError):
        parse_event(delivery(message), keys)


@given(message=st.binary(max_size=200))
def test_any_bytes_are_refused_or_stored(keys: PlateKeys, message: bytes) -> None:
    """No bytes end the consumer."""
    with pytest.raises(UnusableMessageError):
        parse_event(delivery(message), keys)

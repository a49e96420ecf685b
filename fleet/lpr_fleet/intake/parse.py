"""Checks a message before it becomes a row: what the database can't store is refused here, with a reason."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from lpr_edge.contract.records import EVENT_RECORDS, SCHEMA, Record
from lpr_fleet.database.event_row import EventRow
from lpr_fleet.intake.delivery import Delivery
from lpr_fleet.search.plate_key import PlateKeys

LONGEST_NAME = 200
"""Characters of a device's name and of an event's id: they are keys of an index."""
LONGEST_TEXT = 200
NEEDED: Mapping[str, type | tuple[type, ...]] = {
    "event": str,
    "id": str,
    "source": str,
    "first_seen": str,
    "last_seen": str,
    "frames": int,
    "text": str,
    "confidence": (int, float),
}


class UnusableMessageError(Exception):
    """A message that can't be stored, ever: says why."""


def parse_event(delivery: Delivery, keys: PlateKeys) -> EventRow:
    """The row of an event's message.

    Args:
        delivery: routed as `<topic>.<device>.event` or `<topic>.<device>.<camera>.event`.
        keys: make the search keys.

    Raises:
        UnusableMessageError: it isn't an event of a version that this lpr knows.
    """
    record = _record(delivery.body)
    for name, kinds in NEEDED.items():
        _require(isinstance(record.get(name), kinds), f"`{name}` is missing or of another type")
    device = device_of(delivery.route)
    _require(0 < len(device) <= LONGEST_NAME, "the topic names no device")
    _require(0 < len(record["id"]) <= LONGEST_NAME, f"`id` must have 1 to {LONGEST_NAME} characters")
    _require(record["event"] in EVENT_RECORDS, f"`event` is none of {', '.join(EVENT_RECORDS)}")
    _require(len(record["text"]) <= LONGEST_TEXT, f"`text` is longer than {LONGEST_TEXT} characters")
    _require(0 <= record["confidence"] <= 1, "`confidence` isn't from 0 to 1")
    key = keys.of(record["text"])
    return EventRow(
        device=device,
        id=record["id"],
        kind=record["event"],
        first_seen=_time(record, "first_seen"),
        last_seen=_time(record, "last_seen"),
        source=record["source"],
        text=record["text"],
        latin=str(record.get("latin") or ""),
        confidence=float(record["confidence"]),
        signs=key.signs,
        grams=key.grams,
        record=record,
    )


def device_of(route: str) -> str:
    """The device in a routing key; the plug-in writes `/` for a dot in a name."""
    parts = route.split(".")
    places = [at for at, part in enumerate(parts) if part == "event"]
    return parts[1].replace("/", ".") if len(parts) in (3, 4) and places == [len(parts) - 1] else ""


def _record(body: bytes) -> Record:
    try:
        record = json.loads(body, parse_constant=_refuse_constant)
        text = json.dumps(record, ensure_ascii=False)
        text.encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise UnusableMessageError(f"it isn't JSON in UTF-8 ({type(error).__name__})") from error
    _require(isinstance(record, dict), "it is no JSON object")
    _require("\\u0000" not in text, "it has a NUL character")
    _require(record.get("schema") == SCHEMA, f"its schema isn't {SCHEMA}: install the lpr of that version here")
    return dict(record)


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


def _time(record: Record, name: str) -> datetime:
    try:
        time = datetime.fromisoformat(record[name])
    except ValueError as error:
        raise UnusableMessageError(f"`{name}` is no time") from error
    _require(time.tzinfo is not None, f"`{name}` has no offset from UTC")
    _require(1900 < time.year < 9000, f"`{name}` is beyond the calendar")
    return time


def _require(holds: bool, reason: str) -> None:
    if not holds:
        raise UnusableMessageError(reason)


Parse = Callable[[Delivery], EventRow]
"""Makes a row, or raises UnusableMessageError."""

"""What the history keeps of an event in addition to its record: its number, and the values that it is searched by."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

LISTED = "listed"
"""Kind and value of the facet that every event of a listed plate has."""
LEFT = "left"
"""`event` of the record that follows when the vehicle leaves, with the same id."""
DEPARTURE = ("last_seen", "frames", "direction", "dwell_s")
"""What such a record adds to the event."""
FACET = "\u3105"
"""First character of a facet's token; no piece of a plate begins with it."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Correction:
    """What a person says that a plate shows."""

    text: str
    latin: str
    who: str
    """Who corrected it, as they called themselves."""
    at: float
    """When, in seconds since 1970."""


def number_of(record: dict[str, Any]) -> int:
    """Milliseconds since 1970 of the event's end, so that numbers are in the order of time."""
    try:
        seen = datetime.fromisoformat(record["last_seen"])
    except (KeyError, TypeError, ValueError):
        seen = datetime.now(UTC)
    return milliseconds(seen if seen.tzinfo else seen.replace(tzinfo=UTC))


def milliseconds(time: datetime) -> int:
    """Whole milliseconds since 1970."""
    return (time - EPOCH) // timedelta(milliseconds=1)


def time_of(number: int) -> datetime:
    """The time that a number stands for, UTC."""
    return EPOCH + timedelta(milliseconds=number)


def facets_of(record: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The kinds and values that an event can be filtered by: source, direction, and what a list says."""
    for kind in ("source", "direction"):
        if isinstance(value := record.get(kind), str) and value:
            yield kind, value
    matched = record.get("matched")
    if isinstance(matched, dict):
        yield LISTED, LISTED
        for key in ("name", "action"):
            if isinstance(value := matched.get(key), str) and value:
                yield "list", value


def facet_token(facet: int) -> str:
    """The index's token of a facet."""
    return f"{FACET}{facet}"


def is_same_visit(kept: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether a record of the same id is of the same vehicle's visit: delivered again, or its departure."""
    return all(kept.get(field) == other.get(field) for field in ("source", "first_seen", "text"))


def with_departure(record: dict[str, Any], left: dict[str, Any]) -> dict[str, Any]:
    """An event's record with what is known when the vehicle has left."""
    return record | {field: left[field] for field in DEPARTURE if field in left}


def is_sound(record: dict[str, Any]) -> bool:
    """Whether a record can be kept: its plate is a text, and every figure is one."""
    confidence = record.get("confidence", 0.0)
    return isinstance(record.get("text"), str) and isinstance(confidence, int | float) and math.isfinite(confidence)

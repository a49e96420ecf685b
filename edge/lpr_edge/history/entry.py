"""Values that the history stores with an event's record: its number, and the values for searching."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

LISTED = "listed"
"""Kind and value of the facet that every event of a listed plate has."""
WAY = "way"
"""Kind of the facet of a direction and a source: one lookup for both, of which each alone may be half of the events."""
PLACE = ("source", "direction")
"""Kinds of facets of an event's place: fields of its record."""
LEFT = "left"
"""`event` of the record that follows when the vehicle leaves, with the same id."""
DEPARTURE = ("last_seen", "frames", "direction", "dwell_s")
"""What such a record adds to the event."""
FACET = "\u3105"
"""First character of a facet's token; no piece of a plate begins with it."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Correction:
    """A person's correction of an event's text."""

    text: str
    latin: str
    who: str
    """Who corrected it, as they called themselves."""
    at: float
    """When, in seconds since 1970."""


def number_of(record: dict[str, Any]) -> int:
    """Event number: milliseconds since 1970 of the event's end, so that numbers are in order of time."""
    try:
        seen = datetime.fromisoformat(record["last_seen"])
    except (KeyError, TypeError, ValueError):
        seen = datetime.now(UTC)
    return milliseconds(seen if seen.tzinfo else seen.replace(tzinfo=UTC))


def milliseconds(time: datetime) -> int:
    """Convert a time to whole milliseconds since 1970."""
    return (time - EPOCH) // timedelta(milliseconds=1)


def time_of(number: int) -> datetime:
    """Convert an event number to its time, UTC."""
    return EPOCH + timedelta(milliseconds=number)


def facets_of(record: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Facets of an event, (kind, value) pairs for filtering: source, direction, both together, watch list."""
    given = [(kind, value) for kind in PLACE if isinstance(value := record.get(kind), str) and value]
    yield from given
    if len(given) == len(PLACE):
        yield WAY, way_of(*(value for _, value in given))
    matched = record.get("matched")
    if isinstance(matched, dict):
        yield LISTED, LISTED
        for key in ("name", "action"):
            if isinstance(value := matched.get(key), str) and value:
                yield "list", value


def way_of(source: str, direction: str) -> str:
    """Value of the facet of both."""
    return f"{direction} {source}"


def facet_token(facet: int) -> str:
    """Token of a facet in the index."""
    return f"{FACET}{facet}"


def is_same_visit(kept: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two records with the same id are of one vehicle's visit: delivered again, or its departure."""
    return all(kept.get(field) == other.get(field) for field in ("source", "first_seen", "text"))


def with_departure(record: dict[str, Any], left: dict[str, Any]) -> dict[str, Any]:
    """Add the fields of the vehicle's departure to an event's record."""
    return record | {field: left[field] for field in DEPARTURE if field in left}


def is_sound(record: dict[str, Any]) -> bool:
    """Whether a record is valid: its plate is a text, and its numbers are numbers."""
    confidence = record.get("confidence", 0.0)
    return isinstance(record.get("text"), str) and isinstance(confidence, int | float) and math.isfinite(confidence)

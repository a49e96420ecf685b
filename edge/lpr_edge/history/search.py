"""Search the history by part of a plate, time, source, list and direction; newest first, in pages."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from re import Pattern

from lpr_edge.contract.country import Country
from lpr_edge.contract.records import Record
from lpr_edge.history.entry import LISTED, WAY, Correction, facet_token, milliseconds, way_of
from lpr_edge.history.grams import match_expression, near_pattern
from lpr_edge.history.signs import SignCodes, cuts_of

MAX_SHOWN = 200
"""Events of the largest page."""
COLUMNS = "e.number, e.key, e.corrected_key"
RANGE = "{number} >= ? AND {number} < ? ORDER BY {number} DESC"
BY_TIME = f"SELECT {COLUMNS} FROM events e WHERE {RANGE.format(number='e.number')}"
BY_PIECES = (
    f"SELECT {COLUMNS} FROM pieces p CROSS JOIN events e ON e.number = p.rowid "
    f"WHERE p.pieces MATCH ? AND {RANGE.format(number='p.rowid')}"
)
BEFORE_ALL, AFTER_ALL = -(2**62), 2**62


@dataclass(frozen=True)
class SearchFilter:
    """A query; fields that are left out match everything."""

    text: str = ""
    """Part of a plate in either script, or, where hashes are stored, the hash."""
    exact: bool = False
    """Whether no sign may be wrong; otherwise one may, in a part of four signs or more."""
    since: datetime | None = None
    until: datetime | None = None
    """Events that ended from `since` on and before `until`."""
    source: str = ""
    direction: str = ""
    listed: str = ""
    """`any` for events of listed plates, or a list entry's name or action."""


@dataclass(frozen=True)
class HistoryEvent:
    """An event of the history."""

    number: int
    record: Record
    corrections: tuple[Correction, ...] = ()
    """Oldest first; the last one holds."""
    has_pictures: bool = False

    @property
    def text(self) -> str:
        """The plate's text: as corrected, else as read."""
        return self.corrections[-1].text if self.corrections else str(self.record["text"])


@dataclass(frozen=True)
class Page:
    """One page of results, newest first."""

    events: tuple[HistoryEvent, ...]
    after: int | None = None
    """`before` of the following page; None where this is the last."""


class Search:
    """Searches over one connection, for one thread at a time."""

    def __init__(self, connection: sqlite3.Connection, country: Country) -> None:
        self._connection = connection
        self._country = country

    def page(self, search_filter: SearchFilter, before: int | None = None, limit: int = 50) -> Page:
        """One page of results.

        Args:
            search_filter: what is searched for.
            before: `after` of the page before; None for the first.
            limit: events of a page, MAX_SHOWN at most.
        """
        limit = max(1, min(limit, MAX_SHOWN))
        numbers: list[int] = []
        for number in self.numbers(search_filter, before):
            if len(numbers) == limit:
                return Page(self.load(numbers), numbers[-1])
            numbers.append(number)
        return Page(self.load(numbers))

    def numbers(self, search_filter: SearchFilter, before: int | None = None) -> Iterator[int]:
        """Numbers of matching events, newest first."""
        first = BEFORE_ALL if search_filter.since is None else milliseconds(search_filter.since)
        end = AFTER_ALL if search_filter.until is None else milliseconds(search_filter.until)
        span = (first, end if before is None else min(end, before))
        parts = self._parts(search_filter)
        facets = self._facets(search_filter)
        if facets is None or parts == []:
            return
        expression = _expression(facets, parts or [], search_filter.exact)
        query, values = (BY_PIECES, (expression, *span)) if expression else (BY_TIME, span)
        patterns = [near_pattern(part, search_filter.exact) for part in parts or []]
        for number, key, corrected in self._connection.execute(query, values):
            if not patterns or _fits(patterns, (key, corrected or "")):
                yield number

    def load(self, numbers: Sequence[int]) -> tuple[HistoryEvent, ...]:
        """Load events by number, in this order; deleted ones are left out."""
        return tuple(found for number in numbers if (found := self._load("number = ?", number)))

    def event(self, event_id: str) -> HistoryEvent | None:
        """An event by its id; None where there is none."""
        return self._load("id = ?", event_id)

    def choices(self) -> dict[str, list[str]]:
        """Values that can be filtered by: kind (`source`, `direction`, `list`) -> values of the stored events."""
        kinds: dict[str, list[str]] = {"source": [], "direction": [], "list": []}
        for kind, value in self._connection.execute("SELECT kind, value FROM facets ORDER BY value"):
            if kind in kinds:
                kinds[kind].append(value)
        return kinds

    def _load(self, condition: str, value: int | str) -> HistoryEvent | None:
        row = self._connection.execute(
            f"SELECT number, record, pictures, corrected_key FROM events WHERE {condition}", (value,)
        ).fetchone()
        if row is None:
            return None
        number, text, pictures, corrected = row
        return HistoryEvent(number, json.loads(text), self._corrections(number) if corrected else (), pictures > 0)

    def _corrections(self, number: int) -> tuple[Correction, ...]:
        query = "SELECT text, latin, who, at FROM corrections WHERE number = ? ORDER BY correction"
        return tuple(Correction(*row) for row in self._connection.execute(query, (number,)))

    def _parts(self, search_filter: SearchFilter) -> list[str] | None:
        """Keys of the plates that the query's text can mean; None without a text, empty for an invalid one."""
        if not search_filter.text.strip():
            return None
        codes = SignCodes(self._connection)
        return list(
            dict.fromkeys(codes.query_key(signs) for signs in cuts_of(search_filter.text, self._country) if signs)
        )

    def _facets(self, search_filter: SearchFilter) -> list[str] | None:
        """Tokens of the query's facets; None if no event has one of them."""
        if search_filter.source and search_filter.direction:
            asked = [(WAY, way_of(search_filter.source, search_filter.direction))]
        else:
            asked = [("source", search_filter.source), ("direction", search_filter.direction)]
        if search_filter.listed:
            asked.append((LISTED, LISTED) if search_filter.listed == "any" else ("list", search_filter.listed))
        tokens = []
        for kind, value in asked:
            if value:
                query = "SELECT facet FROM facets WHERE kind = ? AND value = ?"
                found = self._connection.execute(query, (kind, value)).fetchone()
                if found is None:
                    return None
                tokens.append(facet_token(found[0]))
        return tokens


def _expression(facets: Iterable[str], parts: Sequence[str], is_exact: bool) -> str:
    conditions = [f'"{token}"' for token in facets]
    if parts:
        conditions.append(" OR ".join(f"({match_expression(part, is_exact)})" for part in parts))
    return " AND ".join(f"({condition})" for condition in conditions)


def _fits(patterns: Iterable[Pattern[str]], keys: Iterable[str]) -> bool:
    return any(pattern.search(key) for key in keys for pattern in patterns)

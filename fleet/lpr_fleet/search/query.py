"""The SQL of a search: the newest events first, then the trigram index, month by month."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import Any

from lpr_edge.history.grams import PIECE, SHORTEST_INEXACT, near_pattern
from lpr_fleet.search.plate_key import marked

MAX_SHOWN = 1000
MAX_COMPARED = 50_000
"""Newest events that are compared one by one at first, before the index is asked."""
WALK_ON = 4
"""Where the first ones have this share of what is wanted, 1/4, comparing more of them takes less than the index, in
which each event that fits is a page to read."""
COLUMNS = "first_seen, device, text, record"
NEWEST = "ORDER BY first_seen DESC LIMIT %s"


@dataclass(frozen=True)
class SearchFilter:
    """What is searched for; what is left out allows everything."""

    parts: Sequence[str] = ()
    """Signs of a part of a plate, in each way that the typed text can be read: see `PlateKeys.parts_of`."""
    exact: bool = False
    """Whether no sign may be wrong; otherwise one may, in a part of four signs or more."""
    since: datetime | None = None
    until: datetime | None = None
    device: str = ""
    limit: int = 50

    @property
    def max_events(self) -> int:
        """Events that are returned at most."""
        return max(1, min(self.limit, MAX_SHOWN))


Query = tuple[str, list[Any]]
"""A statement and its values; it returns `COLUMNS`, newest first."""


def may_be_frequent(search_filter: SearchFilter) -> bool:
    """Whether a part is so short, or so short without one of its signs, that many plates have it."""
    lengths = (len(part) - (not search_filter.exact and len(part) >= SHORTEST_INEXACT) for part in search_filter.parts)
    return min(lengths, default=SHORTEST_INEXACT) < SHORTEST_INEXACT


def compared_next(search_filter: SearchFilter, compared: int, found: int) -> int:
    """How many of the newest events to compare after `compared` of them had too few; 0 where the index is asked.

    Args:
        search_filter: what is searched for.
        compared: number of events compared so far.
        found: number of these that fit.
    """
    if compared > MAX_COMPARED or WALK_ON * found < search_filter.max_events:
        return 0
    return 3 * compared * search_filter.max_events // (2 * found)  # half as many again as an even spread takes


def newest_query(search_filter: SearchFilter, compared: int = MAX_COMPARED) -> Query:
    """The newest events that fit: all of them where no part of a plate is wanted, else among the newest `compared`.

    The times of those that fit come out of the index alone; only then are the events read.
    """
    conditions, values = _span(search_filter)
    if not search_filter.parts:
        device, name = _of_device(search_filter)
        return f"SELECT {COLUMNS} FROM events{_where([*conditions, *device])} {NEWEST}", [
            *values,
            *name,
            search_filter.max_events,
        ]
    fits, forms = _fits(search_filter)
    walked = f"SELECT first_seen, device, signs FROM events{_where(conditions)} {NEWEST}"
    statement = (
        f"WITH newest AS MATERIALIZED (SELECT first_seen FROM ({walked}) walked{_where(fits)} {NEWEST}) "
        f"SELECT {COLUMNS} FROM (SELECT DISTINCT first_seen FROM newest) times JOIN events USING (first_seen)"
        f"{_where(fits)} {NEWEST}"
    )
    return statement, [*values, compared, *forms, search_filter.max_events, *forms, search_filter.max_events]


def index_query(search_filter: SearchFilter) -> Query:
    """All events that fit, found by the trigrams of their pieces.

    The index is asked in a step of its own: where PostgreSQL walked back in time until enough fit, it would read the
    whole table for a plate that isn't there.
    """
    pieces, patterns = _pieces(search_filter)
    conditions, values = _span(search_filter)
    fits, forms = _fits(search_filter)
    statement = (
        "WITH found AS MATERIALIZED (SELECT first_seen, device, text, id, kind FROM events"
        f"{_where([pieces, *conditions, *fits])}) SELECT first_seen, device, text, "
        "(SELECT record FROM events e "
        "WHERE (e.device, e.id, e.kind, e.first_seen) = (f.device, f.id, f.kind, f.first_seen)) "
        f"FROM (SELECT * FROM found {NEWEST}) f ORDER BY first_seen DESC"
    )
    return statement, [*patterns, *values, *forms, search_filter.max_events]


def slices(search_filter: SearchFilter, months: Sequence[datetime]) -> list[SearchFilter]:
    """Divide a search into stretches of time, newest first: one month, then twice as many each time.

    Args:
        search_filter: the whole search.
        months: first moments of the months that have a partition.
    """
    newest_first = sorted(months, reverse=True)
    begins: list[datetime | None] = []
    at, count = 0, 1
    while at + count <= len(newest_first):
        begins.append(newest_first[at + count - 1])
        at, count = at + count, 2 * count
    cuts = [None, *begins, None]
    spans = [(_later(begin, search_filter.since), _earlier(end, search_filter.until)) for end, begin in pairwise(cuts)]
    return [
        replace(search_filter, since=since, until=until)
        for since, until in spans
        if since is None or until is None or since < until
    ]


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((time for time in (one, other) if time is not None), default=None)


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((time for time in (one, other) if time is not None), default=None)


def _where(conditions: Sequence[str]) -> str:
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""


def _span(search_filter: SearchFilter) -> tuple[list[str], list[Any]]:
    given = {"first_seen >= %s": search_filter.since, "first_seen < %s": search_filter.until}
    kept = {condition: value for condition, value in given.items() if value is not None}
    return list(kept), list(kept.values())


def _of_device(search_filter: SearchFilter) -> tuple[list[str], list[Any]]:
    return (["device = %s"], [search_filter.device]) if search_filter.device else ([], [])


def _fits(search_filter: SearchFilter) -> tuple[list[str], list[Any]]:
    """The conditions on one event: its device, and that its plate has the part."""
    device, name = _of_device(search_filter)
    return [*device, "signs LIKE ANY(%s)"], [*name, _forms(search_filter)]


def _forms(search_filter: SearchFilter) -> list[str]:
    """What `near_pattern` finds, as LIKE has it, which PostgreSQL compares much faster."""
    forms = (
        form for part in search_filter.parts for form in near_pattern(part, search_filter.exact).pattern.split("|")
    )
    return [f"%{form.replace('.', '_')}%" for form in dict.fromkeys(forms)]


def _pieces(search_filter: SearchFilter) -> tuple[str, list[str]]:
    """A condition that every text with the part fulfils, and few others, for the trigram index.

    The part as it is, and with each of its signs left out: a wrong, missing or additional sign leaves one of these
    whole, as pieces of the text.
    """
    variants = dict.fromkeys(search_filter.parts)
    if not search_filter.exact:
        for part in search_filter.parts:
            if len(part) >= SHORTEST_INEXACT:
                variants |= dict.fromkeys(part[:at] + part[at + 1 :] for at in range(len(part)))
    groups = [_threes(variant) for variant in variants]
    condition = " OR ".join("(" + " AND ".join(["grams LIKE %s"] * len(group)) + ")" for group in groups)
    return f"({condition})", [f"%{piece}%" for group in groups for piece in group]


def _threes(variant: str) -> list[str]:
    """Pieces of three signs, side by side and the last one, which hold every sign; of fewer signs with their marks."""
    if len(variant) < PIECE:
        return [marked(variant) if len(variant) == 1 else marked(variant)[1:-1]]
    last = len(variant) - PIECE
    return list(dict.fromkeys(variant[at : at + PIECE] for at in (*range(0, last, PIECE), last)))

"""The SQL of a search: the newest events first, then the plates that fit and their events, month by month."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import Any

from lpr_edge.history.grams import PIECE, SHORTEST_INEXACT, near_pattern
from lpr_fleet.database.partitions import month_of
from lpr_fleet.search.plate_key import marked

MAX_SHOWN = 1000
MAX_COMPARED = 50_000
"""Newest events that are compared one by one at first, before the plates are asked."""
WALK_ON = 4
"""Where the first ones have this share of what is wanted, 1/4, comparing more of them takes less than the many plates
that fit, each of which is a page to read."""
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
    """How many of the newest events to compare after `compared` of them had too few; 0 where the plates are asked.

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

    Device and time of those that fit come out of the index alone; only then are the events read.
    """
    conditions, values = _time_and_device(search_filter)
    if not search_filter.parts:
        return f"SELECT {COLUMNS} FROM events{_where(conditions)} {NEWEST}", [*values, search_filter.max_events]
    forms, most = _forms(search_filter), search_filter.max_events
    walked = f"SELECT first_seen, device, signs FROM events{_where(conditions)} {NEWEST}"
    statement = (
        f"WITH newest AS MATERIALIZED "
        f"(SELECT first_seen, device FROM ({walked}) walked WHERE signs LIKE ANY(%s) {NEWEST}) "
        f"SELECT {COLUMNS} FROM (SELECT DISTINCT first_seen, device FROM newest) times "
        f"JOIN events USING (first_seen, device) WHERE signs LIKE ANY(%s) {NEWEST}"
    )
    return statement, [*values, compared, forms, most, forms, most]


def older_query(search_filter: SearchFilter, compared: int) -> Query:
    """A row where there are more than `compared` events of that time and device; it isn't a row of a search."""
    conditions, values = _time_and_device(search_filter)
    return f"SELECT 1 FROM events{_where(conditions)} ORDER BY first_seen DESC OFFSET %s LIMIT 1", [*values, compared]


def plates_query(search_filter: SearchFilter) -> Query:
    """All events that fit, by way of the plates that fit, which the trigrams of their pieces find.

    There are far fewer plates than events. Each one's newest events come out of the index of signs and time alone, and
    only those that are returned are read.
    """
    pieces, patterns = _pieces(search_filter)
    months, begins = _months(search_filter)
    conditions, values = _time_and_device(search_filter)
    fitting = f"SELECT DISTINCT signs FROM plates{_where([pieces, *months, 'signs LIKE ANY(%s)'])}"
    own = f"SELECT first_seen FROM events{_where(['events.signs = fitting.signs', *conditions])} {NEWEST}"
    statement = (
        f"WITH fitting AS MATERIALIZED ({fitting}), newest AS MATERIALIZED "
        f"(SELECT signs, first_seen FROM fitting CROSS JOIN LATERAL ({own}) own {NEWEST}) "
        f"SELECT {COLUMNS} FROM (SELECT DISTINCT signs, first_seen FROM newest) times "
        f"JOIN events USING (signs, first_seen){_where(conditions)} {NEWEST}"
    )
    most = search_filter.max_events
    return statement, [*patterns, *begins, _forms(search_filter), *values, most, most, *values, most]


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


def _time_and_device(search_filter: SearchFilter) -> tuple[list[str], list[Any]]:
    """The conditions on an event besides those on its plate."""
    given = {
        "first_seen >= %s": search_filter.since,
        "first_seen < %s": search_filter.until,
        "device = %s": search_filter.device or None,
    }
    return _given(given)


def _months(search_filter: SearchFilter) -> tuple[list[str], list[Any]]:
    """The conditions on a month that has a part of the time asked for."""
    return _given(
        {"month >= %s": search_filter.since and month_of(search_filter.since), "month < %s": search_filter.until}
    )


def _given(conditions: dict[str, Any]) -> tuple[list[str], list[Any]]:
    kept = {condition: value for condition, value in conditions.items() if value is not None}
    return list(kept), list(kept.values())


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

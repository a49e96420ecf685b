"""The SQL of a search: pieces for the trigram index, then the comparison sign by sign."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lpr_edge.history.grams import PIECE, SHORTEST_INEXACT, near_pattern

MAX_SHOWN = 1000


@dataclass(frozen=True)
class Wanted:
    """What is searched for; what is left out allows everything."""

    parts: Sequence[str] = ()
    """Signs of a part of a plate, in each way that the typed text can be read: see `PlateKeys.parts_of`."""
    exact: bool = False
    """Whether no sign may be wrong; otherwise one may, in a part of four signs or more."""
    since: datetime | None = None
    until: datetime | None = None
    device: str = ""
    limit: int = 50


def search_query(wanted: Wanted) -> tuple[str, list[Any]]:
    """The statement and its values: events newest first, as (first_seen, device, text, record).

    The index finds candidates by their pieces, in a step of its own: walking back in time until enough fit would read
    the whole table for a plate that isn't there. Parts of one or two signs have no pieces, and fit often: for these it
    does walk back.
    """
    conditions, values = _span(wanted)
    if wanted.parts:
        conditions.append("signs LIKE ANY(%s)")
        values.append(_forms(wanted))
    newest = "ORDER BY first_seen DESC LIMIT %s"
    limit = max(1, min(wanted.limit, MAX_SHOWN))
    if not wanted.parts or min(map(len, wanted.parts)) < PIECE:
        where = f"WHERE {' AND '.join(conditions)} " if conditions else ""
        return f"SELECT first_seen, device, text, record FROM events {where}{newest}", [*values, limit]
    pieces, patterns = _pieces(wanted)
    inner = " AND ".join([pieces, *conditions])
    statement = (
        "WITH found AS MATERIALIZED (SELECT first_seen, device, text, id, kind FROM events "
        f"WHERE {inner}) SELECT first_seen, device, text, "
        "(SELECT record FROM events e "
        "WHERE (e.device, e.id, e.kind, e.first_seen) = (f.device, f.id, f.kind, f.first_seen)) "
        f"FROM (SELECT * FROM found {newest}) f ORDER BY first_seen DESC"
    )
    return statement, [*patterns, *values, limit]


def _forms(wanted: Wanted) -> list[str]:
    """What `near_pattern` finds, as LIKE has it, which PostgreSQL compares much faster."""
    forms = (form for part in wanted.parts for form in near_pattern(part, wanted.exact).pattern.split("|"))
    return [f"%{form.replace('.', '_')}%" for form in dict.fromkeys(forms)]


def _span(wanted: Wanted) -> tuple[list[str], list[Any]]:
    given = {
        "first_seen >= %s": wanted.since,
        "first_seen < %s": wanted.until,
        "device = %s": wanted.device or None,
    }
    kept = {condition: value for condition, value in given.items() if value is not None}
    return list(kept), list(kept.values())


def _pieces(wanted: Wanted) -> tuple[str, list[str]]:
    """A condition that every text with the part fulfils, and few others, for the trigram index.

    The part as it is, and with each of its signs left out: a wrong, missing or additional sign leaves one of these
    whole, as pieces of the text.
    """
    variants = dict.fromkeys(wanted.parts)
    if not wanted.exact:
        for part in wanted.parts:
            if len(part) >= SHORTEST_INEXACT:
                variants |= dict.fromkeys(part[:at] + part[at + 1 :] for at in range(len(part)))
    groups = [_threes(variant) for variant in variants]
    condition = " OR ".join("(" + " AND ".join(["grams LIKE %s"] * len(group)) + ")" for group in groups)
    return f"({condition})", [f"%{piece}%" for group in groups for piece in group]


def _threes(variant: str) -> list[str]:
    """Pieces of three signs, side by side and the last one, which hold every sign."""
    last = len(variant) - PIECE
    return list(dict.fromkeys(variant[at : at + PIECE] for at in (*range(0, last, PIECE), last)))

"""Histories of made-up events."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from lpr_edge.contract.countries import load_country
from lpr_edge.history.access import HistoryAccess
from lpr_edge.history.store import History
from lpr_edge.text.grammar import Grammar

NEPAL = load_country()
BEGIN = datetime(2026, 3, 1, 6, tzinfo=UTC)


def event(number: int, text: str = "बा१प१२३४", **others: Any) -> dict[str, Any]:
    """The record of an event, a minute after the one before."""
    seen = (BEGIN + timedelta(minutes=number)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    record = {"event": "plate", "schema": 1, "id": f"e{number}", "source": "gate-1", "first_seen": seen}
    return record | {"last_seen": seen, "text": text, "confidence": 0.9, "frames": 3} | others


def history_of(
    folder: Path, records: Iterable[Mapping[str, Any]], pictures: Mapping[str, bytes] | None = None
) -> HistoryAccess:
    """A history in a folder, with some events."""
    history = History(folder, NEPAL)
    try:
        history.add([(dict(record), pictures or {}) for record in records])
    finally:
        history.close()
    return HistoryAccess(folder, Grammar(NEPAL))


def ids(access: HistoryAccess, *args: Any, **keys: Any) -> list[str]:
    """The ids that a search finds, all pages."""
    from lpr_edge.history.search import SearchFilter

    found, before = [], None
    while True:
        page = access.page(SearchFilter(*args, **keys), before, 3)
        found += [str(event.record["id"]) for event in page.events]
        before = page.after
        if before is None:
            return found

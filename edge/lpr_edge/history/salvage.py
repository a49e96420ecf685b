"""Copies the readable events of a damaged history into a new one."""

import json
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Protocol

from lpr_edge.base.sqlite_files import open_read_only, readable_rows, run_transaction
from lpr_edge.history.entry import Correction, is_sound

QUERIES = tuple(
    f"SELECT number, record FROM {table} ORDER BY number{order}"
    for table in ("events", "records")  # a file of version 1 has records of its own
    for order in ("", " DESC")
)
"""From either end: each ends at the first unreadable page."""


class EventTables(Protocol):
    """The tables of the new file, see `Tables`."""

    def find(self, event_id: str) -> int | None:
        """An event's number."""

    def insert(self, record: dict[str, Any], stored: float) -> int:
        """Add an event; returns its number."""

    def correct(self, number: int, correction: Correction) -> None:
        """Add a correction."""


def carry_over(aside: Path, into: sqlite3.Connection, tables: EventTables) -> int:
    """Copy events, their corrections and the size of their pictures; returns the number of events.

    Args:
        aside: the damaged file.
        into: the new file, empty.
        tables: of the new file.
    """
    try:
        source = open_read_only(aside)
    except sqlite3.Error:
        return 0
    with closing(source):
        for pragma in ("writable_schema = ON", "query_only = ON"):  # the first: else a cut file can't be read at all
            with suppress(sqlite3.Error):
                source.execute(f"PRAGMA {pragma}")
        rows = (row for query in QUERIES for row in readable_rows(source, query))
        return run_transaction(into, lambda: sum(_copy(source, into, tables, *row) for row in rows))


def _copy(source: sqlite3.Connection, into: sqlite3.Connection, tables: EventTables, number: int, text: str) -> bool:
    with suppress(ValueError, TypeError):
        record = json.loads(text)
        if not (isinstance(record, dict) and isinstance(record.get("id"), str) and is_sound(record)):
            return False
        if tables.find(record["id"]) is not None:
            return False
        stored, pictures = next(
            readable_rows(source, f"SELECT stored, pictures FROM events WHERE number = {number}"), (number / 1000, 0)
        )
        new = tables.insert(record, stored)
        if new == number:  # pictures are found by number
            into.execute("UPDATE events SET pictures = ? WHERE number = ?", (pictures, number))
        query = f"SELECT text, latin, who, at FROM corrections WHERE number = {number} ORDER BY correction"
        for row in list(readable_rows(source, query)):
            tables.correct(new, Correction(*row))
        return True
    return False

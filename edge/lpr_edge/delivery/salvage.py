"""Copies the readable events of a damaged outbox file into a new one."""

import json
import sqlite3
from typing import Any

from lpr_edge.base.sqlite_files import readable_rows, run_transaction

LAST = "SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = 'events'"
"""The highest event number ever used."""


def carry_over(source: sqlite3.Connection, into: sqlite3.Connection, done: int) -> int:
    """Copy readable events and, into an empty file, the sinks' progress; returns the number of events.

    Args:
        source: the old file.
        into: the new file.
        done: events up to this number are left out, unless a sink waits for them.
    """

    def copy() -> int:
        is_empty = into.execute("SELECT COUNT(*) FROM events").fetchone()[0] == 0
        count = sum(_copy_event(source, into, number, is_empty) for number in sorted(_numbers(source, done)))
        if is_empty:
            _copy_progress(source, into)
        return count

    return run_transaction(into, copy)


def _numbers(source: sqlite3.Connection, done: int) -> set[int]:
    """Event numbers found in the table or its index, read from either end."""
    queries = (
        f"SELECT number FROM events WHERE number > {done}",
        f"SELECT number FROM events WHERE number > {done} ORDER BY number DESC",
        f"SELECT number FROM events INDEXED BY events_stored WHERE number > {done}",
        "SELECT number FROM refused",
        "SELECT number FROM replays",
    )
    return {number for query in queries for (number,) in readable_rows(source, query)}


def _copy_event(source: sqlite3.Connection, into: sqlite3.Connection, number: int, keeps_number: bool) -> bool:
    query = f"SELECT id, stored, CAST(record AS BLOB) FROM events WHERE number = {number}"
    for event_id, stored, record in readable_rows(source, query):
        text = (record or b"").decode(errors="replace")
        row = (number if keeps_number else None, event_id, stored, text)
        cursor = into.execute("INSERT OR IGNORE INTO events (number, id, stored, record) VALUES (?, ?, ?, ?)", row)
        if not cursor.rowcount:
            return False
        new = cursor.lastrowid
        pictures = readable_rows(source, f"SELECT name, jpeg FROM pictures WHERE number = {number}")
        into.executemany("INSERT INTO pictures VALUES (?, ?, ?)", ((new, name, jpeg) for name, jpeg in pictures))
        return True
    return False


def _copy_progress(source: sqlite3.Connection, into: sqlite3.Connection) -> None:
    """Copy each sink's progress, limited to used numbers: new events with higher numbers would count as delivered."""
    for table in ("deliveries", "beginnings"):
        rows = list(readable_rows(source, f"SELECT sink, number FROM {table}"))
        into.executemany(f"INSERT OR REPLACE INTO {table} SELECT ?, MIN(?, ({LAST}))", rows)
    exists = "WHERE EXISTS (SELECT 1 FROM events WHERE number = ?1)"
    refused = list(readable_rows(source, "SELECT number, sink, reason FROM refused"))
    into.executemany(f"INSERT OR IGNORE INTO refused SELECT ?1, ?2, ?3 {exists}", refused)
    replays = list(readable_rows(source, "SELECT number, sink FROM replays"))
    into.executemany(f"INSERT OR IGNORE INTO replays SELECT ?1, ?2 {exists}", replays)
    into.executemany("INSERT INTO clock VALUES (?)", list(readable_rows(source, "SELECT believed FROM clock")))


def read_record(data: bytes | None) -> tuple[dict[str, Any], str]:
    """Parse a stored record; returns it with an error message, which is empty for a valid record."""
    if data is None:
        return {}, "it is empty"
    try:
        record = json.loads(data.decode())
        json.dumps(record, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        return {}, f"{type(error).__name__}: {error}"
    if not isinstance(record, dict) or not isinstance(record.get("id"), str):
        return {}, "it is no object with an `id`"
    return record, ""

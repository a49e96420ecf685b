"""Runs a search: statement by statement, until enough events are found."""

from collections.abc import Callable, Iterator
from typing import Any

from lpr_fleet.database.partitions import months_there
from lpr_fleet.search.query import (
    MAX_COMPARED,
    Query,
    SearchFilter,
    compared_next,
    may_be_frequent,
    newest_query,
    older_query,
    plates_query,
    slices,
)

EventRow = tuple[Any, str, str, Any]
"""first_seen, device, text, record."""
Run = Callable[[Query], list[EventRow]]


def search(connection: Any, search_filter: SearchFilter, run: Run | None = None) -> list[EventRow]:
    """Events that fit, newest first.

    What may fit often is looked for among the newest events: a few, then as many as the first ones say that it takes.
    What fits seldom has few plates, whose events are looked up, the newest month first.

    Args:
        connection: of psycopg.
        search_filter: what is searched for.
        run: runs a statement in place of the connection.
    """
    run = run or (lambda query: run_query(connection, query))
    if not search_filter.parts:
        return run(newest_query(search_filter))
    compared = MAX_COMPARED if may_be_frequent(search_filter) else 0
    while compared:
        found = run(newest_query(search_filter, compared))
        if len(found) >= search_filter.max_events:
            return found
        if not run(older_query(search_filter, compared)):
            return found
        compared = compared_next(search_filter, compared, len(found))
    found = []
    for part in slices(search_filter, months_there(connection)):
        found += run(plates_query(part))
        if len(found) >= search_filter.max_events:
            break
    return found[: search_filter.max_events]


def explain(connection: Any, search_filter: SearchFilter) -> Iterator[str]:
    """The plan of each statement that a search runs, with its times."""
    lines: list[str] = []

    def run(query: Query) -> list[EventRow]:
        statement, values = query
        plan = connection.execute(f"EXPLAIN (ANALYZE, COSTS OFF, SUMMARY) {statement}", values, prepare=False)
        lines.extend(["", *(line for (line,) in plan)])
        return run_query(connection, query)

    search(connection, search_filter, run)
    yield from lines[1:]


def run_query(connection: Any, query: Query) -> list[EventRow]:
    """A statement's rows; not prepared, since a plan that fits every text fits none well."""
    rows: list[EventRow] = connection.execute(*query, prepare=False).fetchall()
    return rows

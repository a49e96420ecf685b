"""Routes of the watch lists' page."""

from collections.abc import Callable, Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from lpr_edge.contract.records import Record
from lpr_edge.service.audit_log import AuditLog
from lpr_edge.watchlist.list_file import ListChange, ListError, ListFile, StaleError
from lpr_edge.web.auth import user_of
from lpr_edge.web.page_files import FILES, show_file
from lpr_edge.web.requests import for_admins, read_own

LARGEST_LIST = 4 << 20
"""Bytes that a changed list may have."""
SHOWN = 20
"""Entries of the audit log that the page shows."""
HEADER = "plate"


class ListApi:
    """Handles requests for watch lists, from admins only: a list shows who has which vehicle."""

    def __init__(self, lists: Mapping[str, ListFile], audit: AuditLog, conceal: Callable[[str], str]) -> None:
        """Connect the lists.

        Args:
            lists: by what they are called.
            audit: logs each change.
            conceal: converts a plate for the audit log: to its hash, or unchanged.
        """
        self._lists = dict(lists)
        self._audit = audit
        self._conceal = conceal

    def routes(self) -> list[Route]:
        """Routes of the page and of its requests."""
        return [
            Route("/list", for_admins(_to_list)),
            Route("/list/", for_admins(show_file(FILES / "list.html"))),
            Route("/list.js", show_file(FILES / "list.js")),
            Route("/list/api", for_admins(self.show)),
            Route("/list/api", for_admins(self.change), methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """A list's rows, and the latest changes."""
        name = request.query_params.get("name") or next(iter(self._lists))
        if name not in self._lists:
            return JSONResponse({"error": f"no list {name!r}"}, 404)
        return JSONResponse(await run_in_threadpool(self._describe, name))

    async def change(self, request: Request) -> Response:
        """Replace a list's rows."""
        sent = await read_own(request, LARGEST_LIST)
        name, stamp, rows = sent["name"], sent["stamp"], _rows_of(sent["rows"])
        if name not in self._lists:
            return JSONResponse({"error": f"no list {name!r}"}, 404)
        who = user_of(request.headers.get("authorization", "")) or "admin"
        try:
            change = await run_in_threadpool(self._write, name, rows, stamp, who)
        except StaleError as error:
            return JSONResponse({"error": str(error)}, 409)
        except ListError as error:
            return JSONResponse({"error": str(error), "row": error.row}, 400)
        described = await run_in_threadpool(self._describe, name)
        return JSONResponse(described | {"odd": change.odd})

    def _write(self, name: str, rows: list[list[str]], stamp: str, who: str) -> ListChange:
        found = self._lists[name]
        place = [column.lower() for column in found.read().columns].index(HEADER)

        def log_change(change: ListChange) -> None:
            added, removed = (
                [[*row[:place], self._conceal(row[place]), *row[place + 1 :]] for row in kind]
                for kind in (change.added, change.removed)
            )
            self._audit.record(who, "list", file=str(found.path), added=added, removed=removed)

        return found.write(rows, stamp, log_change)

    def _describe(self, name: str) -> Record:
        found = self._lists[name]
        table = found.read()
        return {
            "name": name,
            "names": list(self._lists),
            "columns": table.columns,
            "rows": table.rows,
            "stamp": table.stamp,
            "writable": found.is_writable,
            "changes": [entry for entry in self._audit.latest(SHOWN) if entry.get("what") == "list"],
        }


async def _to_list(_: Request) -> Response:
    return RedirectResponse("list/")


def _rows_of(rows: Any) -> list[list[str]]:
    """Check that a JSON value is a list of rows of texts.

    Raises:
        ValueError: they are something else.
    """
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise ValueError("rows")
    if not all(isinstance(cell, str) for row in rows for cell in row):
        raise ValueError("cells")
    return rows

"""Routes of the history page: searches, events, images, exports and corrections."""

import io
import time
from collections.abc import Mapping
from datetime import date

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from lpr_edge.history.access import HistoryAccess
from lpr_edge.history.export import WRITERS, describe, events_of, local_day
from lpr_edge.history.search import SearchFilter
from lpr_edge.web.auth import CORRECT, user_of
from lpr_edge.web.page_files import FILES, show_file
from lpr_edge.web.requests import explaining, permitted, read_own

TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "jsonl": "application/jsonl; charset=utf-8",
}


PAGES = {
    "/history/": "history.html",
    "/history/{event_id:path}": "history.html",
    "/history.css": "history.css",
    "/history.js": "history.js",
}


class HistoryApi:
    """Handles requests for the history, each in a thread because a search takes a while."""

    def __init__(self, access: HistoryAccess) -> None:
        self._access = access

    def routes(self) -> list[Route]:
        """Routes of the page and of its requests."""
        return [
            Route("/api/history", explaining(self.search)),
            Route("/api/history/choices", explaining(self.choices)),
            Route("/api/history/event", explaining(self.event)),
            Route("/api/history/picture", explaining(self.picture)),
            Route("/api/history/export", explaining(self.export)),
            Route("/api/history/correct", permitted(CORRECT, explaining(self.correct)), methods=["POST"]),
            Route("/history", _to_history),
            *(Route(path, show_file(FILES / name)) for path, name in PAGES.items()),
        ]

    async def search(self, request: Request) -> Response:
        """A page of events, newest first."""
        asked = request.query_params
        before = asked.get("before")
        page = await run_in_threadpool(self._access.page, query_of(asked), int(before) if before else None)
        return JSONResponse({"events": [describe(found) for found in page.events], "after": page.after})

    async def choices(self, _: Request) -> Response:
        """The values that can be filtered by."""
        return JSONResponse(await run_in_threadpool(self._access.choices))

    async def event(self, request: Request) -> Response:
        """One event with its record and corrections."""
        found = await run_in_threadpool(self._access.event, request.query_params.get("id", ""))
        if found is None:
            return _no_event()
        return JSONResponse(describe(found) | {"record": found.record})

    async def picture(self, request: Request) -> Response:
        """An event's `frame` or `plate`."""
        asked = request.query_params
        jpeg = await run_in_threadpool(self._access.picture, asked.get("id", ""), asked.get("name", ""))
        if jpeg is None:
            return Response("no picture", 404)
        return Response(jpeg, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=3600"})

    async def export(self, request: Request) -> Response:
        """A day's events as a file."""
        asked = request.query_params
        kind = asked.get("format", "csv")
        if kind not in WRITERS:
            raise ValueError(kind)
        day = date.fromisoformat(asked.get("day", ""))
        content = await run_in_threadpool(self._written, day, kind, query_of(asked))
        headers = {"Content-Disposition": f'attachment; filename="lpr-{day.isoformat()}.{kind}"'}
        return Response(content, headers=headers, media_type=TYPES[kind])

    async def correct(self, request: Request) -> Response:
        """Store a correction; only from this page's own scripts."""
        sent = await read_own(request)
        event_id, text = sent["id"], sent["text"]
        if not (isinstance(event_id, str) and isinstance(text, str)):
            raise ValueError("id and text")
        who = user_of(request.headers.get("authorization", "")) or "live page"
        found = await run_in_threadpool(self._access.correct, event_id, text, who, time.time())
        return _no_event() if found is None else JSONResponse(describe(found) | {"record": found.record})

    def _written(self, day: date, kind: str, search_filter: SearchFilter) -> bytes:
        since, until = local_day(day)
        within = SearchFilter(
            search_filter.text,
            search_filter.exact,
            since,
            until,
            search_filter.source,
            search_filter.direction,
            search_filter.listed,
        )
        stream = io.BytesIO()
        with self._access.searching() as search:
            WRITERS[kind](events_of(search, self._access.hidden(within)), stream)
        return stream.getvalue()


async def _to_history(_: Request) -> Response:
    return RedirectResponse("history/")


def query_of(asked: Mapping[str, str]) -> SearchFilter:
    """Parse a search of the page; days are in this device's local time, the last one included.

    Raises:
        ValueError: a day is none.
    """
    return SearchFilter(
        asked.get("text", "")[:100],
        asked.get("exact") == "1",
        local_day(date.fromisoformat(asked["since"]))[0] if asked.get("since") else None,
        local_day(date.fromisoformat(asked["until"]))[1] if asked.get("until") else None,
        asked.get("source", ""),
        asked.get("direction", ""),
        asked.get("listed", ""),
    )


def _no_event() -> Response:
    return JSONResponse({"error": "the history has no such event, or no longer"}, 404)

"""Routes of the image server."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from time import perf_counter

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from lpr_edge.base.workers import FAULTS
from lpr_edge.contract.base.errors import DataError
from lpr_edge.contract.records import Record
from lpr_edge.http_api.interface import Interface
from lpr_edge.http_api.reading_queue import BusyError, ReadingQueue
from lpr_edge.http_api.request_form import parse_form
from lpr_edge.web.auth import AuthMiddleware

BODY_S = 10.0
"""For all of a request's body."""
DRAIN_S = 2.0
"""For the rest of a body that is refused, so that the client reads the answer."""
RETRY_S = 2
"""After which a client may ask again."""
ONCE = {"Connection": "close"}
"""Each picture has its own connection, as the server ends old ones whatever they do."""


class Api:
    """Handles the interfaces' requests; their images pass one queue."""

    def __init__(self, interfaces: Sequence[Interface], queue: ReadingQueue, region: str, largest_body: int) -> None:
        """Connect interfaces and queue.

        Args:
            interfaces: that are answered.
            queue: reads the pictures.
            region: the country's name, for answers.
            largest_body: bytes of a request.
        """
        self._interfaces = interfaces
        self._queue = queue
        self._region = region
        self._largest_body = largest_body

    def guarded(self, description: Record, token: str, is_open: bool) -> ASGIApp:
        """All routes behind the token.

        Args:
            description: OpenAPI's document.
            token: empty where none is asked for.
            is_open: without a token, answer also those who call this machine by another name than localhost.
        """

        async def show_description(_: Request) -> Response:
            return JSONResponse(description)

        routes = [
            *(
                Route(path, self._answer_as(interface), methods=["POST"])
                for interface in self._interfaces
                for path in interface.paths
            ),
            Route("/health", self.show_health),
            Route("/openapi.json", show_description),
        ]
        return AuthMiddleware(Starlette(routes=routes), token, is_open)

    async def show_health(self, _: Request) -> Response:
        """200 while no worker has failed, else 503."""
        health = {"healthy": not FAULTS.current, "waiting": self._queue.waiting}
        return JSONResponse(health, 200 if health["healthy"] else 503)

    def _answer_as(self, interface: Interface) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            try:
                with self._queue.place():
                    return JSONResponse(await self._read(request, interface), headers=ONCE)
            except BusyError:
                refusal = _Refusal(503, f"busy: ask again in {RETRY_S} s")
            except _Refusal as error:
                refusal = error
            except DataError as error:
                refusal = _Refusal(400, str(error))
            await _drain(request)
            headers = ONCE | ({"Retry-After": str(RETRY_S)} if refusal.status == 503 else {})
            return JSONResponse(interface.to_error(refusal.status, str(refusal)), refusal.status, headers)

        return answer

    async def _read(self, request: Request, interface: Interface) -> object:
        body = await self._body(request)
        start = perf_counter()
        form = parse_form(request.headers.get("content-type", ""), body)
        upload = interface.request_picture(form)
        result = await self._queue.read(upload)
        return interface.to_answer(form, upload, result, self._region, 1000 * (perf_counter() - start))

    async def _body(self, request: Request) -> bytes:
        body = bytearray()
        try:
            async with asyncio.timeout(BODY_S):
                async for piece in request.stream():
                    body += piece
                    if len(body) > self._largest_body:
                        raise _Refusal(413, f"more than {self._largest_body} bytes: send a smaller picture")
        except TimeoutError as error:
            raise _Refusal(408, f"the request wasn't complete in {BODY_S:g} s") from error
        except ClientDisconnect as error:
            raise _Refusal(400, "the request was cut short") from error
        return bytes(body)


class _Refusal(Exception):  # noqa: N818  # an answer, not a fault
    """A request that gets an error response."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


async def _drain(request: Request) -> None:
    """Read the rest of a request: a client that is still sending doesn't see the response."""
    with suppress(TimeoutError, ClientDisconnect, RuntimeError):
        async with asyncio.timeout(DRAIN_S):
            async for _ in request.stream():
                pass

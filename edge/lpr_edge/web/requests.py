"""Common code of requests that change something or may be invalid."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from lpr_edge.contract.base.errors import LprError
from lpr_edge.web.auth import CHANGE, MAY, ask_for_login

Answer = Callable[[Request], Awaitable[Response]]

LARGEST_BODY = 4096
"""Bytes that a request may send, where it doesn't need more."""
OWN_HEADER = "x-lpr"
"""A page of elsewhere can't send it without asking first, and is never allowed to."""


def is_own(request: Request) -> bool:
    """Whether a request comes from a script of this page, not of another site (CSRF)."""
    headers = request.headers
    origin = headers.get("origin", "")
    same = not origin or origin.partition("://")[2] == headers.get("host", "")
    return same and OWN_HEADER in headers and headers.get("content-type", "").startswith("application/json")


async def read_own(request: Request, max_bytes: int = LARGEST_BODY) -> Any:
    """Read the JSON that a script of this page has sent.

    Raises:
        HTTPException: it comes from elsewhere, or is too large.
        ValueError: it is no JSON.
    """
    if not is_own(request):
        raise HTTPException(403, "changes come from the page itself")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_bytes:
            raise HTTPException(413, f"more than {max_bytes} bytes")
    return json.loads(body)


def explaining(answer: Answer) -> Answer:
    """Wrap a handler: an invalid or failed request gets one line that explains it."""

    async def answer_or_explain(request: Request) -> Response:
        try:
            return await answer(request)
        except HTTPException as error:
            return JSONResponse({"error": error.detail}, error.status_code)
        except LprError as error:
            return JSONResponse({"error": str(error)}, 400)
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
            return JSONResponse({"error": "the request can't be understood"}, 400)

    return answer_or_explain


def permitted(permission: str, answer: Answer) -> Answer:
    """Wrap a handler: users without a permission are asked to log in."""

    async def answer_or_ask(request: Request) -> Response:
        if permission in request.scope.get(MAY, ()):
            return await answer(request)
        return ask_for_login("the admin's token (LPR_WEB_ADMIN_TOKEN) as password, your name as user")

    return answer_or_ask


def for_admins(answer: Answer) -> Answer:
    """Wrap a handler: only admins may use it."""
    return permitted(CHANGE, explaining(answer))

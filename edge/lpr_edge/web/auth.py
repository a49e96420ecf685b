"""Authentication of the page's users, and headers of every response."""

import base64
import binascii
import hmac
from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]")
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; font-src 'self'; manifest-src 'self'; worker-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""Nothing from elsewhere runs in the page, and no page of elsewhere shows it."""
CORRECT = "correct"
"""Permission to correct a reading in the history: who knows the token has it, unless there is an admin's."""
CHANGE = "change"
"""Permission to change the list and the settings: who knows the admin's token has it."""
MAY = "lpr.may"
"""Key of a request's permissions in its scope."""


class AuthMiddleware:
    """Admits users with a token; without one, only requests to this machine's own host name.

    Without the second, a page of anywhere could read this one through a name that it lets point here (DNS rebinding).
    """

    def __init__(self, app: ASGIApp, token: str, is_open: bool = False, admin_token: str = "") -> None:
        """Wrap an application.

        Args:
            app: answers those who are let in.
            token: empty where none is asked for.
            is_open: without a token, any name of this machine will do: for what shows nothing of it.
            admin_token: gives the permission to change things; empty where nobody has it.
        """
        self._app = app
        self._is_open = is_open
        self._token = token.encode()
        self._admin_token = admin_token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""

        async def send_more(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update({"Cache-Control": "no-store", **HEADERS} | _given(message))
            await send(message)

        headers = Headers(scope=scope)
        is_admin = self._knows(self._admin_token, headers)
        refusal = self._refusal(headers, is_admin)
        scope[MAY] = {CORRECT, CHANGE} if is_admin else set() if self._admin_token else {CORRECT}
        await (refusal or self._app)(scope, receive, send_more)

    def _refusal(self, headers: Headers, is_admin: bool) -> Response | None:
        if not self._token:
            host = headers.get("host", "")
            name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
            return None if self._is_open or name.lower() in LOCAL_NAMES else PlainTextResponse("call it localhost", 421)
        if is_admin or self._knows(self._token, headers):
            return None
        return ask_for_login("the token that lpr-edge was given, or said at its start, as password")

    def _knows(self, token: bytes, headers: Headers) -> bool:
        given = tokens_in(headers.get("authorization", ""))
        return bool(token) and any(hmac.compare_digest(found, token) for found in given)


def ask_for_login(text: str) -> Response:
    """The 401 response; a browser then asks for name and password."""
    return PlainTextResponse(text, 401, {"WWW-Authenticate": 'Basic realm="lpr", charset="UTF-8"'})


def tokens_in(authorization: str) -> Iterable[bytes]:
    """The token in an Authorization header: `Bearer`, `Token`, or the password of `Basic` with any user name."""
    scheme, _, rest = authorization.partition(" ")
    if scheme.lower() in ("bearer", "token"):
        yield rest.strip().encode("latin-1")  # as headers are decoded
    elif scheme.lower() == "basic":
        try:
            yield base64.b64decode(rest.strip(), validate=True).partition(b":")[2]
        except (binascii.Error, ValueError):
            return


def user_of(authorization: str) -> str:
    """User name given with the token; empty without one, as with `Bearer`."""
    scheme, _, rest = authorization.partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(rest.strip(), validate=True).partition(b":")[0].decode(errors="replace")[:64]
    except (binascii.Error, ValueError):
        return ""


def _given(message: Message) -> dict[str, str]:
    """The response's own `Cache-Control`, if it has one."""
    own = Headers(raw=message["headers"]).get("cache-control")
    return {"Cache-Control": own} if own else {}

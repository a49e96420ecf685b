"""Events as HTTP POST requests."""

import base64
import http.client
import json
import ssl

from lpr_edge import __version__
from lpr_edge.contract.errors import LprError
from lpr_edge.contract.url import Url, parse_url, redact
from lpr_edge.delivery.sink import DeliveryError, Parcel, RefusedError

TIMEOUT_S = 10.0
"""For connecting, and for each part of the answer."""
EXAMPLE = "https://example.org/plates"
REFUSALS = (400, 409, 413, 415, 422)
"""Answers about this very event: trying again would only bring them again."""


class Webhook:
    """`--webhook`: one POST an event, its id as `Idempotency-Key`, so that the server knows what it had before."""

    name = "webhook"

    def __init__(self, url: str, token: str = "", timeout_s: float = TIMEOUT_S) -> None:
        """Take an address.

        Args:
            url: http or https; a login in it is sent as `Authorization: Basic`.
            token: sent as `Authorization: Bearer`, where given.
            timeout_s: see TIMEOUT_S.

        Raises:
            LprError: it isn't an address, or has a login beside the token.
        """
        self._address = parse_webhook(url, token)
        self._headers = {"Content-Type": "application/json", "User-Agent": f"lpr/{__version__}"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        elif self._address.login:
            self._headers["Authorization"] = basic_login(self._address)
        self._timeout_s = timeout_s

    def deliver(self, parcel: Parcel) -> None:
        """Post an event; any 2xx means that it has arrived, and nothing else does, a redirect included."""
        connection = self._connect()
        headers = self._headers | {"Idempotency-Key": parcel.record["id"]}
        try:
            body = json.dumps(parcel.record, ensure_ascii=False).encode()
            connection.request("POST", self._address.target, body, headers)
            status = connection.getresponse().status
        except TimeoutError as error:
            raise DeliveryError(f"no answer in {self._timeout_s:g} s") from error
        except (OSError, http.client.HTTPException) as error:
            raise DeliveryError(f"{type(error).__name__}: {error}") from error
        finally:
            connection.close()
        if status in REFUSALS:
            raise RefusedError(f"HTTP status {status}")
        if not 200 <= status < 300:
            raise DeliveryError(f"HTTP status {status}")

    def close(self) -> None:
        """Every request has its own connection."""

    def _connect(self) -> http.client.HTTPConnection:
        host, port = self._address.host, self._address.port
        if self._address.scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=self._timeout_s)
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(host, port, timeout=self._timeout_s, context=context)


def parse_webhook(url: str, token: str = "") -> Url:
    """The parts of a web address.

    Args:
        url: http or https.
        token: what is sent with each event beside it.

    Raises:
        LprError: it isn't one, or it has a login where there is a token: only one of them can be sent.
    """
    address = parse_url(url, ("http", "https"), "webhook", EXAMPLE)
    if not url.isascii():
        raise LprError(f"`webhook` is {redact(url)!r}, and it must be an address such as {EXAMPLE}.")
    if token and address.login:
        raise LprError("`webhook` has a login in its address and `webhook_token` is given: leave one of them out.")
    return address


def basic_login(address: Url) -> str:
    """A login as HTTP's Authorization header, RFC 7617."""
    login = f"{address.username}:{address.password}".encode()
    return f"Basic {base64.b64encode(login).decode()}"

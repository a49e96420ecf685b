"""Events as HTTP POST requests."""

import http.client
import json
import ssl
from urllib.parse import SplitResult, urlsplit

from lpr_edge import __version__
from lpr_edge.contract.errors import LprError
from lpr_edge.sinks.sink import DeliveryError, Parcel, RefusedError

TIMEOUT_S = 10.0
"""For connecting, and for each part of the answer."""
REFUSALS = (400, 409, 413, 415, 422)
"""Answers about this very event: trying again would only bring them again."""


class Webhook:
    """`--webhook`: one POST an event, its id as `Idempotency-Key`, so that the server knows what it had before."""

    name = "webhook"

    def __init__(self, url: str, token: str = "", timeout_s: float = TIMEOUT_S) -> None:
        """Take an address.

        Args:
            url: http or https.
            token: sent as `Authorization: Bearer`, where given.
            timeout_s: see TIMEOUT_S.

        Raises:
            LprError: it isn't an address.
        """
        self._address = parse_url(url)
        self._headers = {"Content-Type": "application/json", "User-Agent": f"lpr/{__version__}"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._timeout_s = timeout_s

    def deliver(self, parcel: Parcel) -> None:
        """Post an event; any 2xx means that it has arrived, and nothing else does, a redirect included."""
        connection = self._connect()
        headers = self._headers | {"Idempotency-Key": parcel.record["id"]}
        path = self._address.path or "/"
        target = f"{path}?{self._address.query}" if self._address.query else path
        try:
            body = json.dumps(parcel.record, ensure_ascii=False).encode()
            connection.request("POST", target, body, headers)
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
        host, port = self._address.hostname or "", self._address.port
        if self._address.scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=self._timeout_s)
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(host, port, timeout=self._timeout_s, context=context)


def parse_url(url: str) -> SplitResult:
    """The parts of a web address.

    Raises:
        LprError: it isn't one.
    """
    try:
        address = urlsplit(url)
        usable = address.scheme in ("http", "https") and bool(address.hostname) and address.port != 0
    except ValueError:
        usable = False
    if not usable or not url.isascii() or any(c.isspace() for c in url):
        raise LprError(f"`webhook` is {url!r}, and it must be an address such as https://example.org/plates")
    return urlsplit(url)

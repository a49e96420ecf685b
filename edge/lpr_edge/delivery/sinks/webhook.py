"""Sends events as HTTP POST requests."""

import base64
import http.client
import json
import re
import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Thread
from typing import Self

from lpr_edge import __version__
from lpr_edge.base.finding import Finding, State, fine
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.base.units import require_setting
from lpr_edge.contract.base.url import HttpUrl, redact
from lpr_edge.contract.records import delivery_key
from lpr_edge.contract.settings.fields import SECRET
from lpr_edge.delivery.sink import DeliveryError, RefusedError, SinkSettings, Site, StoredEvent, Target

TIMEOUT_S = 10.0
"""Time limit in seconds for the whole request, from name resolution to the response's last header."""
ANSWER_S = 5.0
"""For a connection, where it is only tried out."""
REFUSALS = (400, 409, 413, 415, 422)
"""Status codes that refuse this very event, so that a retry is useless."""


class WebhookUrl(HttpUrl):
    """Where events are posted to; a login in it is sent as `Authorization: Basic`."""

    example = "https://example.org/plates"

    @classmethod
    def parse(cls, text: str, key: str) -> Self:
        """An address in ASCII, as HTTP sends it; see `TextValue`."""
        if not text.isascii():
            raise LprError(f"`{key}` is {redact(text)!r}, and it must be an address such as {cls.example}.")
        return super().parse(text, key)


class Webhook:
    """`--webhook`: one POST for each event, with its key as `Idempotency-Key`."""

    name = "webhook"
    wants_pictures = False

    def __init__(self, address: WebhookUrl, token: str = "", timeout_s: float = TIMEOUT_S) -> None:
        """Take an address.

        Args:
            address: where to post.
            token: sent as `Authorization: Bearer`, where given.
            timeout_s: see TIMEOUT_S.

        Raises:
            LprError: the address has a login in addition to the token.
        """
        require_one_login(address, token)
        self._address = address
        self._headers = {"Content-Type": "application/json", "User-Agent": f"lpr/{__version__}"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        elif self._address.login:
            self._headers["Authorization"] = basic_login(self._address)
        self._timeout_s = timeout_s

    def deliver(self, stored_event: StoredEvent) -> None:
        """Post an event; any 2xx means that it arrived, any other status, redirects included, that it didn't."""
        headers = self._headers | {"Idempotency-Key": delivery_key(stored_event.record)}
        body = json.dumps(stored_event.record, ensure_ascii=False).encode()
        status = Exchange(self._connect(), self._address.target, body, headers).status(self._timeout_s)
        if status in REFUSALS:
            raise RefusedError(f"HTTP status {status}")
        if not 200 <= status < 300:
            raise DeliveryError(f"HTTP status {status}")

    def close(self) -> None:
        """Do nothing: every request has its own connection."""

    def _connect(self) -> http.client.HTTPConnection:
        host, port = self._address.host, self._address.port
        if self._address.scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=self._timeout_s)
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(host, port, timeout=self._timeout_s, context=context)


class Exchange:
    """One request and its response's status, in a thread of its own so that one time limit holds for both.

    A socket's time-out is for each part that comes, and a server may send one byte after another, or `100 Continue`,
    for ever; looking up a host's name has no time-out at all.
    """

    def __init__(
        self, connection: http.client.HTTPConnection, target: str, body: bytes, headers: Mapping[str, str]
    ) -> None:
        """Start the request.

        Args:
            connection: not connected yet; it is closed at the end.
            target: path and query.
            body: what is posted.
            headers: of the request.
        """
        self._connection = connection
        self._request = target, body, dict(headers)
        self._status = 0
        self._error: Exception | None = None
        self._thread = Thread(target=self._run, name="lpr-webhook-exchange", daemon=True)
        self._thread.start()

    def status(self, timeout_s: float) -> int:
        """Wait for the response's status.

        Raises:
            DeliveryError: there is none, or none in time; what is under way is then cut off.
        """
        self._thread.join(timeout_s)
        if self._thread.is_alive() or isinstance(self._error, TimeoutError):
            self._cut_off()
            raise DeliveryError(f"no answer in {timeout_s:g} s")
        if self._error is not None:
            raise DeliveryError(f"{type(self._error).__name__}: {self._error}") from self._error
        return self._status

    def _run(self) -> None:
        target, body, headers = self._request
        try:
            self._connection.request("POST", target, body, headers)
            self._status = self._connection.getresponse().status
        except Exception as error:  # noqa: BLE001  # `status` raises it for the thread that waits
            self._error = error
        finally:
            self._connection.close()

    def _cut_off(self) -> None:
        """Interrupt the thread's reading or writing, so that it ends."""
        open_socket = self._connection.sock
        if open_socket is not None:
            with suppress(OSError):
                socket.socket.shutdown(open_socket, socket.SHUT_RDWR)  # TLS's own would forget that it is encrypted


def require_one_login(address: WebhookUrl, token: str) -> None:
    """Reject a login where there is a token: only one of them can be sent.

    Raises:
        LprError: there are both.
    """
    if token and address.login:
        raise LprError("`webhook` has a login in its address and `webhook_token` is given: leave one of them out.")


def basic_login(address: HttpUrl) -> str:
    """Encode a login as HTTP's Authorization header, RFC 7617."""
    login = f"{address.username}:{address.password}".encode()
    return f"Basic {base64.b64encode(login).decode()}"


@dataclass(frozen=True)
class WebhookSettings(SinkSettings):
    """Settings of the webhook."""

    name = "webhook"

    url: WebhookUrl | None = None
    """address that each event is posted to, with its id as Idempotency-Key; a login in it is sent as Basic"""
    token: str = field(default="", metadata=SECRET)
    """sent there as a bearer token; better as LPR_WEBHOOK_TOKEN, which no process list shows"""

    def __post_init__(self) -> None:
        """Reject a token that no header can contain."""
        is_sendable = re.fullmatch(r"[ -~]*", self.token) is not None
        expected = "one line of plain letters, digits and signs"
        require_setting(is_sendable, "webhook_token", "not shown here", expected)

    def check(self) -> None:
        """Check that there is one login only."""
        require_one_login(self._address, self.token)

    def open(self, _site: Site) -> Target:
        """See `SinkSettings.open`."""
        return Webhook(self._address, self.token)

    def examine(self, _site: Site) -> Finding:
        """Check that a server listens at the address."""
        return check_webhook(self._address)

    @property
    def _address(self) -> WebhookUrl:
        assert self.url is not None, "only called where the sink is on"
        return self.url


def check_webhook(address: WebhookUrl) -> Finding:
    """Check that a server listens at the address; nothing is sent to it."""
    secure = address.scheme == "https"
    place = (address.host, address.port or (443 if secure else 80))
    try:
        with socket.create_connection(place, ANSWER_S) as connection:
            if secure:
                ssl.create_default_context().wrap_socket(connection, server_hostname=place[0]).close()
    except (OSError, ssl.SSLError) as error:
        remedy = "check --webhook, the network, and that the server runs; events wait in the outbox meanwhile"
        return Finding("webhook", State.REPAIR, str(error), remedy)
    return fine("webhook", f"{place[0]} answers")

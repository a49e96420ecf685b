"""Frigate's HTTP interface, as far as it is needed: an event's snapshot, and its sub label.

Source: docs.frigate.video/integrations/api (`/api/events/{id}/snapshot.jpg`, `/api/events/{id}/sub_label`).
"""

import base64
import json
import urllib.request
from http.client import HTTPException
from typing import Self

from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.base.url import HttpUrl

MAX_BYTES = 20_000_000
"""Bytes of a snapshot."""
LONGEST_LABEL = 20
"""Characters of a sub label that every version takes."""


class FrigateError(Exception):
    """Frigate doesn't respond, or not as documented."""


class FrigateUrl(HttpUrl):
    """Frigate's address; a login in it is sent as `Authorization: Basic`."""

    example = "http://frigate:5000"

    @classmethod
    def parse(cls, text: str, key: str) -> Self:
        """An address without a query; see `TextValue`."""
        address = super().parse(text, key)
        if address.query:
            raise LprError(f"Setting `{key}` has a query, and it must be an address such as {cls.example}.")
        return address


class FrigateApi:
    """Client of Frigate; each request has its own connection."""

    def __init__(self, address: FrigateUrl, timeout_s: float = 10.0) -> None:
        """Take the address.

        Args:
            address: of Frigate.
            timeout_s: for connecting, and for each part of an answer.
        """
        self._address = address
        self._timeout_s = timeout_s

    def snapshot(self, event_id: str) -> bytes:
        """Fetch an event's best image so far, without a box drawn in it.

        Raises:
            FrigateError: there is none.
        """
        return self._ask(f"/api/events/{event_id}/snapshot.jpg?bbox=0&timestamp=0&crop=0")

    def set_sub_label(self, event_id: str, text: str, score: float) -> None:
        """Write an event's sub label.

        Args:
            event_id: of the event.
            text: is cut to LONGEST_LABEL characters.
            score: 0 to 1.

        Raises:
            FrigateError: it isn't taken.
        """
        body = json.dumps({"subLabel": text[:LONGEST_LABEL], "subLabelScore": max(0.01, round(score, 2))})
        self._ask(f"/api/events/{event_id}/sub_label", body.encode())

    def _ask(self, target: str, body: bytes | None = None) -> bytes:
        address = f"{self._address.origin}{self._address.path.rstrip('/')}{target}"
        headers = {"Content-Type": "application/json"} if body else {}
        if self._address.login:
            login = f"{self._address.username}:{self._address.password}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(login).decode()}"
        request = urllib.request.Request(address, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=self._timeout_s) as answer:
                data: bytes = answer.read(MAX_BYTES + 1)
        except (OSError, HTTPException, ValueError) as error:  # HTTPError is an OSError
            raise FrigateError(f"{self._address.origin}: {error}") from error
        if len(data) > MAX_BYTES:
            raise FrigateError(f"{self._address.origin}: more than {MAX_BYTES} bytes")
        return data

"""A live page on this machine, and requests to it."""

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.support.deliveries import free_port
from tests.support.readings import frame, plate

from lpr_edge.base.web_address import WebAddress
from lpr_edge.history.access import HistoryAccess
from lpr_edge.service.runtime_stats import RuntimeStats
from lpr_edge.vision.plates import FrameResult
from lpr_edge.web.picture import LivePage
from lpr_edge.wiring.wire_pages import history_routes
from lpr_edge.wiring.wire_web import Pages, open_page

TOKEN = "correct-horse-battery"
ADMIN_TOKEN = "staple-for-admins-only"


@contextmanager
def page(
    token: str = "",
    health_after_s: float = 60.0,
    stats: RuntimeStats | None = None,
    history: HistoryAccess | None = None,
    pages: Pages | None = None,
    admin_token: str = "",
) -> Iterator[LivePage]:
    address = WebAddress("127.0.0.1", free_port())
    all_pages = {**(pages or {}), **({"history": history_routes(history)} if history else {})}
    live = open_page(
        address, token, stats or RuntimeStats("gate-1"), health_after_s, pages=all_pages, admin_token=admin_token
    )
    try:
        yield live
    finally:
        live.close()


def show(live: LivePage, stats: RuntimeStats, index: int = 0) -> None:
    """One turn of the reading loop, as far as the page hears of it."""
    plates = (plate("A10"),)
    stats.add(frame(index, age_ms=4.0), FrameResult(plates, 5.0, 1.0))
    live.show(frame(index), plates)


def get(live: LivePage, path: str, headers: dict[str, str] | None = None) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of a GET request."""
    connection = http.client.HTTPConnection("127.0.0.1", live.server.port, timeout=20)
    try:
        connection.request("GET", path, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def post(live: LivePage, path: str, body: bytes, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
    """Status and body of a POST request."""
    connection = http.client.HTTPConnection("127.0.0.1", live.server.port, timeout=20)
    try:
        connection.request("POST", path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def get_json(live: LivePage, path: str) -> Any:
    return json.loads(get(live, path)[2])


def raw(live: LivePage, data: bytes, timeout_s: float = 10.0) -> bytes:
    """What comes back for some bytes, until the other side closes or is silent."""
    with socket.create_connection(("127.0.0.1", live.server.port), timeout=timeout_s) as client:
        try:
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: client.recv(65536), b""))
        except OSError:  # closed before all was sent
            return b""

"""Open the image server."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lpr_edge import __version__
from lpr_edge.base.log import log_info, warn
from lpr_edge.base.web_address import WebAddress, is_local, login_hint, new_token, shown_url
from lpr_edge.contract.base.errors import needing_extra
from lpr_edge.http_api.codeproject import INTERFACE as CODEPROJECT
from lpr_edge.http_api.openapi import describe
from lpr_edge.http_api.plate_recognizer import INTERFACE as PLATE_RECOGNIZER
from lpr_edge.vision.pipeline import PlatePipeline

INTERFACES = (PLATE_RECOGNIZER, CODEPROJECT)


@dataclass(frozen=True)
class PictureServer:
    """A running server."""

    port: int
    token: str
    """Empty where none is asked for."""
    close: Callable[[], None]
    """Stop serving."""


def open_http_api(
    address: WebAddress,
    token: str,
    pipeline: PlatePipeline,
    largest_body: int,
    max_waiting: int,
    timeout_s: float,
    is_open: bool = False,
) -> PictureServer:
    """Serve the interfaces, and log the address.

    Args:
        address: where it listens.
        token: who knows it gets in; empty for nobody but this machine's own users, or, where others reach it, for a
            new token, which is said.
        pipeline: reads the pictures.
        largest_body: bytes of a request.
        max_waiting: see `ReadingQueue`.
        timeout_s: see `ReadingQueue`.
        is_open: everybody gets in.

    Raises:
        LprError: an extra is missing, or the address can't be had.
    """
    host, port = address.host, address.port
    make_api, make_queue, make_server = load_api()
    wanted = token or ("" if is_open or is_local(host) else new_token())
    queue = make_queue(pipeline.read, max_waiting, timeout_s)
    api = make_api(INTERFACES, queue, pipeline.reader.grammar.country.name, largest_body)
    description = describe(INTERFACES, __version__, bool(wanted))
    server = make_server(api.guarded(description, wanted, is_open), host, port)

    def close() -> None:
        server.close()
        queue.close()

    log_address = (
        log_info if wanted == token else warn
    )  # a new token is always printed, also with --quiet: nobody knows it yet
    places = f"{shown_url(host, server.port)}v1/plate-reader/ and v1/vision/alpr"
    log_address(f"pictures are read at {places}{login_hint(token, wanted)}")
    return PictureServer(server.port, wanted, close)


def load_api() -> tuple[Any, Any, Any]:
    """Import `Api`, `ReadingQueue` and `Server`, which need an extra.

    Raises:
        LprError: it isn't installed.
    """
    with needing_extra("lpr-edge serve", "Starlette and uvicorn", "web"):
        from lpr_edge.http_api.api import Api
        from lpr_edge.http_api.reading_queue import ReadingQueue
        from lpr_edge.web.server import Server
    return Api, ReadingQueue, Server

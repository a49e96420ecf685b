"""Small HTTP servers on this machine, such as those that play a camera."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import BinaryIO

import cv2

from lpr_edge.contract.base.arrays import Image

Serve = Callable[[BinaryIO], object]
"""Writes a response's body."""


class QuietHandler(BaseHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        return


@contextmanager
def running(handler: type[QuietHandler], port: int = 0) -> Iterator[str]:
    """Answer requests on a port of this machine, a free one for 0, until the block ends; gives the server's URL."""
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def serving(serve: Serve, content_type: str, length: int | None = None, port: int = 0) -> Iterator[str]:
    """Serve one body for every path, on a port of this machine, a free one for 0; gives the URL."""

    class Handler(QuietHandler, BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", content_type)
            if length is not None:
                self.send_header("Content-Length", str(length))
            self.end_headers()
            try:
                serve(self.wfile)  # type: ignore[arg-type]  # a BufferedIOBase, which writes bytes as well
            except OSError:
                return  # the client has gone

    with running(Handler, port) as url:
        yield f"{url}/stream"


def motion_jpeg(images: list[Image]) -> tuple[Serve, str]:
    """A camera's motion JPEG stream that ends after its pictures, and its content type."""

    def serve(body: BinaryIO) -> None:
        for image in images:
            data = cv2.imencode(".jpg", image)[1].tobytes()
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
            body.write(head.encode() + data + b"\r\n")

    return serve, "multipart/x-mixed-replace; boundary=frame"


@contextmanager
def camera_that_hangs(image: Image) -> Iterator[str]:
    """A camera that shows a picture for a second, and then nothing, without an end; gives its URL."""
    one, kind = motion_jpeg([image])
    released = threading.Event()

    def serve(body: BinaryIO) -> None:
        for _ in range(10):
            one(body)
            time.sleep(0.1)
        released.wait(60)

    with serving(serve, kind) as url:
        try:
            yield url
        finally:
            released.set()


def only_once(serve: Serve) -> Serve:
    """A camera that is gone for good when its stream has ended."""
    calls = iter(range(1_000_000))

    def serve_first(body: BinaryIO) -> object:
        return serve(body) if next(calls) == 0 else None

    return serve_first

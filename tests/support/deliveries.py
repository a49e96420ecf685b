"""Events, targets and servers for tests of what happens after the tracker."""

import json
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from tests.support.servers import QuietHandler, running

from lpr_edge.delivery.sink import DeliveryError, StoredEvent

Record = dict[str, Any]


def record(number: int) -> Record:
    return {"event": "plate", "id": f"20260301T0600{number:05d}-{number}", "source": "clip.mp4", "text": f"बा{number}"}


def wait_until(holds: Callable[[], bool], timeout_s: float = 20.0) -> None:
    end = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


class Shelf:
    """A target that keeps what it gets, and fails when told to."""

    def __init__(self, name: str = "shelf", wants_pictures: bool = False) -> None:
        self.name = name
        self.wants_pictures = wants_pictures
        self.got: list[Record] = []
        self.pictures: list[dict[str, bytes]] = []
        self.fails = False
        self.tries = 0
        self.closed = False

    def deliver(self, stored_event: StoredEvent) -> None:
        self.tries += 1
        if self.fails:
            raise DeliveryError("told to fail")
        self.got.append(stored_event.record)
        self.pictures.append(dict(stored_event.pictures))

    def close(self) -> None:
        self.closed = True


class Receiver:
    """An HTTP server that keeps what is posted, and answers as it is told."""

    def __init__(self) -> None:
        self.posts: list[tuple[dict[str, str], Any]] = []
        self.answer: Callable[[BaseHTTPRequestHandler], None] = lambda handler: self.say(handler, 200)
        self.url = ""

    @staticmethod
    def say(handler: BaseHTTPRequestHandler, status: int, **headers: str) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()

    @property
    def ids(self) -> list[str]:
        return [body["id"] for _, body in self.posts]


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(QuietHandler, BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.posts.append((dict(self.headers), json.loads(body)))
            try:
                receiver.answer(self)
            except OSError:
                return  # the client has gone

    with running(Handler) as url:
        receiver.url = f"{url}/plates?gate=1"
        yield receiver


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def answers(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def broker(folder: Path, port: int, settings: str = "allow_anonymous true") -> Iterator[None]:
    """A real mosquitto on this machine."""
    (folder / "mosquitto.conf").write_text(f"listener {port} 127.0.0.1\n{settings}\n")
    process = start_mosquitto(folder / "mosquitto.conf", port)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def start_mosquitto(settings: Path, port: int) -> subprocess.Popen[bytes]:
    """Start it, and wait until it listens."""
    process = subprocess.Popen(["mosquitto", "-c", str(settings)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(lambda: answers(port) or process.poll() is not None)
    assert process.poll() is None, f"mosquitto refuses {settings}"
    return process

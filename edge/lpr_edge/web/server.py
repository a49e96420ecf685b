"""HTTP server of the live page, in a thread of its own."""

import asyncio
import logging
import socket
from threading import Thread

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from lpr_edge.contract.base.errors import LprError

MAX_CONNECTIONS = 100
"""At the same time. Cameras, logs, sinks and the gate's program need handles too, of which a process has a thousand."""
AT_ONCE = 16
"""Connections that are accepted before those beyond the limit are closed."""
QUEUE = 1024
"""Connections that the system holds until they are accepted."""
HEAD_S = 5.0
"""A connection is closed where no whole request comes for so long."""
LONGEST_S = 60.0
"""A connection is closed after so long, so that who doesn't read doesn't keep it for ever. Browsers reconnect."""
LARGEST_HEAD = 16_384
"""Bytes of a request's head."""
CLOSE_S = 0.3
"""How long closing waits for the thread; a stop must be over in 2 s, and capture and sinks take some of it."""


class LimitedConnection(H11Protocol):
    """A connection with a time limit, which is closed for newer ones if there are too many."""

    _timers: tuple[asyncio.TimerHandle, ...] = ()
    _since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Start its time limit, and close another connection if there are too many."""
        super().connection_made(transport)
        loop = asyncio.get_running_loop()
        self._since = loop.time()
        self._timers = loop.call_later(HEAD_S, self._end_silent), loop.call_later(LONGEST_S, transport.abort)
        others = [
            other
            for other in self.connections
            if isinstance(other, LimitedConnection) and not other.transport.is_closing()
        ]
        for other in sorted(others, key=LimitedConnection._worth)[:-MAX_CONNECTIONS]:
            other.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop its time limit."""
        for timer in self._timers:
            timer.cancel()
        super().connection_lost(exc)

    def _end_silent(self) -> None:
        if self.cycle is None:
            self.transport.abort()

    def _worth(self) -> tuple[bool, float]:
        """Sort key of the connections to close first: those that wait for a request, and of these the oldest."""
        if self.cycle is None:
            return False, self._since
        return not self.cycle.response_complete, self._since


class _Listening(uvicorn.Server):
    """Accepts few connections at once, which asyncio derives from the queue's length, and lets many wait."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to accept connections."""
        await super().startup(sockets)
        for listener in sockets or []:
            listener.listen(QUEUE)


class Server:
    """Serves until it is closed."""

    def __init__(self, app: ASGIApp, host: str, port: int) -> None:
        """Start listening.

        Raises:
            LprError: the address can't be had.
        """
        self._socket = _listen(host, port)
        self.port = int(self._socket.getsockname()[1])
        self._server = _Listening(
            uvicorn.Config(
                app,
                loop="asyncio",
                http=LimitedConnection,
                ws="none",
                lifespan="off",
                log_config=None,
                log_level=logging.CRITICAL,  # malformed requests from outside are no news
                access_log=False,
                proxy_headers=False,
                server_header=False,
                backlog=AT_ONCE,
                h11_max_incomplete_event_size=LARGEST_HEAD,
                timeout_keep_alive=10,
                timeout_graceful_shutdown=1,
            )
        )
        self._thread = Thread(target=self._server.run, args=([self._socket],), name="lpr-web", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening, and abandon requests in progress."""
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(CLOSE_S)
        self._socket.close()  # so that the next run can listen, also where the thread is late


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise LprError(
            f"can't listen on {host} port {port} ({error.strerror}): give --web, or lpr-edge serve --listen, another "
            "HOST:PORT"
        ) from error

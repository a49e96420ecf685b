"""Many devices in one asyncio process: MQTT 3.1.1, each event at QoS 1, the next when the one before is confirmed.

A device does what lpr-edge does: it logs in with a last will, says that it is online, keeps its events until PUBACK,
and connects again when the broker is lost. It takes little CPU time, since the servers run on the same machine.
"""

import asyncio
import random
import ssl
import struct
import time
from collections import deque
from dataclasses import dataclass, field

CONNACK, PUBACK = 2, 4
KEEPALIVE_S = 60
RETRY_S = (1.0, 5.0)
"""Seconds before a device connects again: drawn between these, so that not all come at once."""


@dataclass
class Login:
    """Where the broker is, and who devices are."""

    port: int
    user: str
    password: str
    tls: ssl.SSLContext | None = None
    """How the broker's certificate is checked, which is for `localhost`; None without TLS."""


@dataclass
class Delivered:
    """What was confirmed: seconds that each event waited for it."""

    waited_s: list[float] = field(default_factory=list)
    logins: int = 0


class Device(asyncio.Protocol):
    """One device."""

    def __init__(self, name: str, login: Login, delivered: Delivered) -> None:
        self.name = name
        self.waiting: deque[tuple[float, bytes]] = deque()
        self.is_online = False
        self._login, self._delivered = login, delivered
        self._transport: asyncio.WriteTransport | None = None
        self._received = b""
        self._packet = 0
        self._is_under_way = False
        self._is_closed = False

    async def connect(self) -> None:
        """Connect, however often it takes."""
        while not self._is_closed:
            try:
                await self._open()
            except OSError:
                await asyncio.sleep(random.uniform(*RETRY_S))
            else:
                return

    async def _open(self) -> None:
        loop, tls = asyncio.get_running_loop(), self._login.tls
        name = "localhost" if tls else None
        await loop.create_connection(lambda: self, "127.0.0.1", self._login.port, ssl=tls, server_hostname=name)

    def queue(self, payload: bytes) -> None:
        """Have an event sent."""
        self.waiting.append((time.monotonic(), payload))
        self._send_next()

    def ping(self) -> None:
        """Keep the connection; called now and then."""
        if self.is_online and self._transport is not None:
            self._transport.write(b"\xc0\x00")

    async def close(self) -> None:
        """Disconnect for good; the socket is closed when this ends."""
        self._is_closed = True
        if self._transport is not None:
            self._transport.close()
        while self._transport is not None:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.01)  # what has lost its protocol closes its socket in the next turn of the loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Log in."""
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport, self._received = transport, b""
        self._is_under_way = False
        will = _text(f"lpr/{self.name}/status") + _text('{"schema": 1, "state": "offline"}')
        names = _text(f"lpr-{self.name}") + will + _text(self._login.user) + _text(self._login.password)
        clean_will_at_qos_1_retained = 0xEE
        head = _text("MQTT") + struct.pack("!BBH", 4, clean_will_at_qos_1_retained, KEEPALIVE_S)
        transport.write(_packet(0x10, head + names))

    def data_received(self, data: bytes) -> None:
        """Take the packets that are whole; all that a broker sends to these devices is shorter than 128 bytes."""
        self._received += data
        while len(self._received) >= 2 and len(self._received) >= 2 + self._received[1]:
            length = 2 + self._received[1]
            packet, self._received = self._received[:length], self._received[length:]
            self._take(packet)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 asyncio's name
        """Connect again in a while; what wasn't confirmed is sent again."""
        self.is_online = self._is_under_way = False
        self._transport = None
        if not self._is_closed:
            loop = asyncio.get_running_loop()
            loop.call_later(random.uniform(*RETRY_S), lambda: loop.create_task(self.connect()))

    def _take(self, packet: bytes) -> None:
        kind = packet[0] >> 4
        if kind == CONNACK and packet[3] == 0:
            self.is_online = True
            self._delivered.logins += 1
            self._publish(f"lpr/{self.name}/status", b'{"schema": 1, "state": "online"}', 0x33)
            self._send_next()
        elif kind == PUBACK and self._is_under_way and struct.unpack("!H", packet[2:4])[0] == self._packet:
            since, _ = self.waiting.popleft()
            self._delivered.waited_s.append(time.monotonic() - since)
            self._is_under_way = False
            self._send_next()

    def _send_next(self) -> None:
        if self.is_online and self.waiting and not self._is_under_way:
            self._is_under_way = True
            self._publish(f"lpr/{self.name}/event", self.waiting[0][1], 0x32)

    def _publish(self, topic: str, payload: bytes, kind: int) -> None:
        assert self._transport is not None
        self._packet = self._packet % 65_535 + 1
        self._transport.write(_packet(kind, _text(topic) + struct.pack("!H", self._packet) + payload))


def _text(text: str) -> bytes:
    encoded = text.encode()
    return struct.pack("!H", len(encoded)) + encoded


def _packet(kind: int, body: bytes) -> bytes:
    length, size = b"", len(body)
    while True:
        size, low = divmod(size, 128)
        length += bytes([low | (128 if size else 0)])
        if not size:
            return bytes([kind]) + length + body

"""The simulated devices speak MQTT as lpr-edge does."""

import asyncio
import ssl
import tempfile
from pathlib import Path
from unittest.mock import Mock

import pytest
from tests.support.centre import PASSWORD, Rabbit, missing_servers
from tests.support.mqtt_devices import Delivered, Device, Login

CONNACK, PUBACK = b"\x20\x02\x00\x00", b"\x40\x02\x00"


def online(device: Device) -> list[bytes]:
    """Log a device in; returns what it writes from then on."""
    written: list[bytes] = []
    transport = Mock(spec=asyncio.WriteTransport)
    transport.write.side_effect = written.append
    device.connection_made(transport)
    assert b"MQTT\x04\xee" in written.pop()
    device.data_received(CONNACK[:3])
    assert not device.is_online
    device.data_received(CONNACK[3:])
    assert b'{"schema": 1, "state": "online"}' in written.pop(0)
    return written


def test_the_next_event_follows_the_confirmation() -> None:
    """One event is under way at a time, and it counts as delivered at its own PUBACK."""
    delivered = Delivered()
    device = Device("gate-1", Login(1883, "user", "password"), delivered)
    device.queue(b"first")
    written = online(device)
    device.queue(b"second")
    assert [packet[-5:] for packet in written] == [b"first"]
    device.data_received(PUBACK + b"\x01")  # of the status
    assert len(delivered.waited_s) == 0
    device.data_received(PUBACK + b"\x02")
    assert [packet[-5:] for packet in written] == [b"first", b"econd"]
    assert (len(delivered.waited_s), len(device.waiting)) == (1, 1)


def test_an_event_without_confirmation_is_sent_again() -> None:
    """A connection that is lost takes nothing with it."""
    device = Device("gate-1", Login(1883, "user", "password"), Delivered())
    device.queue(b"first")
    online(device)
    device._is_closed = True  # no loop runs here that would connect again
    device.connection_lost(None)
    assert not device.is_online
    assert [packet[-5:] for packet in online(device)] == [b"first"]


def test_long_packets_have_their_length_in_more_bytes() -> None:
    """The remaining length is written seven bits at a time."""
    device = Device("gate-1", Login(1883, "user", "password"), Delivered())
    device.queue(b"x" * 300)
    (packet,) = online(device)
    length = len(packet) - 3
    assert packet[1:3] == bytes([length % 128 | 128, length // 128])


@pytest.mark.slow
@pytest.mark.skipif(bool(missing_servers()), reason=missing_servers() or "servers are there")
def test_devices_come_by_tls(repository: Path) -> None:
    """Devices that trust the broker's authority log in and have their events confirmed; others stay outside."""
    with tempfile.TemporaryDirectory(prefix="lpr-tls-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        rabbit = Rabbit(Path(folder, "rabbit"), repository / "edge/fleet/rabbitmq", ("devices",), has_tls=True)
        try:
            trusting = ssl.create_default_context(cafile=str(rabbit.authority))
            assert asyncio.run(delivered_by(rabbit, trusting)) == 1
            with pytest.raises(ssl.SSLCertVerificationError):
                asyncio.run(delivered_by(rabbit, ssl.create_default_context()))
        finally:
            rabbit.stop()


async def delivered_by(rabbit: Rabbit, tls: ssl.SSLContext) -> int:
    """Have one event sent; how many were confirmed."""
    delivered = Delivered()
    device = Device("gate-1", Login(rabbit.mqtt_port, "devices", PASSWORD, tls), delivered)
    try:
        await device._open()
        device.queue(b"first")
        for _ in range(300):
            if delivered.waited_s:
                break
            await asyncio.sleep(0.1)
    finally:
        await device.close()
    return len(delivered.waited_s)

import json
import re
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tests.edge.delivery.test_sinks import Listener, delivered, event_of, stored_event
from tests.edge.watchlist.test_matching import match
from tests.support.deliveries import broker, free_port, record, wait_until
from tests.support.urls import broker_url

from lpr_edge.base.board import machine_identity
from lpr_edge.base.finding import State
from lpr_edge.delivery.delivery_worker import DeliveryWorker
from lpr_edge.delivery.outbox import Outbox
from lpr_edge.delivery.sink import StoredEvent
from lpr_edge.delivery.sinks import mqtt_probe
from lpr_edge.delivery.sinks.home_assistant import DiscoverySettings
from lpr_edge.delivery.sinks.mqtt import Mqtt
from lpr_edge.delivery.sinks.mqtt_connection import Connection
from lpr_edge.delivery.sinks.mqtt_login import Login, client_identity
from lpr_edge.output.event_pictures import MAX_BYTES, small_picture, take_pictures

needs_mosquitto = pytest.mark.skipif(shutil.which("mosquitto") is None, reason="needs mosquitto (Debian: mosquitto)")
ALL = DiscoverySettings(metrics=True, pictures=True)


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """The port of a running mosquitto."""
    pytest.importorskip("paho.mqtt")
    number = free_port()
    with broker(tmp_path, number):
        yield number


def sink_at(port: int, device: str = "gate-1", **options: Any) -> Mqtt:
    sink = Mqtt(broker_url(f"mqtt://127.0.0.1:{port}"), device, **{"discovery": False, "timeout_s": 5.0} | options)
    wait_until(sink._client.is_connected)
    return sink


# --- One name, one client id ---


@needs_mosquitto
def test_two_of_one_name_lose_nothing_and_are_told(port: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Two processes of one device name both stay connected: each match message arrives, and a remedy is told."""
    listener = Listener(port)
    first, second = sink_at(port), sink_at(port)
    for number in range(20):
        first.publish_match(match(number=number))
        second.publish_match(match(number=100 + number))
    wait_until(lambda: len(listener.of("lpr/gate-1/match")) == 40)
    wait_until(lambda: "another lpr-edge is called 'gate-1' at this broker: give each" in capsys.readouterr().err)
    second.close()
    wait_until(lambda: [s["state"] for s in listener.of("lpr/gate-1/status")][-2:] == ["offline", "online"])
    first.close()
    listener.close()
    assert listener.of("lpr/gate-1/status")[-1]["state"] == "offline"


@needs_mosquitto
def test_a_take_over_is_recognised(port: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Where two have one client id after all, the one that is thrown out says so and what to do."""
    first = sink_at(port, client_id="lpr-same")
    second = sink_at(port, client_id="lpr-same")
    wait_until(lambda: "another lpr-edge with the same client id is at the broker" in capsys.readouterr().err)
    first.close()
    second.close()


def test_client_ids_are_unique_and_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another outbox, machine id or network card makes another id; a restart doesn't. 3.1.1's 23 signs are kept to."""
    ids = [client_identity(tmp_path / "a.db"), client_identity(tmp_path / "b.db")]
    assert client_identity(tmp_path / "x" / ".." / "a.db") == ids[0]
    monkeypatch.setattr("uuid.getnode", lambda: 0xB827EB000001)  # a copy of the disk in another board
    ids.append(client_identity(tmp_path / "a.db"))
    assert len(set(ids)) == 3
    assert all(re.fullmatch(r"lpr-[0-9a-f]{19}", identity) for identity in ids)
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "machine-id").write_text("0123\n")
    assert machine_identity(tmp_path) == "0123 b827eb000001"
    assert machine_identity(tmp_path / "none") == " b827eb000001"


# --- What the broker refuses, and brokers that can't ---


@contextmanager
def old_broker(port: int, answer: bytes) -> Iterator[int]:
    """In front of a broker, one that knows no MQTT 5: it answers such a CONNECT so, and passes on all others."""
    server = socket.create_server(("127.0.0.1", 0))
    levels: list[int] = []
    opened: list[socket.socket] = []

    def pump(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def accept() -> None:
        with suppress(OSError):
            while True:
                client, _ = server.accept()
                opened.append(client)
                head = client.recv(65536)
                if not head:
                    client.close()  # somebody who only looks whether there is a server
                    continue
                levels.append(head[head.index(b"MQTT") + 4])
                if levels[-1] == 5:
                    client.sendall(answer)
                    client.close()
                    continue
                inner = socket.create_connection(("127.0.0.1", port))
                inner.sendall(head)
                opened.append(inner)
                for ends in ((client, inner), (inner, client)):
                    threading.Thread(target=pump, args=ends, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield server.getsockname()[1]
    finally:
        for end in (server, *opened):
            end.close()
    assert levels[0] == 5


@needs_mosquitto
@pytest.mark.parametrize("answer", [b"\x20\x02\x00\x01", b"\x20\x03\x00\x84\x00", b""])
def test_a_broker_without_mqtt_5_gets_3_1_1(port: int, answer: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    """A broker that refuses the version in either protocol's words, or just hangs up, is spoken to in 3.1.1."""
    with old_broker(port, answer) as old:
        listener = Listener(port)
        sink = Mqtt(broker_url(f"mqtt://127.0.0.1:{old}"), "gate-1", discovery=False)
        wait_until(lambda: delivered(sink, 0))
        wait_until(lambda: bool(listener.of("lpr/gate-1/event")))
        assert not sink._client.can_refuse
        sink.close()
        listener.close()
    assert "the broker doesn't speak MQTT 5" in capsys.readouterr().err
    assert [status["state"] for status in listener.of("lpr/gate-1/status")] == ["online", "offline"]


def test_a_closed_connection_begins_no_other() -> None:
    """A broker that refuses MQTT 5 while the connection is closed gets no further client."""
    connection = Connection(Login(broker_url("mqtt://127.0.0.1:1")), "gate-1", lambda: None, lambda *_: None)
    client = connection._client
    connection.close()
    connection._fall_back(client)
    assert (connection.generation, connection._client) == (0, client)


def acl(folder: Path, *lines: str) -> str:
    """A broker's settings with this ACL for everybody."""
    folder.chmod(0o755)
    (folder / "acl").write_text("".join(f"topic {line}\n" for line in ("read #", *lines)))
    return f"allow_anonymous true\nacl_file {folder / 'acl'}\nuser root"


@needs_mosquitto
def test_a_refused_event_stays_in_the_outbox(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An event that the broker's ACL refuses isn't lost: it waits, that is said, and it arrives once it may."""
    pytest.importorskip("paho.mqtt")
    number = free_port()
    outbox = Outbox(tmp_path / "a.db", ["mqtt"])
    with broker(tmp_path, number, acl(tmp_path, "write lpr/gate-1/#")):
        sink = sink_at(number, "gate-2")
        worker = DeliveryWorker(sink, outbox, 0.1)
        outbox.add(record(1))
        worker.wake()
        wait_until(lambda: worker.failures > 1)
        err = capsys.readouterr().err
        assert "mqtt takes no events (the broker refuses lpr/gate-2/event: Not authorized)" in err
        assert "--device must be a name under which its user may publish" in err
        assert outbox.waiting() == {"mqtt": 1}
    with broker(tmp_path, number, acl(tmp_path, "write lpr/gate-2/#")):
        listener = Listener(number)
        wait_until(lambda: outbox.waiting() == {"mqtt": 0}, 60)
        wait_until(lambda: listener.of("lpr/gate-2/event") == [record(1)])
        listener.close()
        worker.start_closing(5)
        worker.close()
    outbox.close()


@needs_mosquitto
@pytest.mark.parametrize(
    ("lines", "state", "found"),
    [
        (["write lpr/#"], State.OK, "connected, and what is published comes back"),
        (["write lpr/gate-2/#"], State.REPAIR, "the broker refuses lpr/gate-1/probe: Not authorized"),
        (["write lpr/#", "deny lpr/gate-1/probe"], State.REPAIR, "the broker refuses lpr/gate-1/probe: Not authorized"),
    ],
)
def test_the_doctor_publishes(tmp_path: Path, lines: list[str], state: State, found: str) -> None:
    """A message to the device's own probe topic shows whether its user may publish there."""
    pytest.importorskip("paho.mqtt")
    number = free_port()
    with broker(tmp_path, number, acl(tmp_path, *lines)):
        finding = mqtt_probe.check_broker(Login(broker_url(f"mqtt://127.0.0.1:{number}")), "lpr/gate-1")
    assert (finding.state, finding.found) == (state, found)


@needs_mosquitto
def test_the_doctor_waits_for_its_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message that doesn't come back must be repaired, unless the broker says that it has taken it."""
    pytest.importorskip("paho.mqtt")
    monkeypatch.setattr(mqtt_probe, "BACK_S", 0.5)
    number = free_port()
    (tmp_path / "acl").write_text("topic write #\n")
    tmp_path.chmod(0o755)
    with broker(tmp_path, number, f"allow_anonymous true\nacl_file {tmp_path / 'acl'}\nuser root"):
        finding = mqtt_probe.check_broker(Login(broker_url(f"mqtt://127.0.0.1:{number}")), "lpr/gate-1")
        assert (finding.state, "doesn't come back, though it was taken" in finding.found) == (State.LOOK, True)
        with old_broker(number, b"\x20\x02\x00\x01") as old:
            finding = mqtt_probe.check_broker(Login(broker_url(f"mqtt://127.0.0.1:{old}")), "lpr/gate-1")
    assert (finding.state, finding.found) == (
        State.REPAIR,
        "connected, but what is published to lpr/gate-1/probe doesn't come back",
    )


# --- How surely messages go ---


class Raw:
    """A subscriber that keeps messages as they come."""

    def __init__(self, port: int) -> None:
        from paho.mqtt import client as mqtt

        self.messages: list[Any] = []
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="raw")
        self.client.on_message = lambda *args: self.messages.append(args[2])
        subscribed = threading.Event()
        self.client.on_subscribe = lambda *_: subscribed.set()
        self.client.on_connect = lambda *_: self.client.subscribe("lpr/#", qos=2)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        assert subscribed.wait(20)

    def of(self, what: str) -> list[Any]:
        return [message for message in list(self.messages) if message.topic == f"lpr/gate-1/{what}"]

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@needs_mosquitto
def test_events_go_once_more_than_never_and_matches_once_or_never(port: int) -> None:
    """Events are of QoS 1 and not retained; match messages and metrics of QoS 0, as a gate must not open late."""
    raw = Raw(port)
    sink = sink_at(port)
    sink.deliver(stored_event(1))
    sink.publish_match(match())
    sink.publish_metrics({"fps": 1})
    wait_until(lambda: all(raw.of(what) for what in ("event", "match", "metrics", "status")))
    sink.close()
    raw.close()
    found = {what: (raw.of(what)[0].qos, raw.of(what)[0].retain) for what in ("event", "match", "metrics", "status")}
    assert found == {"event": (1, False), "match": (0, False), "metrics": (0, False), "status": (1, False)}


@needs_mosquitto
def test_the_last_will_is_retained(port: int) -> None:
    """Who subscribes after a device was lost finds it offline; after one that said goodbye, too."""
    sink = sink_at(port)
    sink._client._client.reconnect_delay_set(60, 60)
    sink._client._client.socket().shutdown(socket.SHUT_RDWR)  # as a cut cable does
    wait_until(lambda: last_status(port) == ("offline", True))
    sink.close()
    other = sink_at(port)
    wait_until(lambda: last_status(port) == ("online", True))
    other.close()
    assert last_status(port) == ("offline", True)


def last_status(port: int) -> tuple[str, bool]:
    """What a newcomer hears of the device's status, and whether it was retained."""
    raw = Raw(port)
    wait_until(lambda: bool(raw.of("status")))
    raw.close()
    message = raw.of("status")[0]
    return json.loads(message.payload)["state"], message.retain


# --- Pictures ---


@needs_mosquitto
def test_a_picture_goes_before_its_event(port: int) -> None:
    """With --mqtt-pictures a JPEG that every broker takes comes before the event; without it, none does."""
    raw = Raw(port)
    pictures = take_pictures(event_of("A10"))
    for announced in (ALL, DiscoverySettings()):
        sink = sink_at(port, announced=announced)
        sink.deliver(StoredEvent(1, record(1), pictures))
        sink.close()
    wait_until(lambda: len(raw.of("event")) == 2)
    raw.close()
    order = [message.topic.rsplit("/")[-1] for message in raw.messages if not message.topic.endswith("status")]
    assert order == ["picture", "event", "event"]
    assert cv2.imdecode(np.frombuffer(raw.of("picture")[0].payload, np.uint8), cv2.IMREAD_COLOR).shape == (120, 200, 3)


@pytest.mark.parametrize(("height", "width"), [(1080, 1920), (3000, 200), (8, 8)])
def test_pictures_for_the_broker_are_small(height: int, width: int) -> None:
    """However large and noisy a picture is, a broker that takes 64 KiB takes it, with its sides in proportion."""
    image = np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)
    jpeg = small_picture(cv2.imencode(".jpg", image)[1].tobytes())
    small = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert len(jpeg) <= MAX_BYTES
    assert max(small.shape) <= min(640, max(height, width))
    assert small.shape[0] / small.shape[1] == pytest.approx(height / width, rel=0.1)


@needs_mosquitto
def test_a_try_that_is_cut_off_is_not_sent_twice(port: int) -> None:
    """Where the broker's word comes late, the same event is waited for, not published again."""
    raw = Raw(port)
    sink = sink_at(port, timeout_s=0.0)
    wait_until(lambda: delivered(sink, 1))
    wait_until(lambda: bool(raw.of("event")))
    time.sleep(0.2)
    assert len(raw.of("event")) == 1
    sink.close()
    raw.close()

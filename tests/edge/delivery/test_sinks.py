import contextlib
import csv
import json
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.deliveries import Receiver, broker, free_port, receiving, record, wait_until
from tests.support.faults import Tally
from tests.support.readings import frame, new_tracker, plate
from tests.support.urls import broker_url, webhook_url

from lpr_edge.base.state_dir import state_folder
from lpr_edge.contract.base.errors import LprError
from lpr_edge.delivery.log_rotation import RotatedFile
from lpr_edge.delivery.sink import DeliveryError, RefusedError, StoredEvent
from lpr_edge.delivery.sinks.log_files import COLUMNS, JsonFile, Table
from lpr_edge.delivery.sinks.mqtt import Mqtt
from lpr_edge.delivery.sinks.snapshots import Snapshots
from lpr_edge.delivery.sinks.webhook import Webhook
from lpr_edge.output.event_pictures import take_pictures
from lpr_edge.tracking.event import Event


def stored_event(number: int) -> StoredEvent:
    return StoredEvent(number, record(number))


def event_of(text: str) -> Event:
    tracker = new_tracker()
    tracker.update(frame(0), [plate(text)])
    return tracker.flush()[0]


def test_json_lines_are_put_by_when_they_grow(tmp_path: Path) -> None:
    """A file never grows past its limit; the one put by is named after the time, and no line is torn or lost."""
    sink = JsonFile(tmp_path / "deep" / "plates.jsonl", 1000)
    for number in range(40):
        sink.deliver(stored_event(number))
    paths = [*sink.file.rotated_files(), sink.file.path]
    assert len(paths) > 3
    assert all(path.stat().st_size <= 1000 for path in paths)
    lines = [json.loads(line) for path in paths for line in path.read_text(encoding="utf-8").splitlines()]
    assert lines == [record(number) for number in range(40)]


def test_a_new_day_begins_a_new_file(tmp_path: Path) -> None:
    """Yesterday's file is put by, so that retention can delete whole days."""
    file = RotatedFile(tmp_path / "plates.jsonl", 1_000_000)
    file.append("yesterday")
    os.utime(file.path, (time.time() - 86400,) * 2)
    file.append("today")
    assert file.path.read_text() == "today\n"
    assert [path.read_text() for path in file.rotated_files()] == ["yesterday\n"]


def test_half_a_line_is_mended_and_no_line_doubled(tmp_path: Path) -> None:
    """After a killed process, half a line goes, and an event whose line is there already isn't written again."""
    path = tmp_path / "plates.jsonl"
    first = JsonFile(path, 100_000)
    first.deliver(stored_event(0))
    with path.open("a") as file:
        file.write('{"id": "half')
    again = JsonFile(path, 100_000)
    again.deliver(stored_event(0))
    again.deliver(stored_event(1))
    assert [json.loads(line) for line in path.read_text().splitlines()] == [record(0), record(1)]


def test_a_table_has_one_row_of_names(tmp_path: Path) -> None:
    """The table is CSV that a spreadsheet reads, with names on top of each file and quotes where needed."""
    sink = Table(tmp_path / "plates.csv", 100_000)
    odd = record(1) | {"source": 'a "b", c\nd', "valid": True}
    sink.deliver(stored_event(0))
    sink.deliver(StoredEvent(1, odd))
    Table(tmp_path / "plates.csv", 100_000).deliver(StoredEvent(1, odd))
    with (tmp_path / "plates.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == list(COLUMNS)
    assert [row["text"] for row in rows] == ["बा0", "बा1"]
    assert (rows[1]["source"], rows[1]["valid"]) == ('a "b", c d', "True")


def test_a_full_disk_leaves_files_as_they_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that takes nothing is told, so that the event is tried again, and no half line stays."""
    file = RotatedFile(tmp_path / "plates.jsonl", 1000)
    file.append("first")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(DeliveryError, match=r"can't write .*plates\.jsonl: No space left on device"):
            file.append("second")
    assert file.path.read_text() == "first\n"
    file.append("second")
    assert file.path.read_text() == "first\nsecond\n"


def test_snapshots_are_the_frame_and_the_plate(tmp_path: Path) -> None:
    """An event's frame and its plate, upright, are saved under its id, and no half file stands there."""
    event = event_of("A104")
    sink = Snapshots(tmp_path / "pictures")
    sink.deliver(StoredEvent(1, {"id": event.id}, take_pictures(event)))
    names = [f"{event.id}-plate.jpg", f"{event.id}.jpg"]
    assert sorted(path.name for path in sink.folder.iterdir()) == names
    assert sorted(path.name for path in sink.finished_files()) == names
    whole, cut = (cv2.imread(str(sink.folder / name)) for name in (names[1], names[0]))
    assert whole is not None
    assert cut is not None
    assert (whole.shape, cut.shape) == ((120, 200, 3), (20, 60, 3))


def test_a_folder_that_cannot_be_is_told(tmp_path: Path) -> None:
    """A place that can't be a folder is an error to try again, not an end."""
    (tmp_path / "file").write_text("")
    with pytest.raises(DeliveryError, match="can't write to"):
        Snapshots(tmp_path / "file").deliver(StoredEvent(1, record(1), {"frame": b"jpeg"}))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as server:
        yield server


def test_webhook_posts_the_record_with_its_id(receiver: Receiver) -> None:
    """The record arrives as JSON, with the event's id as idempotency key and the token, if there is one."""
    Webhook(webhook_url(receiver.url), token="secret").deliver(stored_event(0))
    ((headers, body),) = receiver.posts
    assert body == record(0)
    assert headers["Idempotency-Key"] == record(0)["id"]
    assert (headers["Content-Type"], headers["Authorization"]) == ("application/json", "Bearer secret")


@pytest.mark.parametrize("status", [301, 302, 401, 404, 429, 500, 503])
def test_webhook_counts_nothing_but_2xx_as_arrived(receiver: Receiver, status: int) -> None:
    """Failures of the server, and redirects that would turn a POST into a GET, are tried again."""
    receiver.answer = lambda handler: Receiver.say(handler, status, Location=receiver.url)
    with pytest.raises(DeliveryError, match=f"HTTP status {status}"):
        Webhook(webhook_url(receiver.url)).deliver(stored_event(0))


@pytest.mark.parametrize("status", [400, 409, 413, 415, 422])
def test_webhook_takes_no_for_an_answer(receiver: Receiver, status: int) -> None:
    """What the server says about this very event won't change, so it is no reason to hold up the next."""
    receiver.answer = lambda handler: Receiver.say(handler, status)
    with pytest.raises(RefusedError, match=f"HTTP status {status}"):
        Webhook(webhook_url(receiver.url)).deliver(stored_event(0))


def reset(handler: BaseHTTPRequestHandler) -> None:
    linger = b"\1\0\0\0\0\0\0\0"  # on, 0 s: closing sends a reset
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    handler.connection.close()


def lie(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"I am no web server at all\r\n\r\n")


def test_webhook_that_hangs_resets_or_lies(receiver: Receiver) -> None:
    """A server that hangs, resets the connection or speaks no HTTP is told in one line, and tried again."""
    released = threading.Event()
    sink = Webhook(webhook_url(receiver.url), timeout_s=0.2)
    answers: list[tuple[Any, str]] = [
        (lambda _: released.wait(10), "no answer in 0.2 s"),
        (reset, "Connection|Remote"),
        (lie, "BadStatusLine"),
    ]
    for answer, message in answers:
        receiver.answer = answer
        with pytest.raises(DeliveryError, match=message):
            sink.deliver(stored_event(0))
    released.set()
    receiver.answer = lambda handler: Receiver.say(handler, 200, Content_Length="1000000")  # and no body follows
    sink.deliver(stored_event(0))
    with pytest.raises(DeliveryError, match="ConnectionRefusedError"):
        Webhook(webhook_url(f"http://127.0.0.1:{free_port()}/")).deliver(stored_event(0))


def drip(handler: BaseHTTPRequestHandler) -> None:
    for byte in b"HTTP/1.1 200 OK\r\nX: " + b"x" * 1000:
        handler.wfile.write(bytes([byte]))
        handler.wfile.flush()
        time.sleep(0.1)


def continue_for_ever(handler: BaseHTTPRequestHandler) -> None:
    while True:
        handler.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        time.sleep(0.01)


@pytest.mark.faults
@pytest.mark.parametrize("answer", [drip, continue_for_ever])
def test_webhook_that_never_ends_is_cut_off(
    receiver: Receiver, answer: Callable[[BaseHTTPRequestHandler], None], tally: Tally
) -> None:
    """One deadline holds for the whole exchange, however often something comes; nothing of it is left behind."""
    receiver.answer = answer
    with pytest.raises(DeliveryError, match=r"no answer in 0\.5 s"):
        Webhook(webhook_url(receiver.url), timeout_s=0.5).deliver(stored_event(0))
    wait_until(lambda: not any(thread.name == "lpr-webhook-exchange" for thread in threading.enumerate()))
    receiver.answer = lambda handler: Receiver.say(handler, 200)
    Webhook(webhook_url(receiver.url)).deliver(stored_event(0))
    tally("webhook that never ends its answer, events", 1, 1 - len(set(receiver.ids)))


def test_webhook_whose_name_nobody_answers_for_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """The deadline holds also while the host's address is looked up, which has no time-out of its own."""
    released = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: released.wait(30) and [])
    with pytest.raises(DeliveryError, match=r"no answer in 0\.2 s"):
        Webhook(webhook_url("http://example.org/"), timeout_s=0.2).deliver(stored_event(0))
    released.set()


@pytest.mark.parametrize(
    "url", ["", "example.org", "ftp://a/b", "http://", "http://a:x/", "http://[::1", "http://a b/"]
)
def test_what_is_no_address_is_told(url: str) -> None:
    """An address that can't be one is a line that shows one."""
    with pytest.raises(LprError, match=r"must be an address such as https://example\.org/plates"):
        webhook_url(url)


@given(st.text())
def test_any_text_is_an_address_or_an_error(text: str) -> None:
    """No text given as an address ends in anything but an address or a user's error."""
    for parse in (webhook_url, broker_url):
        with contextlib.suppress(LprError):
            parse(text)


class Listener:
    """A subscriber to everything at a broker."""

    def __init__(self, port: int) -> None:
        from paho.mqtt import client as mqtt

        self.messages: list[tuple[str, Any, bool]] = []
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
        self.client.on_message = lambda *args: self._take(args[2])
        self.client.on_connect = lambda *_: self.client.subscribe("#", qos=1)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()

    def _take(self, message: Any) -> None:
        payload = json.loads(message.payload) if message.payload else None  # empty: what was retained is deleted
        self.messages.append((message.topic, payload, message.retain))

    def of(self, topic: str) -> list[Any]:
        return [payload for name, payload, _ in self.messages if name == topic]

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


needs_mosquitto = pytest.mark.skipif(shutil.which("mosquitto") is None, reason="needs mosquitto (Debian: mosquitto)")


def delivered(sink: Mqtt, number: int) -> bool:
    try:
        sink.deliver(stored_event(number))
    except DeliveryError:
        return False
    return True


@needs_mosquitto
def test_mqtt_event_status_and_discovery(tmp_path: Path) -> None:
    """Events arrive at the device's topic; its status is retained, online and then offline; Home Assistant is told."""
    pytest.importorskip("paho.mqtt")
    port = free_port()
    with broker(tmp_path, port):
        sink = Mqtt(broker_url(f"mqtt://127.0.0.1:{port}"), "gate-1")
        wait_until(lambda: delivered(sink, 0))
        listener = Listener(port)
        wait_until(lambda: len(listener.messages) >= 3)
        sink.deliver(stored_event(1))
        sink.close()
        wait_until(lambda: len(listener.of("lpr/gate-1/status")) == 2)
        listener.close()
    assert listener.of("lpr/gate-1/event") == [record(1)]
    assert [status["state"] for status in listener.of("lpr/gate-1/status")] == ["online", "offline"]
    (event,) = listener.of("homeassistant/event/lpr_gate-1/plate/config")
    assert (event["state_topic"], event["event_types"]) == ("lpr/gate-1/event", ["plate", "left"])


@needs_mosquitto
def test_mqtt_broker_that_goes_and_comes_back(tmp_path: Path) -> None:
    """While the broker is away events are refused for now; back again, the device reconnects and they arrive once."""
    pytest.importorskip("paho.mqtt")
    port = free_port()
    sink = Mqtt(broker_url(f"mqtt://127.0.0.1:{port}"), "gate-1", discovery=False, timeout_s=2)
    with pytest.raises(DeliveryError, match="no connection to the broker"):
        sink.deliver(stored_event(0))
    with broker(tmp_path, port):
        wait_until(lambda: delivered(sink, 0))
    wait_until(lambda: not delivered(sink, 1))
    with broker(tmp_path, port):
        listener = Listener(port)
        wait_until(lambda: bool(listener.messages) or delivered(sink, 2))
        wait_until(lambda: delivered(sink, 3))
        wait_until(lambda: record(3) in listener.of("lpr/gate-1/event"))
        assert listener.of("lpr/gate-1/event").count(record(3)) == 1
        listener.close()
        sink.close()


@needs_mosquitto
def test_mqtt_login(tmp_path: Path) -> None:
    """A login is sent; a wrong one is told in the broker's words."""
    pytest.importorskip("paho.mqtt")
    port, passwords = free_port(), tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(passwords), "gate", "secret"], check=True, capture_output=True)
    passwords.chmod(0o644)
    tmp_path.chmod(0o755)
    with broker(tmp_path, port, f"allow_anonymous false\npassword_file {passwords}\nuser root"):
        right = Mqtt(broker_url(f"mqtt://gate@127.0.0.1:{port}"), "gate-1", "secret")
        wait_until(lambda: delivered(right, 0))
        right.close()
        wrong = Mqtt(broker_url(f"mqtt://gate@127.0.0.1:{port}"), "gate-2", "wrong")
        wait_until(lambda: "Not authorized" in wrong._client.reason)
        with pytest.raises(DeliveryError, match="the broker says: Not authorized"):
            wrong.deliver(stored_event(0))
        wrong.close()


def test_what_is_no_broker_is_told_without_its_password() -> None:
    """A wrong address is shown without the login in it."""
    with pytest.raises(LprError, match=r"`mqtt` is 'tcp://host'") as caught:
        broker_url("tcp://user:secret@host")
    assert "secret" not in str(caught.value)


def test_a_certificate_that_cannot_be_read_is_told() -> None:
    """A missing file of --mqtt-ca ends the start, with what to give instead."""
    pytest.importorskip("paho.mqtt")
    with pytest.raises(LprError, match=r"`mqtt_ca` nothing\.pem is no certificate that can be read: give a PEM file"):
        Mqtt(broker_url("mqtts://localhost"), "gate", certificate=Path("nothing.pem"))


def test_state_folder_is_the_services_or_the_users(tmp_path: Path) -> None:
    """Without --store, events wait in systemd's state folder, or in the user's."""
    assert state_folder({"STATE_DIRECTORY": "/var/lib/lpr"}) == Path("/var/lib/lpr")
    assert state_folder({"STATE_DIRECTORY": "/var/lib/lpr:/var/lib/lpr/north"}) == Path("/var/lib/lpr/north")
    assert state_folder({"XDG_STATE_HOME": str(tmp_path)}) == tmp_path / "lpr"
    assert state_folder({}).parts[-3:] == (".local", "state", "lpr")


def test_pictures_of_a_huge_plate_stay_small() -> None:
    """Corners far outside the picture don't make a picture of any size."""
    event = event_of("A104")
    event.plate.reading.quad_xy[:] = np.array([[0, 0], [9000, 0], [9000, 5000], [0, 5000]], np.float32)
    assert max(len(data) for data in take_pictures(event).values()) < 100_000

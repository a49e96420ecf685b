"""Frigate's events, with messages of the form that its documentation gives, and a small server in its place."""

import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import cv2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.edge.app.test_edge_cli import models
from tests.support.deliveries import broker, free_port, wait_until
from tests.support.golden.tinyland import Scene
from tests.support.servers import QuietHandler, running
from tests.support.urls import frigate_url

from lpr_edge.app.cli import main
from lpr_edge.app.frigate_command import build_parser, label_events
from lpr_edge.contract.base.errors import DataError, LprError
from lpr_edge.contract.records import Record
from lpr_edge.frigate import plate_labels
from lpr_edge.frigate.frigate_api import FrigateApi
from lpr_edge.frigate.frigate_event import parse_event
from lpr_edge.frigate.plate_labels import PlateLabels, WantedEvents
from lpr_edge.vision.pipeline import PlatePipeline

__all__ = ["models"]

needs_mosquitto = pytest.mark.skipif(shutil.which("mosquitto") is None, reason="needs mosquitto (Debian: mosquitto)")
CARS = WantedEvents(("car",))


def message(number: int = 1, kind: str = "new", **changes: Any) -> bytes:
    """A message of frigate/events, as docs.frigate.video/integrations/mqtt has it."""
    after = {
        "id": f"1607123955.475377-mxkl{number}",
        "camera": "gate",
        "frame_time": 1607123962.082975,
        "snapshot_time": 1607123961.837752,
        "snapshot": {"frame_time": 1607123965.975463, "box": [415, 489, 528, 700], "area": 12728, "score": 0.77},
        "label": "car",
        "sub_label": None,
        "top_score": 0.958984375,
        "false_positive": False,
        "start_time": 1607123955.475377,
        "end_time": None,
        "score": 0.87,
        "box": [432, 496, 544, 854],
        "area": 40096,
        "region": [218, 440, 693, 915],
        "current_zones": ["yard"],
        "entered_zones": ["yard", "driveway"],
        "has_clip": False,
        "has_snapshot": True,
        "stationary": False,
        "attributes": {},
    }
    return json.dumps({"type": kind, "before": after, "after": after | changes}).encode()


class Frigate:
    """Gives snapshots and notes sub labels."""

    def __init__(self) -> None:
        self.url = ""
        self.snapshots: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.labels: list[tuple[str, Any]] = []


@contextmanager
def frigate() -> Iterator[Frigate]:
    server = Frigate()

    class Handler(QuietHandler, BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.asked.append(self.path)
            self._answer(server.snapshots.get(self.path.split("/")[3]))

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            server.labels.append((self.path, body))
            self._answer(b'{"success": true}')

        def _answer(self, data: bytes | None) -> None:
            self.send_response(404 if data is None else 200)
            self.send_header("Content-Length", str(len(data or b"")))
            self.end_headers()
            self.wfile.write(data or b"")

    with running(Handler) as server.url:
        yield server


@pytest.fixture
def server() -> Iterator[Frigate]:
    with frigate() as started:
        yield started


def shows(server: Frigate, number: int, scene: Scene) -> str:
    """Let an event's snapshot show a scene; returns the plate."""
    server.snapshots[f"1607123955.475377-mxkl{number}"] = cv2.imencode(".png", scene.image_bgr)[1].tobytes()
    return "".join(scene.plates[0][1])


def labels_of(server: Frigate, reader: PlatePipeline, told: list[Record], every_s: float = 0.0) -> PlateLabels:
    return PlateLabels(FrigateApi(frigate_url(server.url)), reader.read, told.append, CARS, every_s)


def test_an_event_gets_its_plate_as_sub_label(
    server: Frigate, plate_reader: PlatePipeline, scenes: tuple[Scene, ...]
) -> None:
    """The snapshot is fetched without boxes, read, and the plate posted with its confidence; stdout hears of it."""
    told: list[Record] = []
    labels, text = labels_of(server, plate_reader, told), shows(server, 1, scenes[0])
    labels.take(message())
    assert labels.step(1.0)
    ((path, body),) = server.labels
    assert path == "/api/events/1607123955.475377-mxkl1/sub_label"
    assert (body["subLabel"], 0 < body["subLabelScore"] <= 1) == (text, True)
    assert server.asked == ["/api/events/1607123955.475377-mxkl1/snapshot.jpg?bbox=0&timestamp=0&crop=0"]
    assert (told[0]["frigate_event"], told[0]["source"], told[0]["latin"]) == (path.split("/")[3], "gate", text)


def test_a_label_is_replaced_only_by_a_better_one(
    server: Frigate, plate_reader: PlatePipeline, scenes: tuple[Scene, ...]
) -> None:
    """The same plate isn't posted twice, and a less confident other one doesn't replace it."""
    labels = labels_of(server, plate_reader, [])
    results = [plate_reader.read(scene.image_bgr).plates for scene in scenes]
    order = sorted(
        (index for index, plates in enumerate(results) if plates),
        key=lambda index: results[index][0].reading.confidence,
    )
    for index in (order[0], order[0], order[-1], order[0]):
        shows(server, 1, scenes[index])
        labels.take(message(kind="update"))
        labels.step(1.0)
    posted = [body["subLabel"] for _, body in server.labels]
    assert posted == [results[index][0].reading.parsed.latin for index in (order[0], order[-1])]


def test_snapshots_are_read_now_and_then_and_at_the_end(
    server: Frigate, plate_reader: PlatePipeline, scenes: tuple[Scene, ...]
) -> None:
    """Between two readings of one object's snapshots lies `every`; its end is always read."""
    labels = labels_of(server, plate_reader, [], every_s=1000.0)
    shows(server, 1, scenes[0])
    for kind in ("new", "update", "update", "end"):
        labels.take(message(kind=kind))
        labels.step(1.0)
    assert len(server.asked) == 2


def test_what_has_no_plate_is_not_fetched(server: Frigate, plate_reader: PlatePipeline) -> None:
    """Persons, false positives, other cameras and events without a snapshot are passed over."""
    labels = PlateLabels(
        FrigateApi(frigate_url(server.url)),
        plate_reader.read,
        lambda _: None,
        WantedEvents(("car",), ("gate",)),
        0.0,
    )
    for changes in ({"label": "person"}, {"false_positive": True}, {"has_snapshot": False}, {"camera": "garden"}):
        labels.take(message(**changes))
    assert not labels.step(0.01)


def test_failures_are_lines_and_the_next_event_is_read(
    server: Frigate, plate_reader: PlatePipeline, scenes: tuple[Scene, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """A missing snapshot, one that is no picture, and a message of something else are a line each."""
    labels, text = labels_of(server, plate_reader, []), shows(server, 3, scenes[0])
    server.snapshots["1607123955.475377-mxkl2"] = b"no picture"
    for number in (1, 2, 3):
        labels.take(message(number))
        labels.step(1.0)
    labels.take(b"online")
    err = capsys.readouterr().err
    assert "mxkl1 gets no label: http://127.0.0.1" in err
    assert "HTTP Error 404" in err
    assert "mxkl2 gets no label" in err
    assert "is no picture that OpenCV can read" in err
    assert "isn't one of Frigate's events: check the topic" in err
    assert [body["subLabel"] for _, body in server.labels] == [text]


def test_the_newest_events_win(
    server: Frigate, plate_reader: PlatePipeline, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Messages of one event count once; beyond the queue's length the oldest event is given up, with a line."""
    monkeypatch.setattr(plate_labels, "MAX_WAITING", 2)
    labels = labels_of(server, plate_reader, [])
    for number in (1, 1, 2, 3):
        labels.take(message(number))
    assert "mxkl1 isn't read: 2 others wait already" in capsys.readouterr().err
    assert [labels.step(0.01) for _ in range(3)] == [True, True, False]


@given(st.binary(max_size=100) | st.recursive(st.none() | st.text(), st.lists).map(lambda v: json.dumps(v).encode()))
def test_hostile_messages_are_one_kind_of_error(payload: bytes) -> None:
    """Whatever comes, the answer is an event, None or a DataError."""
    with suppress(DataError):
        parse_event(payload)


@pytest.mark.parametrize("number", ["../../x", "a/b", "", "a" * 65, 7])
def test_ids_that_are_no_ids_are_refused(number: object) -> None:
    """An id becomes part of an address: one with a slash, or none, is refused."""
    with pytest.raises(DataError, match="isn't one of Frigate's events"):
        parse_event(message(id=number))


@pytest.mark.parametrize("url", ["frigate:5000", "ftp://frigate", "http://frigate:5000/?a=b"])
def test_what_is_no_address_is_refused(url: str) -> None:
    """Frigate's address is http or https without a query."""
    with pytest.raises(LprError, match="`url`"):
        frigate_url(url)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "Setting `url` is empty, and it must be Frigate's address"),
        (["--url", "http://frigate:5000"], "no broker: give --mqtt"),
    ],
)
def test_what_is_missing_is_named(words: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Without Frigate's address or a broker the command ends with one line."""
    assert main(["frigate", *words]) == 1
    assert says in capsys.readouterr().err


@needs_mosquitto
def test_the_whole_way(
    server: Frigate, scenes: tuple[Scene, ...], models: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A message at a real broker becomes a sub label at Frigate, and a line on stdout."""
    client = pytest.importorskip("paho.mqtt.client")
    port, text, is_over = free_port(), shows(server, 1, scenes[0]), threading.Event()
    chosen = [word for word in models if not word.startswith("--class")][:4]
    words = ["--mqtt", f"mqtt://127.0.0.1:{port}", "--url", server.url, *chosen]
    with broker(tmp_path, port):
        command = threading.Thread(target=label_events, args=(build_parser().parse_args(words), is_over.is_set))
        command.start()
        publisher = client.Client(client.CallbackAPIVersion.VERSION2)
        publisher.connect("127.0.0.1", port)
        publisher.loop_start()

        def is_labelled() -> bool:
            publisher.publish("frigate/events", message())
            return bool(server.labels)

        wait_until(is_labelled)
        is_over.set()
        command.join(20)
        publisher.loop_stop()
    assert server.labels[0][1]["subLabel"] == text
    assert json.loads(capsys.readouterr().out.splitlines()[0])["latin"] == text

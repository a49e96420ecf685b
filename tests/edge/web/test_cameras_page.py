"""The live page of a run over several cameras."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.support.browser import CHROMIUM, NEEDED, browsing
from tests.support.deliveries import free_port, record
from tests.support.pages import get, get_json
from tests.support.readings import frame, plate

from lpr_edge.base.web_address import WebAddress
from lpr_edge.output.annotate import NO_MARKS
from lpr_edge.service.runtime_stats import RuntimeStats
from lpr_edge.vision.plates import FrameResult
from lpr_edge.web.picture import LivePage
from lpr_edge.wiring.wire_web import open_page

NAMES = ("gate", "yard.2")


@pytest.fixture
def live() -> Iterator[LivePage]:
    """Two cameras; the second one has had no frame for long, and one vehicle was at the first."""
    stats = RuntimeStats("hut", cameras=NAMES)
    stats._by_camera["yard.2"]._start -= 1000
    address = WebAddress("127.0.0.1", free_port())
    page = open_page(address, "", stats, 60.0, camera_marks=dict.fromkeys(NAMES, NO_MARKS))
    seen = replace(frame(0, age_ms=4.0), source="gate")
    stats.add(seen, FrameResult((plate("A10"),), 5.0, 1.0))
    page.show(seen, [plate("A10")])
    stats.count_event(
        record(1)
        | {"source": "gate", "latin": "BA1", "confidence": 0.97, "frames": 3, "last_seen": "2026-03-01T06:00:00.000Z"}
    )
    yield page
    page.close()


def test_each_camera_has_a_picture(live: LivePage) -> None:
    """`/picture.jpg?camera=` is that camera's alone: 204 where it has none yet, 404 for a camera that there isn't."""
    status, headers, jpeg = get(live, "/picture.jpg?camera=gate")
    assert (status, headers["x-picture"]) == (200, "1")
    assert cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR).shape == (120, 200, 3)
    assert get(live, "/picture.jpg?camera=gate&after=1")[0] == 204
    assert get(live, "/picture.jpg?camera=yard.2")[0] == 204
    assert get(live, "/picture.jpg?camera=roof")[0] == 404
    assert get(live, "/picture.jpg")[0] == 200


def test_each_camera_has_a_health(live: LivePage) -> None:
    """`/health` is 200 while any camera gives frames, `/health?camera=` while that one does, 404 for another name."""
    health = get_json(live, "/health")
    assert (health["healthy"], {name: own["healthy"] for name, own in health["cameras"].items()}) == (
        True,
        {"gate": True, "yard.2": False},
    )
    assert [get(live, f"/health?camera={name}")[0] for name in (*NAMES, "roof", "")] == [200, 503, 404, 404]


def test_prometheus_has_each_camera_by_its_label(live: LivePage) -> None:
    """What is counted by camera has the label `camera`, the device's figures have none; names stay in `lpr_info`."""
    parser = pytest.importorskip("prometheus_client.parser")
    text = get(live, "/metrics")[2].decode()
    found = {
        (sample.name, sample.labels.get("camera")): sample
        for family in parser.text_string_to_metric_families(text)
        for sample in family.samples
    }
    frames = {camera: found["lpr_frames_total", camera].value for camera in NAMES}
    events = {camera: found["lpr_events_total", camera].value for camera in NAMES}
    assert (frames, events) == ({"gate": 1, "yard.2": 0}, {"gate": 1, "yard.2": 0})
    assert found["lpr_latency_seconds_sum", "gate"].value == pytest.approx(0.006)
    assert found["lpr_since_frame_seconds", "yard.2"].value >= 1000
    assert ("lpr_frames_total", None) not in found
    assert found["lpr_memory_bytes", None].value > 1e6
    assert found["lpr_info", None].labels["source"] == "gate,yard.2"


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason=NEEDED)
@pytest.mark.parametrize("size_wh", [(1280, 900), (390, 844)])
def test_all_cameras_are_in_the_browser(live: LivePage, tmp_path: Path, size_wh: tuple[int, int]) -> None:
    """Each camera has a figure with its picture and how it does; an event says its camera; nothing sticks out."""
    with browsing(tmp_path, size_wh) as browser:
        browser.open(
            f"http://127.0.0.1:{live.server.port}/",
            "document.querySelector('#camera-gate img')?.src.startsWith('blob:')",
        )
        browser.wait("document.querySelectorAll('#events li').length == 1")
        captions = browser.js("[...document.querySelectorAll('#cameras figcaption')].map((each) => each.textContent)")
        assert captions[0].startswith("gate: ")
        assert captions[0].endswith(" 1 event")
        assert captions[1].startswith("yard.2: no picture for 10")
        assert browser.js("document.getElementById('single').hidden") is True
        assert browser.js("document.querySelector('#events .more').textContent").startswith("gate, ")
        assert browser.js("document.documentElement.scrollWidth") == size_wh[0]
        browser.screenshot(tmp_path / "cameras.png")
        assert browser.console == []

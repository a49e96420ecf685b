"""The live page in a real browser."""

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.support.browser import browsing
from tests.support.deliveries import record
from tests.support.golden import tinyland
from tests.support.pages import TOKEN, page
from tests.support.readings import frame, plate

from lpr_edge.capture.frame import Frame
from lpr_edge.service.runtime_stats import RuntimeStats
from lpr_edge.vision.plates import FrameResult
from lpr_edge.web.picture import LivePage

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SIZES = {"phone": (390, 844), "desktop": (1280, 900)}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs a browser (Debian: chromium)"),
]


@pytest.fixture
def live() -> Iterator[LivePage]:
    """A page with a token, at which a vehicle stands; frames go on."""
    stats = RuntimeStats("gate-1", {"reader": "reader.int8.tflite"})
    image = tinyland.draw_scene(("A104",), np.random.default_rng(3)).image_bgr
    for number, way in enumerate(("in", "in", "out")):
        stats.visits.count_event({"event": "left", "id": str(number), "direction": way, "dwell_s": 30.0})
    stats.count_event(
        record(1) | {"latin": "BA1", "last_seen": "2026-03-01T06:00:00.000Z", "confidence": 0.97, "frames": 3}
    )
    over = threading.Event()
    with page(TOKEN, stats=stats) as live:

        def go_on() -> None:
            for index in range(10_000):
                shown = Frame(image, "clip.mp4", index, frame(index).time)
                stats.add(shown, FrameResult((), 5.0, 1.0))
                live.picture.show(shown, [plate("A10")])
                if over.wait(0.05):
                    return

        thread = threading.Thread(target=go_on)
        thread.start()
        yield live
        over.set()
        thread.join()


def browse(live: LivePage, folder: Path, *flags: str) -> tuple[str, str]:
    """What the browser prints, and what it complains of in its console."""
    assert CHROMIUM is not None
    sandbox = ["--no-sandbox"] if os.getuid() == 0 else []  # it has none for root
    done = subprocess.run(
        [
            *(CHROMIUM, "--headless", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={folder / 'profile'}"),
            *("--enable-logging=stderr", "--virtual-time-budget=4000", *sandbox, *flags),
            f"http://me:{TOKEN}@127.0.0.1:{live.server.port}/",
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return done.stdout, "\n".join(line for line in done.stderr.splitlines() if "CONSOLE" in line)


def test_the_page_comes_alive(live: LivePage, tmp_path: Path) -> None:
    """Logged in, the browser shows picture, event, state and figures, and its console has nothing to say."""
    dom, console = browse(live, tmp_path, "--dump-dom")
    assert console == ""
    assert 'src="blob:' in dom
    assert "lpr · gate-1" in dom
    assert '<p id="state" role="status" class="good">reading</p>' in dom
    assert '<span class="plate">बा1</span>' in dom
    assert "BA1, 97 %, 3 frames" in dom
    assert "reader.int8.tflite" in dom


@pytest.mark.parametrize("device", SIZES)
def test_the_page_speaks_two_languages(live: LivePage, tmp_path: Path, device: str) -> None:
    """One click turns all texts into Nepali with its digits; it holds on the next visit; nothing sticks out."""
    address = f"http://me:{TOKEN}@127.0.0.1:{live.server.port}/"
    with browsing(tmp_path, SIZES[device]) as browser:
        browser.open(address, "document.querySelectorAll('#visits div').length == 5")
        shown = browser.js("document.getElementById('visits').innerText").split("\n")
        assert [text for text in shown if text] == [
            *("Vehicles today", "1", "In", "2", "Out", "1", "Inside now", "1", "Stay (median, longest)", "30 s, 30 s"),
        ]
        browser.screenshot(tmp_path / "english.png")
        browser.js("document.querySelector('.language').click()")
        browser.open(address, "document.querySelectorAll('#visits div').length == 5")
        assert browser.js("document.documentElement.lang") == "ne"
        assert browser.js("document.getElementById('visits').innerText").startswith("आजका गाडी\n१")
        assert browser.js("document.getElementById('state').textContent") == "पढ्दै छ"
        assert browser.js("document.documentElement.scrollWidth") <= SIZES[device][0]
        browser.screenshot(tmp_path / "nepali.png")
        assert browser.console == []


@pytest.mark.parametrize("device", SIZES)
@pytest.mark.parametrize("light", [True, False])
def test_the_page_fits(live: LivePage, tmp_path: Path, device: str, light: bool) -> None:
    """On a phone and on a desk, by day and by night: the picture is there, and nothing sticks out at the side."""
    width, height = SIZES[device]
    shot = tmp_path / "shot.png"
    scheme = f"--blink-settings=preferredColorScheme={1 if light else 0}"
    browse(live, tmp_path, f"--window-size={width},{height}", f"--screenshot={shot}", scheme)
    image = cv2.imread(str(shot))
    assert image.shape == (height, width, 3)
    edge = image[:, -8:].reshape(-1, 3)
    assert (edge == edge[0]).all(), "something sticks out"
    assert (edge[0] > 200).all() if light else (edge[0] < 60).all()
    assert len(np.unique(image[60 : height // 3].reshape(-1, 3), axis=0)) > 100, "no picture"

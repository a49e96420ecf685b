"""A real RTSP server, as network cameras are: streams, drops, returns, hangs."""

import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.edge.app.test_edge_cli import models, start
from tests.support.deliveries import answers, free_port, wait_until
from tests.support.faults import Tally
from tests.support.golden import tinyland

from lpr_edge.capture.frame import Frame, Source
from lpr_edge.capture.open_source import open_source
from lpr_edge.capture.opencv_capture import TIMEOUT_MS
from lpr_edge.contract.base.errors import SourceError

__all__ = ["models"]

PICTURES = 8
PYTHON = "/usr/bin/python3"
CODE = (
    "import gi; gi.require_version('GstRtspServer', '1.0'); gi.require_version('Gst', '1.0'); "
    "from gi.repository import Gst, GstRtspServer; Gst.init(None); "
    "assert all(map(Gst.ElementFactory.find, ('multifilesrc', 'jpegdec', 'x264enc', 'rtph264pay')))"
)


def can_serve() -> bool:
    return shutil.which(PYTHON) is not None and not subprocess.run([PYTHON, "-c", CODE], capture_output=True).returncode


pytestmark = [
    pytest.mark.slow,
    pytest.mark.faults,
    pytest.mark.skipif(
        not can_serve(),
        reason="needs a GStreamer RTSP server (Debian: python3-gi gir1.2-gst-rtsp-server-1.0 "
        "gstreamer1.0-plugins-good gstreamer1.0-plugins-ugly)",
    ),
]


class Camera:
    """A camera that shows a plate, and can be switched off and on."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"rtsp://user:secret@127.0.0.1:{self.port}/gate"
        self._folder = folder
        image = tinyland.draw_scene(("A104",), np.random.default_rng(3)).image_bgr
        for number in range(PICTURES):  # a sensor's noise makes each picture another
            noise = np.random.default_rng(number).integers(0, 8, image.shape, np.uint8)
            cv2.imwrite(str(folder / f"{number}.jpg"), cv2.add(image, noise))
        self.on()

    def on(self) -> None:
        script = Path(__file__).parents[2] / "support" / "rtsp_camera.py"
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        self._process = subprocess.Popen(
            [PYTHON, script, str(self.port), self._folder / "%d.jpg", str(PICTURES)], env=environment
        )
        wait_until(lambda: answers(self.port) or self._process.poll() is not None)
        assert self._process.poll() is None

    def off(self) -> None:
        self._process.kill()
        self._process.wait()

    def signal(self, number: int) -> None:
        self._process.send_signal(number)


@pytest.fixture
def camera(tmp_path: Path) -> Iterator[Camera]:
    camera = Camera(tmp_path)
    try:
        yield camera
    finally:
        camera.off()


def read_frames(source: Source, into: list[object], until: Callable[[], bool]) -> None:
    """Read until something has happened, and one frame more."""
    end = time.monotonic() + 60
    while not until():
        assert time.monotonic() < end, "waited in vain"
        into.append(next(source.frames))
    into.append(next(source.frames))


def test_a_camera_that_is_switched_off_and_on(camera: Camera, capfd: pytest.CaptureFixture[str], tally: Tally) -> None:
    """H.264 over TCP is read; switched off and on three times, one line says each, and frames count and run on."""
    source = open_source(camera.url)
    assert source.kind == "live"
    read: list[object] = []
    read_frames(source, read, lambda: len(read) >= 5)
    waits, lines = [], ""

    def is_back() -> bool:
        nonlocal lines
        lines += capfd.readouterr().err
        return "is back after" in lines

    for _ in range(3):
        camera.off()
        time.sleep(1)
        camera.on()
        back, lines = time.monotonic(), ""
        read_frames(source, read, is_back)
        waits.append(time.monotonic() - back)
        assert lines.count("it is tried again until it is back") == 1
        assert "secret" not in lines
    source.close()
    frames = [frame for frame in read if isinstance(frame, Frame)]
    assert [frame.index for frame in frames] == sorted({frame.index for frame in frames})
    assert all(frame.image_bgr.shape == (240, 320, 3) for frame in frames)
    tally(f"RTSP camera off and on, read again after at most {max(waits):.1f} s", 3, 3 - len(waits))


def test_a_camera_that_hangs(camera: Camera, capfd: pytest.CaptureFixture[str], tally: Tally) -> None:
    """A camera that keeps its connection and sends nothing is given up after the time-out, and read when it goes on."""
    source = open_source(camera.url)
    next(source.frames)
    camera.signal(signal.SIGSTOP)
    waker = threading.Timer(TIMEOUT_MS / 1000 + 4, camera.signal, (signal.SIGCONT,))
    waker.start()
    read: list[object] = []
    lines = ""

    def is_back() -> bool:
        nonlocal lines
        lines += capfd.readouterr().err
        return "is back after" in lines

    read_frames(source, read, is_back)
    source.close()
    waker.join()
    tally("RTSP camera that hangs and goes on", 1, 0)


def test_nobody_at_the_address(capfd: pytest.CaptureFixture[str]) -> None:
    """An address where nobody answers, or with the wrong path, is one line without the login, within the time-out."""
    with pytest.raises(SourceError, match=r"no stream at rtsp://127\.0\.0\.1:\d+/gate \(tried for up to 5 s\)"):
        open_source(f"rtsp://user:secret@127.0.0.1:{free_port()}/gate")


def test_events_go_on_when_the_camera_is_back(camera: Camera, models: list[str], tally: Tally) -> None:
    """The whole command on an RTSP camera that drops: one event for the vehicle that stays, and a clean end."""
    with start("--source", camera.url, "--max-frames", "60", "--gap", "1h", *models) as process:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        camera.off()
        time.sleep(1)
        camera.on()
        out, err = process.communicate(timeout=240)
    assert (process.returncode, first["text"], out) == (0, "A104", b"")
    assert b"is back after" in err
    assert b"secret" not in err
    tally("RTSP camera drops while a vehicle stands there, events", 1, int(first["text"] != "A104"))

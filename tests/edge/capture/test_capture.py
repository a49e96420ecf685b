import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from itertools import islice, pairwise
from types import SimpleNamespace
from typing import Any, ClassVar

import cv2
import numpy as np
import pytest
from tests.support.golden.tinyland import Scene
from tests.support.readings import frame, quad_at
from tests.support.servers import motion_jpeg, serving
from tests.support.shapes import region

from lpr_edge.capture import camera, live
from lpr_edge.capture.frame import Frame, Frames, Source
from lpr_edge.capture.live import Capture, ReconnectPolicy, live_frames
from lpr_edge.capture.open_source import CaptureOptions, open_camera, open_source
from lpr_edge.capture.transform import shape_frames
from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.base.errors import LprError, SourceError
from lpr_edge.contract.geometry import quad_iou
from lpr_edge.regions.roi import is_inside
from lpr_edge.regions.shapes import Region
from lpr_edge.vision.pipeline import PlatePipeline


class Reel:
    """A camera that gives so many frames and then ends."""

    def __init__(self, count: int) -> None:
        self.left = count
        self.released = threading.Event()
        self.taken = threading.Semaphore(0)

    def read(self) -> tuple[bool, Image | None]:
        if not self.left:
            return False, None
        self.left -= 1
        self.taken.acquire(timeout=2.0)
        return True, np.full((4, 6, 3), self.left, np.uint8)

    def release(self) -> None:
        self.released.set()


def ready() -> Reel:
    """A camera that gives one frame at once, and ends."""
    reel = Reel(1)
    reel.taken.release()
    return reel


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lost sources are looked for without a pause."""
    monkeypatch.setattr(live, "FIRST_WAIT_S", 0.001)
    monkeypatch.setattr(live, "LONGEST_WAIT_S", 0.002)


def test_camera_gone_and_back_20_times(quick: None, capsys: pytest.CaptureFixture[str]) -> None:
    """Each time, one line says that it is gone and one that it is back; frames count on and time runs forward."""
    reels = [ready()]
    tries = iter(range(1000))

    def reopen() -> Capture:
        if next(tries) % 2 == 0:
            raise SourceError("not yet")
        reels.append(ready())
        return reels[-1]

    frames = live_frames(reels[0], "camera 0", "", again=ReconnectPolicy(reopen))
    read = list(islice((item for item in frames if isinstance(item, Frame)), 21))
    frames.close()
    assert [item.index for item in read] == list(range(21))
    assert all(a.time <= b.time for a, b in pairwise(read))
    assert len(reels) == 21
    assert all(reel.released.wait(2) for reel in reels)
    lines = capsys.readouterr().err.splitlines()
    assert sum("it is tried again until it is back" in line for line in lines) == 20
    assert sum("camera 0 is back after" in line for line in lines) == 20
    assert "lpr-capture" not in [thread.name for thread in threading.enumerate()]


def test_frozen_camera_is_opened_again(quick: None) -> None:
    """A camera that stays open and gives nothing more is closed and opened again."""
    stuck, fresh = Reel(9), ready()
    frames = live_frames(stuck, "camera 0", "", patience_s=0.05, again=ReconnectPolicy(lambda: fresh))
    got = next(item for item in frames if isinstance(item, Frame))
    assert int(got.image_bgr[0, 0, 0]) == 0
    frames.close()


def test_giving_up(quick: None) -> None:
    """A source that isn't back in time ends the run with the remedy."""

    def never() -> Capture:
        raise SourceError("gone")

    frames = live_frames(Reel(0), "camera 0", "check its cable", again=ReconnectPolicy(never, 0.02))
    with pytest.raises(SourceError, match="camera 0 ended after 0 frames: check its cable"):
        list(frames)


def test_stream_that_drops_is_read_on(quick: None, capsys: pytest.CaptureFixture[str]) -> None:
    """A motion JPEG stream that ends is opened again, and its frames go on."""
    serve, kind = motion_jpeg([np.full((240, 320, 3), value, np.uint8) for value in range(30)])
    with serving(serve, kind) as url:
        source = open_source(url)
        read: list[Frame] = []
        while capsys.readouterr().err.count("is back") < 1 or len(read) < 2:
            read += [item for item in islice(source.frames, 1) if isinstance(item, Frame)]
        source.close()
    assert [item.index for item in read] == sorted({item.index for item in read})


def still(image: Image) -> Frames:
    for index in range(6):
        yield replace(frame(index), image_bgr=image)


@pytest.mark.parametrize(("degrees", "corner"), [(0, (0, 0)), (90, (0, -1)), (180, (-1, -1)), (270, (-1, 0))])
def test_pictures_are_turned_clockwise(degrees: int, corner: tuple[int, int]) -> None:
    """`--rotate` turns pictures clockwise: the mark in the top left goes to the top right, and so on."""
    image = np.zeros((4, 6, 3), np.uint8)
    image[0, 0] = 255
    turned = next(shape_frames(Source("a", "clip", 10, still(image)), degrees).frames)
    assert isinstance(turned, Frame)
    assert turned.image_bgr[corner].tolist() == [255, 255, 255]
    assert turned.image_bgr.shape[:2] == ((6, 4) if degrees in (90, 270) else (4, 6))


def test_every_third_frame() -> None:
    """`--every 3` reads one frame of three, under its own number, and the rate goes down with it."""
    source = shape_frames(Source("a", "clip", 30, still(np.zeros((4, 6, 3), np.uint8))), every=3)
    assert ([item.index for item in source.frames if isinstance(item, Frame)], source.fps) == ([0, 3], 10)


def test_closing_a_turned_source_closes_the_camera() -> None:
    """Who stops reading early lets the camera go, also through turning."""
    reel = Reel(2)
    reel.taken.release(2)
    source = shape_frames(Source("a", "live", 10, live_frames(reel, "a", "")), rotate=180)
    next(source.frames)
    source.close()
    assert reel.released.wait(2)


def test_plates_outside_the_zone_are_left_unread(plate_reader: PlatePipeline, scenes: tuple[Scene, ...]) -> None:
    """A zone takes the plates whose middle lies in it and no others; the corners stay those of the whole picture."""
    image = scenes[0].image_bgr
    (plate,) = plate_reader.read(image).plates
    x, _ = plate.reading.quad_xy.mean(axis=0) / image.shape[1]
    left, right = (
        region("0,0 0.8,0 0.8,1 0,1"),
        region("0.2,0 1,0 1,1 0.2,1"),
    )
    inside, outside = (left, region("0.8,0 1,0 1,1 0.8,1")) if x < 0.5 else (right, region("0,0 0.2,0 0.2,1 0,1"))
    parts = (plate_reader.detector, plate_reader.reader, 0.0)
    (same,) = PlatePipeline(*parts, inside).read(image).plates
    assert quad_iou(same.reading.quad_xy, plate.reading.quad_xy) > 0.8
    assert PlatePipeline(*parts, outside).read(image).plates == ()


def test_zone_is_in_shares_of_the_picture() -> None:
    """The same zone fits any size of picture."""
    zone = region("0,0 0.5,0 0.5,0.5 0,0.5")
    assert is_inside(quad_at(10, 10), zone, (200, 300))
    assert not is_inside(quad_at(10, 10), zone, (30, 50))


@pytest.mark.parametrize(
    "text", ["0,0 1,1", "0,0 1,0 2,1", "a,b c,d e,f", "0,0 1,0 nan,1", "0,0 0.5,0.5 1,1", "0 1 2", "0,0 1,0 1"]
)
def test_what_is_no_zone_is_told(text: str) -> None:
    """A zone that can't be is one line that shows one."""
    with pytest.raises(LprError, match=r"Setting `roi` is .*, and it must be at least three corners x,y from 0 to 1"):
        Region.parse(text, "roi")


class FakePicamera:
    """What is used of picamera2, after its documentation."""

    opened: ClassVar[list[Any]] = []

    def __init__(self, number: int) -> None:
        if number > 0:
            raise IndexError("list index out of range")
        self.calls: list[Any] = []
        FakePicamera.opened.append(self)

    def create_video_configuration(self, main: Any, controls: Any) -> Any:
        return main | controls

    def configure(self, settings: Any) -> None:
        self.calls.append(settings)

    def start(self) -> None:
        self.calls.append("start")

    def capture_array(self, name: str) -> Image:
        assert name == "main"
        return np.full((480, 640, 3), 7, np.uint8)

    def stop(self) -> None:
        self.calls.append("stop")

    def close(self) -> None:
        self.calls.append("close")


def test_ribbon_camera_by_picamera2(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where V4L2 shows no camera and picamera2 has one, that is opened as asked, said, and closed at the end."""
    monkeypatch.setattr(camera, "DEVICES", tmp_path)
    monkeypatch.setitem(sys.modules, "picamera2", SimpleNamespace(Picamera2=FakePicamera))
    source = open_camera(0, CaptureOptions((640, 480), 15.0))
    first = next(source.frames)
    source.close()
    assert isinstance(first, Frame)
    assert (source.fps, first.image_bgr.shape) == (15.0, (480, 640, 3))
    asked = {"format": "RGB888", "size": (640, 480), "FrameRate": 15.0}
    assert FakePicamera.opened[-1].calls == [asked, "start", "stop", "close"]
    assert "camera 0 (picamera2, 15 frames a second), 640x480" in capsys.readouterr().err
    with pytest.raises(SourceError, match="no camera 1"):
        open_camera(1)


def test_gstreamer_is_asked_where_opencv_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without picamera2, an OpenCV that has GStreamer gets libcamerasrc; one that hasn't isn't asked."""
    asked: list[tuple[str, int]] = []

    def fake(source: str, backend: int) -> Any:
        asked.append((source, backend))
        return SimpleNamespace(isOpened=lambda: True)

    monkeypatch.setitem(sys.modules, "picamera2", None)
    monkeypatch.setattr(camera, "open_capture", fake)

    def built(word: str) -> Callable[[], str]:
        return lambda: f"  Video I/O:\n    GStreamer:  {word}\n"

    monkeypatch.setattr(cv2, "getBuildInformation", built("NO"))
    assert camera.open_csi(0, None, 25.0) is None
    monkeypatch.setattr(cv2, "getBuildInformation", built("YES (1.22.0)"))
    found = camera.open_csi(0, (640, 480), 25.0)
    assert found is not None
    assert found[1] == "GStreamer's libcamerasrc"
    assert asked[0][0].startswith("libcamerasrc ! video/x-raw,width=640,height=480,framerate=25/1 ! ")
    assert asked[0][1] == cv2.CAP_GSTREAMER

"""Open local cameras by number, and explain why one can't be opened.

V4L2 shows a ribbon camera only as a raw sensor: picamera2 opens it, or GStreamer.
"""

import errno
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2

from lpr_edge.base.log import log_info
from lpr_edge.capture.frame import Source
from lpr_edge.capture.live import live_frames
from lpr_edge.capture.opencv_capture import Capture, open_capture
from lpr_edge.capture.reconnect import ReconnectPolicy
from lpr_edge.contract.base.errors import SourceError

DEVICES = Path("/dev")
PROCESSES = Path("/proc")
DEFAULT_FPS = 25.0
"""Taken where a camera doesn't say, and asked of a ribbon camera."""
RIBBON_SIZE_WH = (1280, 720)
REMEDY = (
    "a Raspberry Pi's ribbon camera needs picamera2 (sudo apt install python3-picamera2, in a virtual environment made "
    "with --system-site-packages), or a stream, for example from rpicam-vid, given as --source"
)


@dataclass(frozen=True)
class CaptureOptions:
    """Requested properties of a camera; if it delivers others, a message says so."""

    size_wh: tuple[int, int] | None = None
    """Width and height in pixels; None for its own."""
    fps: float | None = None
    """Frames a second; None for its own."""
    give_up_s: float = 0.0
    """For how long to look for a camera that was lost; 0 for ever."""


def open_camera(number: int, options: CaptureOptions = CaptureOptions()) -> Source:
    """A camera: by V4L2, or, where that shows none or only a raw sensor, as a Raspberry Pi's ribbon camera.

    Says which was opened, at what size and rate.

    Raises:
        SourceError: there is none of that number, it is in use, or gives no picture; the message says which.
    """
    name = f"camera {number}"
    capture, way, fps = _open(number, options)
    frames = live_frames(
        _AnnouncedCapture(capture, f"{name} ({way}, {fps:g} frames a second)"),
        name,
        "check its cable and power, then start again",
        again=ReconnectPolicy(lambda: _open(number, options)[0], options.give_up_s),
    )
    return Source(name, "live", fps, frames)


class _AnnouncedCapture:
    """A capture that logs its frame size with its first frame, since only then it is known."""

    def __init__(self, capture: Capture, what: str) -> None:
        self._capture = capture
        self._what = what

    def read(self) -> tuple[bool, Any]:
        there, image = self._capture.read()
        if there and image is not None and self._what:
            log_info(f"{self._what}, {image.shape[1]}x{image.shape[0]}")
            self._what = ""
        return there, image

    def release(self) -> None:
        self._capture.release()


def _open(number: int, options: CaptureOptions) -> tuple[Capture, str, float]:
    """Open a camera; returns the capture, the backend's name, and its frame rate.

    Raises:
        SourceError: nothing opens it.
    """
    on_linux = sys.platform.startswith("linux")
    if not on_linux or _device(number).exists():
        capture = open_capture(number, cv2.CAP_V4L2 if on_linux else cv2.CAP_ANY)
        _ask(capture, options)
        if capture.isOpened() and capture.grab():
            return capture, "V4L2" if on_linux else "OpenCV", capture.get(cv2.CAP_PROP_FPS) or DEFAULT_FPS
        capture.release()
    fps = options.fps or DEFAULT_FPS
    ribbon = open_csi(number, options.size_wh, fps)
    if ribbon is None:
        raise SourceError(explain(number))
    return *ribbon, fps


def _ask(capture: cv2.VideoCapture, options: CaptureOptions) -> None:
    if options.size_wh:
        # Uncompressed, USB 2 carries large pictures only a few times a second.
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, options.size_wh[0])
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, options.size_wh[1])
    if options.fps:
        capture.set(cv2.CAP_PROP_FPS, options.fps)


def explain(number: int) -> str:
    """Explain why a camera can't be used, and what to do."""
    device = _device(number)
    if not device.exists():
        others = sorted(int(path.name[5:]) for path in DEVICES.glob("video*") if path.name[5:].isdigit())
        found = (
            f"found {', '.join(map(str, others))}; take one of them"
            if others
            else "found no camera at all; plug one in"
        )
        return f"no camera {number} ({device} is missing): {found}, or give --source"
    if not os.access(device, os.R_OK | os.W_OK):
        return f"no permission for {device}: add yourself to its group (sudo usermod -aG video $USER) and log in again"
    user = _user_of(device)
    if user or _is_busy(device):
        return f"camera {number} is busy: {user or 'another program'} uses {device}. Stop it, or take another camera"
    return f"camera {number} gives no picture that OpenCV can read: try the next number; {REMEDY}"


def _device(number: int) -> Path:
    return DEVICES / f"video{number}"


def _is_busy(device: Path) -> bool:
    try:
        os.close(os.open(device, os.O_RDWR | os.O_NONBLOCK))
    except OSError as error:
        return error.errno == errno.EBUSY
    return False


def _user_of(device: Path) -> str | None:
    """Name another process that has the device open, as far as permissions allow to find out."""
    for process in PROCESSES.glob("[0-9]*"):
        if process.name != str(os.getpid()) and _has_open(process, device):
            return f"{_name_of(process)} (process {process.name})"
    return None


def _has_open(process: Path, device: Path) -> bool:
    try:
        return any(link.readlink() == device for link in (process / "fd").iterdir())
    except OSError:
        return False


def _name_of(process: Path) -> str:
    try:
        return (process / "comm").read_text().strip()
    except OSError:
        return "a program"


class PicameraCapture:
    """Adapts picamera2 to the interface of OpenCV's capture."""

    def __init__(self, picamera2: Any, number: int, size_wh: tuple[int, int], fps: float) -> None:
        """Open and start a camera; on failure picamera2 raises RuntimeError or IndexError."""
        self._camera = picamera2.Picamera2(number)
        # picamera2 calls what OpenCV calls BGR "RGB888": it names the bytes from the last to the first.
        settings = self._camera.create_video_configuration(
            main={"format": "RGB888", "size": size_wh}, controls={"FrameRate": fps}
        )
        self._camera.configure(settings)
        self._camera.start()

    def read(self) -> tuple[bool, Any]:
        """The next frame."""
        return True, self._camera.capture_array("main")

    def release(self) -> None:
        """Stop and close the camera."""
        self._camera.stop()
        self._camera.close()


def open_csi(number: int, size_wh: tuple[int, int] | None, fps: float) -> tuple[Capture, str] | None:
    """Open a ribbon camera; returns it with the backend's name, None if no backend can open it."""
    ways: tuple[Callable[[int, tuple[int, int], float], Capture | None], ...] = (_by_picamera2, _by_gstreamer)
    for way, name in zip(ways, ("picamera2", "GStreamer's libcamerasrc"), strict=True):
        capture = way(number, size_wh or RIBBON_SIZE_WH, fps)
        if capture is not None:
            return capture, name
    return None


def _by_picamera2(number: int, size_wh: tuple[int, int], fps: float) -> Capture | None:
    try:
        import picamera2
    except ImportError:
        return None
    try:
        return PicameraCapture(picamera2, number, size_wh, fps)
    except (RuntimeError, IndexError):
        return None


def _by_gstreamer(number: int, size_wh: tuple[int, int], fps: float) -> Capture | None:
    """Open the first ribbon camera: libcamerasrc addresses cameras by name, not by number."""
    if number != 0 or not has_gstreamer():
        return None
    shape = f"width={size_wh[0]},height={size_wh[1]},framerate={round(fps)}/1"
    pipeline = f"libcamerasrc ! video/x-raw,{shape} ! videoconvert ! video/x-raw,format=BGR ! appsink drop=true"
    capture = open_capture(pipeline, cv2.CAP_GSTREAMER)
    return capture if capture.isOpened() else None


def has_gstreamer() -> bool:
    """Whether this OpenCV was built with GStreamer; the wheels from PyPI aren't."""
    lines = [line for line in cv2.getBuildInformation().splitlines() if "GStreamer:" in line]
    return any("YES" in line for line in lines)

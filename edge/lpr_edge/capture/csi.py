"""The Raspberry Pi's ribbon cameras (CSI), which V4L2 shows only as raw sensors: by picamera2, or by GStreamer."""

from collections.abc import Callable
from typing import Any

import cv2

from lpr_edge.capture.opencv_capture import Capture, open_capture

DEFAULT_SIZE_WH = (1280, 720)
REMEDY = (
    "a Raspberry Pi's ribbon camera needs picamera2 (sudo apt install python3-picamera2, in a virtual environment made "
    "with --system-site-packages), or a stream, for example from rpicam-vid, given as --source"
)


class PicameraCapture:
    """picamera2 in the place of OpenCV's capture."""

    def __init__(self, picamera2: Any, number: int, size_wh: tuple[int, int], fps: float) -> None:
        """Open and start a camera; what picamera2 raises where it can't is a RuntimeError or IndexError."""
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
    """A ribbon camera and what opened it; None where nothing here can."""
    ways: tuple[Callable[[int, tuple[int, int], float], Capture | None], ...] = (_by_picamera2, _by_gstreamer)
    for way, name in zip(ways, ("picamera2", "GStreamer's libcamerasrc"), strict=True):
        capture = way(number, size_wh or DEFAULT_SIZE_WH, fps)
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
    """The first ribbon camera: libcamerasrc counts by name, not by number."""
    if number != 0 or not has_gstreamer():
        return None
    shape = f"width={size_wh[0]},height={size_wh[1]},framerate={round(fps)}/1"
    pipeline = f"libcamerasrc ! video/x-raw,{shape} ! videoconvert ! video/x-raw,format=BGR ! appsink drop=true"
    capture = open_capture(pipeline, cv2.CAP_GSTREAMER)
    return capture if capture.isOpened() else None


def has_gstreamer() -> bool:
    """Whether this OpenCV was built with GStreamer; those from pip aren't."""
    lines = [line for line in cv2.getBuildInformation().splitlines() if "GStreamer:" in line]
    return any("YES" in line for line in lines)

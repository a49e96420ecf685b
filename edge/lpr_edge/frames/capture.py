"""OpenCV's capture, its FFmpeg kept quiet: lpr says itself what went wrong, in one line."""

import os
from collections.abc import Sequence
from typing import Any, Protocol

import cv2

TIMEOUT_MS = 5000
"""How long a stream may take to open, or to give its next frame."""


class Capture(Protocol):
    """What is used of OpenCV's capture; another camera library can stand in."""

    def read(self) -> tuple[bool, Any]:
        """The next frame; False at the end."""
        ...

    def release(self) -> None:
        """Close the device."""
        ...


def open_capture(source: str | int, backend: int = cv2.CAP_ANY, options: Sequence[int] = ()) -> cv2.VideoCapture:
    """Open a capture; whether that went well is for the caller to ask and to explain."""
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # FFmpeg's AV_LOG_QUIET
    os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", "rtsp_transport;tcp")  # UDP tears pictures on busy networks
    return cv2.VideoCapture(source, backend, list(options))

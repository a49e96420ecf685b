"""OpenCV's capture with FFmpeg's own messages suppressed: lpr reports errors itself, in one line."""

import os
from collections.abc import Sequence
from time import monotonic
from typing import Any, Protocol

import cv2

TIMEOUT_MS = 5000
"""How long a stream may take to open, or to give its next frame."""


class Capture(Protocol):
    """The part of OpenCV's capture interface that is used; other camera libraries can implement it."""

    def read(self) -> tuple[bool, Any]:
        """Read the next frame; False at the end."""
        ...

    def release(self) -> None:
        """Close the device."""
        ...


def open_capture(source: str | int, backend: int = cv2.CAP_ANY, options: Sequence[int] = ()) -> cv2.VideoCapture:
    """Open a capture; the caller checks `isOpened` and explains a failure."""
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # FFmpeg's AV_LOG_QUIET
    os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", "rtsp_transport;tcp")  # UDP tears pictures on busy networks
    return cv2.VideoCapture(source, backend, list(options))


def codec_letters(capture: cv2.VideoCapture) -> bytes:
    """Four letters that name a capture's codec; other bytes where OpenCV knows of none, which differ by its version."""
    return (int(capture.get(cv2.CAP_PROP_FOURCC)) & 0xFFFFFFFF).to_bytes(4, "little")


class Stream:
    """A stream's capture, which ends with the first read that times out.

    FFmpeg's decoder then still hands out frames that it had kept back, one a time-out: a hung RTSP camera was seen to
    seem alive for 15 s so, with pictures as old.
    """

    def __init__(self, capture: cv2.VideoCapture) -> None:
        self._capture = capture

    def read(self) -> tuple[bool, Any]:
        """Read the next frame; False at the end and after a time-out."""
        start = monotonic()
        try:
            there, image = self._capture.read()
        except cv2.error:  # its picture has another size now: opened again, the stream has it from the start
            return False, None
        in_time = monotonic() - start < 0.98 * TIMEOUT_MS / 1000
        return there and in_time, image

    def release(self) -> None:
        """Close the connection."""
        self._capture.release()

"""Determine the type of a source, and open it."""

from collections.abc import Callable
from datetime import UTC, datetime

import cv2

from lpr_edge.capture.camera import CaptureOptions, open_camera
from lpr_edge.capture.frame import Source
from lpr_edge.capture.images import open_folder, open_picture
from lpr_edge.capture.live import live_frames
from lpr_edge.capture.opencv_capture import TIMEOUT_MS, Capture, Stream, codec_letters, open_capture
from lpr_edge.capture.reconnect import ReconnectPolicy
from lpr_edge.capture.snapshot_url import FPS, SnapshotUrl
from lpr_edge.capture.source_address import SourceAddress, SourcePath, StreamUrl
from lpr_edge.capture.video_file import clip_source, open_clip
from lpr_edge.contract.base.errors import LprError, SourceError
from lpr_edge.contract.base.pictures import PICTURES

__all__ = ["CaptureOptions", "open_camera", "open_source"]

STREAM_FROZEN_S = 60.0
"""An encoder may skip a still scene, so that a stream repeats pictures to the bit; but not past its next key frame."""
PICTURE_CODECS = (b"MJPG", b"MPNG", b"webp", bytes(4))
"""What a picture is to FFmpeg (a BMP has no code); a stream of pictures can have the same."""


def open_source(source: str | SourceAddress, give_up_s: float = 0.0) -> Source:
    """Open an image, a folder of images, a video file or a stream.

    Args:
        source: path or URL.
        give_up_s: for how long to look for a stream that was lost; 0 for ever.

    Raises:
        SourceError: it is missing, can't be read, or doesn't answer.
    """
    try:
        address = SourceAddress.parse(source, "source") if isinstance(source, str) else source
    except LprError as error:
        raise SourceError(str(error)) from error
    if isinstance(address, StreamUrl):
        return open_stream(address, give_up_s)
    assert isinstance(address, SourcePath)
    try:
        return _open_path(address)
    except (OSError, ValueError) as error:  # a path with a NUL byte is a ValueError
        reason = error.strerror if isinstance(error, OSError) else error
        raise SourceError(f"{address} can't be opened: {reason}") from error


def check_frames(source: SourceAddress) -> None:
    """Reject a path that can't be a video, without opening it.

    Raises:
        SourceError: a file that is missing, or pictures.
    """
    if not isinstance(source, SourcePath):
        return
    _require_path(source)
    if source.path.is_dir() or source.path.suffix.lower() in PICTURES:
        raise SourceError(f"{source} holds pictures: one of several cameras is a camera, a stream or a clip")


def _require_path(source: SourcePath) -> None:
    if not source.path.exists():
        raise SourceError(
            f"no file or folder {source}: give one that exists, a stream such as {StreamUrl.example}, or --camera 0"
        )


def _open_path(source: SourcePath) -> Source:
    path = source.path
    if path.is_dir():
        return open_folder(path)
    _require_path(source)
    return open_picture(path) if path.suffix.lower() in PICTURES else open_clip(path)


def open_stream(url: StreamUrl, give_up_s: float = 0.0) -> Source:
    """Open a stream; a video file behind a URL is read like a local file, every frame.

    Raises:
        SourceError: it doesn't answer, or sends nothing that OpenCV can read.
    """
    name = str(url)
    capture = _open_capture(url.full, name)
    if capture.get(cv2.CAP_PROP_FRAME_COUNT) > 1:
        return clip_source(capture, name, datetime.now(UTC))
    if url.scheme in ("http", "https") and _is_one_picture(capture):
        capture.release()
        return _live(lambda: SnapshotUrl(url, name, TIMEOUT_MS / 1000), name, FPS, give_up_s)
    fps = capture.get(cv2.CAP_PROP_FPS) or 25.0
    opened = [Stream(capture)]  # the first is there already
    return _live(lambda: opened.pop() if opened else Stream(_open_capture(url.full, name)), name, fps, give_up_s)


def _live(open_it: Callable[[], Capture], name: str, fps: float, give_up_s: float) -> Source:
    remedy = "check the camera and the network, then start again"
    frames = live_frames(open_it(), name, remedy, again=ReconnectPolicy(open_it, give_up_s), frozen_s=STREAM_FROZEN_S)
    return Source(name, "live", fps, frames)


def _is_one_picture(capture: cv2.VideoCapture) -> bool:
    """Whether the capture ends after its first image, as with a camera's snapshot URL."""
    return codec_letters(capture) in PICTURE_CODECS and capture.grab() and not capture.grab()


def _open_capture(url: str, name: str) -> cv2.VideoCapture:
    limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, TIMEOUT_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, TIMEOUT_MS]
    capture = open_capture(url, cv2.CAP_FFMPEG, limits)
    if not capture.isOpened():
        raise SourceError(
            f"no stream at {name} (tried for up to {TIMEOUT_MS // 1000} s): "
            "check the address, the login, and that the camera is on"
        )
    return capture

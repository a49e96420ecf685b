"""A video file, frame by frame."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np

from lpr_edge.capture.frame import Frame, Frames, Source
from lpr_edge.capture.matroska import matroska_length
from lpr_edge.capture.opencv_capture import open_capture
from lpr_edge.contract.errors import SourceError
from lpr_edge.contract.pictures import foreign_remedy, is_foreign_picture
from lpr_edge.contract.text_files import is_utf8, shown

ENDS_EARLY = 0.02
"""A clip that lacks more than this share of its frames and of its time was cut short; containers count a little wrong,
and many don't count frames at all: OpenCV then gives time by rate, which a variable rate doesn't keep to."""


def open_clip(path: Path) -> Source:
    """A video file.

    Raises:
        SourceError: OpenCV can't read it.
    """
    if not is_utf8(path):  # OpenCV crashes on such a name
        raise SourceError(f"the name of the video {shown(path)} isn't UTF-8: rename it")
    capture = open_capture(str(path))
    if not capture.isOpened() and is_foreign_picture(path):
        raise SourceError(f"{shown(path)} {foreign_remedy(path)}")
    if not capture.isOpened():
        raise SourceError(
            f"{path} is neither a picture nor a video that OpenCV can read, or is cut short: "
            "try to play it, or copy it again"
        )
    return clip_source(capture, str(path), datetime.fromtimestamp(path.stat().st_mtime, UTC))


def clip_source(capture: cv2.VideoCapture, name: str, start: datetime) -> Source:
    """An opened capture with a known end; `start` is the time of its position 0."""
    fps = capture.get(cv2.CAP_PROP_FPS) or 25.0
    return Source(name, "clip", fps, _read_all(capture, name, start, fps))


def _read_all(capture: cv2.VideoCapture, name: str, start: datetime, fps: float) -> Frames:
    index, last = 0, timedelta()
    try:
        while True:
            there, image = capture.read()
            if not there:
                break
            last = _position(capture, index, fps)
            yield Frame(np.asarray(image, np.uint8), name, index, start + last)
            index += 1
        promised = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        if index == 0 or _is_cut_short(Path(name), index, promised, last.total_seconds() * fps + 1):
            raise SourceError(
                f"{name} ends after {index} of {promised} frames: it is cut short or damaged. Copy it again"
            )
    finally:
        capture.release()


def _position(capture: cv2.VideoCapture, index: int, fps: float) -> timedelta:
    """Of the frame just read; by its number where the container has no time stamps."""
    milliseconds = capture.get(cv2.CAP_PROP_POS_MSEC)
    return timedelta(milliseconds=milliseconds if milliseconds > 0 else 1000 * index / fps)


def _is_cut_short(path: Path, read: int, promised: int, reached: float) -> bool:
    """Whether a clip ended before its time.

    Args:
        path: of the clip; a URL is none, and only its frames are counted.
        read: frames that came.
        promised: frames by the container's count, or its duration times its rate.
        reached: the end of the last frame, in frames of an even rate.
    """
    if path.is_file():
        length = matroska_length(path)
        if length is not None:
            return path.stat().st_size < length
    return promised - max(read, reached) > max(2, ENDS_EARLY * promised)

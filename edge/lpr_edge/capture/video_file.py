"""Video files as sources, frame by frame."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import cv2

from lpr_edge.capture.frame import Frame, Frames, Source
from lpr_edge.capture.opencv_capture import open_capture
from lpr_edge.capture.size_changes import Packets, read_pictures
from lpr_edge.contract.base.errors import SourceError
from lpr_edge.contract.base.pictures import foreign_remedy, is_foreign_picture
from lpr_edge.contract.base.text_files import is_utf8, shown

ENDS_EARLY = 0.02
"""A clip that lacks more than this share of its frames and of its time was cut short; containers count a little wrong,
and many don't count frames at all: OpenCV then gives time by rate, which a variable rate doesn't keep to."""
EBML, SEGMENT = 0x1A45DFA3, 0x18538067
"""Numbers of the two elements that a Matroska file consists of (RFC 8794, RFC 9559)."""


def open_clip(path: Path) -> Source:
    """Open a video file.

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
    return clip_source(capture, str(path), datetime.fromtimestamp(path.stat().st_mtime, UTC), Packets(path))


def clip_source(capture: cv2.VideoCapture, name: str, start: datetime, packets: Packets | None = None) -> Source:
    """Make a source of an opened capture with a known end.

    Args:
        capture: opened; it is closed here.
        name: of the clip.
        start: the time of its position 0.
        packets: of the same file, which show where its pictures change their size; closed here, too.
    """
    fps = capture.get(cv2.CAP_PROP_FPS) or 25.0
    return Source(name, "clip", fps, _read_all(capture, packets, name, start, fps))


def _read_all(capture: cv2.VideoCapture, packets: Packets | None, name: str, start: datetime, fps: float) -> Frames:
    index, last, shift = 0, timedelta(), timedelta()
    try:
        for image, milliseconds in read_pictures(capture, packets):
            position = _position(milliseconds, index, fps) + shift
            if position < last:  # recordings put together each begin at 0
                shift += last - position + timedelta(seconds=1 / fps)
                position = last + timedelta(seconds=1 / fps)
            last = position
            yield Frame(image, name, index, start + last)
            index += 1
        promised = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        if index == 0 or _is_cut_short(Path(name), index, promised, last.total_seconds() * fps + 1):
            raise SourceError(
                f"{name} ends after {index} of {promised} frames: it is cut short or damaged. Copy it again"
            )
    finally:
        capture.release()
        if packets is not None:
            packets.release()


def _position(milliseconds: float, index: int, fps: float) -> timedelta:
    """Time of a frame within the file; by its number if the container has no time stamps."""
    return timedelta(milliseconds=milliseconds if milliseconds > 0 else 1000 * index / fps)


def _is_cut_short(path: Path, read: int, promised: int, reached: float) -> bool:
    """Whether a video ended before its declared end.

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


def matroska_length(path: Path) -> int | None:
    """Length of the complete file in bytes; None for other formats and for files written as a stream.

    Such a file counts its bytes, and not its frames.

    Raises:
        OSError: it can't be read.
    """
    with path.open("rb") as file:
        header = _element(file)
        if header is None or header[0] != EBML or header[1] is None:
            return None
        file.seek(header[1], 1)
        segment = _element(file)
        if segment is None or segment[0] != SEGMENT or segment[1] is None:
            return None
        return file.tell() + segment[1]


def _element(file: BinaryIO) -> tuple[int, int | None] | None:
    """An element's number and the length of what follows, None where that isn't known; None at the file's end."""
    number, length = _variable_int(file, keep_marker=True), _variable_int(file, keep_marker=False)
    if number is None or length is None:
        return None
    value, bits = length
    return number[0], None if value == (1 << bits) - 1 else value


def _variable_int(file: BinaryIO, keep_marker: bool) -> tuple[int, int] | None:
    """Read a variable-length integer and its bits; the first bit that is set encodes its length in bytes."""
    first = file.read(1)
    if not first or not first[0]:
        return None
    count = 9 - first[0].bit_length()
    rest = file.read(count - 1)
    if len(rest) < count - 1:
        return None
    value = int.from_bytes(first + rest)
    return (value if keep_marker else value & ((1 << 7 * count) - 1)), 7 * count

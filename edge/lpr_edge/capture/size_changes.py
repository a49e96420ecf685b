"""Video files whose picture size changes on the way: two cameras in one recording, or one whose settings changed.

OpenCV up to 4.12 repeats the last picture from there on, or mixes the two sizes, without an error, and has no word on
the size of a frame. So the packets of the file are examined as well. Where their head names another size, they are
copied to a file of their own up to the next change, and that is decoded.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np

from lpr_edge.base.log import log_debug
from lpr_edge.capture.opencv_capture import Capture, codec_letters, open_capture
from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.base.errors import SourceError


@dataclass(frozen=True)
class _Codec:
    """How to copy the packets of one codec, and where they contain the image size."""

    suffix: str
    """Of a file that holds its packets alone; empty where none does."""
    head: re.Pattern[bytes]
    """What changes with the size."""


MPEG4 = _Codec(".m4v", re.compile(rb"\x00\x00\x01[\x20-\x2f].*?(?=\x00\x00\x01)", re.DOTALL))
"""Video object layer, ISO/IEC 14496-2."""
MPEG2 = _Codec(".m2v", re.compile(rb"\x00\x00\x01\xb3(...)", re.DOTALL))
"""Sequence header, ITU-T H.262: 12 bits each for width and height."""
H264 = _Codec(".h264", re.compile(rb"\x00\x00\x01[\x07\x27\x47\x67].*?(?=\x00\x00\x01|\x00\x00\x00|\Z)", re.DOTALL))
"""Sequence parameter set, ITU-T H.264."""
HEVC = _Codec(".hevc", re.compile(rb"\x00\x00\x01\x42.*?(?=\x00\x00\x01|\x00\x00\x00|\Z)", re.DOTALL))
"""The same of ITU-T H.265."""
MJPEG = _Codec(".mjpeg", re.compile(rb"\xff[\xc0-\xc2]\x00.\x08(....)", re.DOTALL))
"""Start of frame, ITU-T T.81: 16 bits each for height and width."""
VP8 = _Codec("", re.compile(rb"\A...\x9d\x01\x2a(....)", re.DOTALL))
"""A key frame's head, RFC 6386."""
CODECS = {
    **dict.fromkeys(("FMP4", "MP4V", "XVID", "DIVX", "DX50"), MPEG4),
    **dict.fromkeys(("MPG2", "MPEG", "EM2V"), MPEG2),
    **dict.fromkeys(("H264", "AVC1", "X264"), H264),
    **dict.fromkeys(("HEVC", "HEV1", "HVC1", "H265"), HEVC),
    **dict.fromkeys(("MJPG", "JPEG"), MJPEG),
    "VP80": VP8,
}
"""OpenCV's four letters of a codec, in capitals."""


class Packets:
    """The packets of a video file, one per frame, in decoding order."""

    def __init__(self, path: Path) -> None:
        """Open the file a second time; if its packets can't be read, no change of size is detected."""
        self._path = path
        self._capture = open_capture(str(path), cv2.CAP_FFMPEG, [cv2.CAP_PROP_FORMAT, -1])
        self.codec = CODECS.get(codec_letters(self._capture).decode("latin-1").upper())
        self._head: bytes | None = None
        self._coming: bytes | None = None
        """The first packet of another size."""

    def keeps_size(self) -> bool:
        """Read the next frame's packet; False if its image size differs, and the packet is still to be copied."""
        if self._coming is None and self.codec is not None:
            self._next()
        return self._coming is None

    def copy_to(self, folder: Path) -> tuple[Path, list[float]]:
        """Copy the packets of the next size to a file.

        Returns:
            The file, and each frame's time in milliseconds, in the order in which they are shown.

        Raises:
            SourceError: there is no kind of file for packets of this codec.
            OSError: it can't be written.
        """
        if self.codec is None or not self.codec.suffix:
            raise SourceError(
                f"{self._path}: its picture changes its size, which is followed in H.264, H.265, MPEG and MJPEG alone: "
                "convert it to one of these, or cut it there"
            )
        path, times = folder / f"part{self.codec.suffix}", []
        packet, self._coming, self._head = self._coming, None, None
        with path.open("wb") as file:
            while packet is not None:
                self._head = self._head or self._head_of(packet)
                file.write(packet)
                times.append(float(self._capture.get(cv2.CAP_PROP_POS_MSEC)))
                packet = self._next()
        return path, sorted(times)

    def release(self) -> None:
        """Close the file."""
        self._capture.release()

    def _next(self) -> bytes | None:
        """The next packet of the same size; None at the end and at a change of size."""
        there, data = self._capture.read()
        if not there:
            return None
        packet = np.asarray(data, np.uint8).tobytes()
        head = self._head_of(packet)
        if head and self._head and head != self._head:
            self._coming = packet
            return None
        self._head = self._head or head
        return packet

    def _head_of(self, packet: bytes) -> bytes | None:
        match = self.codec.head.search(packet) if self.codec else None
        return match[match.re.groups] if match else None


def read_pictures(capture: cv2.VideoCapture, packets: Packets | None) -> Iterator[tuple[Image, float]]:
    """Read the images of an opened file, each in its own size, with their times in milliseconds.

    Args:
        capture: gives the pictures of the first size.
        packets: of the same file; None where there is no second look at it.

    Raises:
        SourceError: the size changes, and that can't be followed.
    """
    while packets is None or packets.keeps_size():
        there, image = capture.read()
        if not there:
            return
        yield np.asarray(image, np.uint8), float(capture.get(cv2.CAP_PROP_POS_MSEC))
    while not packets.keeps_size():  # as it stands until the part is copied
        with TemporaryDirectory(prefix="lpr-") as name:
            try:
                path, times = packets.copy_to(Path(name))
            except OSError as error:
                reason = f"what follows a change of size can't be written to {name}: {error.strerror}"
                raise SourceError(f"{reason}. Free some space there, or set TMPDIR") from error
            part = open_capture(str(path), cv2.CAP_FFMPEG)
            try:
                yield from _read_part(part, times)
            finally:
                part.release()


def _read_part(part: Capture, times: list[float]) -> Iterator[tuple[Image, float]]:
    for number, time in enumerate(times):
        there, image = part.read()
        if not there:
            return
        if not number:
            log_debug(f"the picture's size is {image.shape[1]}x{image.shape[0]} from here on")
        yield np.asarray(image, np.uint8), time

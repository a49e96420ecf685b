"""MP4 files that can be played up to their last seconds, also where the process that writes them is killed.

A plain MP4 file has its index at the end: without it, nothing can be read. Here each few seconds are a fragment with an
index of its own (ISO/IEC 14496-12, 8.8). OpenCV encodes a fragment as a small plain file, which is taken apart.
"""

import os
import struct
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import cv2

from lpr_edge.base.log import warn
from lpr_edge.base.private_files import open_private
from lpr_edge.contract.base.arrays import Image

FRAGMENT_S = 4.0
"""Of video in a fragment: so much is lost with a killed process."""
KEY_FRAME, OTHER_FRAME = 0x02000000, 0x01010000
"""Flags of a sample: depends on no other; depends on others and is no place to begin."""
WITH_DURATION = ("mvhd", "tkhd", "mdhd")
CONTAINERS = ("moov", "trak", "mdia", "minf", "stbl")
EMPTY_TABLES = {"stts": bytes(8), "stsc": bytes(8), "stsz": bytes(12), "stco": bytes(8)}
"""Tables of samples in a file whose samples are in fragments."""


class FragmentedMp4:
    """Writes a video of one track, with the interface of OpenCV's writer."""

    def __init__(self, path: Path, code: int, fps: float, size_wh: tuple[int, int]) -> None:
        """Create the file.

        Args:
            path: of the file; what stood there is lost.
            code: of the encoder, see `cv2.VideoWriter.fourcc`.
            fps: frames a second.
            size_wh: of each frame in pixels.

        Raises:
            OSError: it can't be written.
        """
        self._path = path
        self._part = path.with_name(f".{path.stem}.part.mp4")
        self._settings = code, fps, size_wh
        self._most = max(1, round(FRAGMENT_S * fps))
        self._writer: cv2.VideoWriter | None = None
        self._frames = self._fragments = self._time = 0
        self._has_failed = False
        os.close(open_private(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC))

    def write(self, picture: Image) -> None:
        """Add a frame (H, W, 3); a failure is logged, and later frames are tried again."""
        if self._writer is None:
            with suppress(OSError):  # OpenCV fails for the same reason, and that is logged
                os.close(open_private(self._part, os.O_WRONLY | os.O_CREAT))
            self._writer = cv2.VideoWriter(str(self._part), *self._settings)
        self._writer.write(picture)
        self._frames += 1
        if self._frames == self._most:
            self._finish_fragment()

    def release(self) -> None:
        """Write the last fragment."""
        self._finish_fragment()

    def _finish_fragment(self) -> None:
        if self._writer is None:
            return
        self._writer.release()
        self._writer, self._frames = None, 0
        try:
            part = _Part.of(self._part.read_bytes())
            self._part.unlink()
            self._append((b"" if self._fragments else part.head) + part.fragment(self._fragments + 1, self._time))
        except (OSError, KeyError, struct.error) as error:
            if not self._has_failed:
                reason = error.strerror if isinstance(error, OSError) else "the encoder wrote nothing"
                warn(f"parts of the video {self._path} are lost ({reason}): is the disk full, or the folder protected?")
            self._has_failed = True
            return
        self._fragments += 1
        self._time += sum(part.durations)

    def _append(self, data: bytes) -> None:
        """Append to the file, completely or not at all."""
        with self._path.open("r+b") as file:
            end = file.seek(0, os.SEEK_END)
            try:
                file.write(data)
                file.flush()
            except OSError:
                file.truncate(end)
                raise


@dataclass(frozen=True)
class _Part:
    """A parsed plain MP4 file of one track."""

    head: bytes
    """What a file of fragments begins with: type and description of the track."""
    durations: tuple[int, ...]
    """Of each sample, in the track's units."""
    sizes: tuple[int, ...]
    """Of each sample, in bytes."""
    key_frames: frozenset[int]
    """Numbers of the samples that a player may begin at, from 1."""
    samples: bytes

    @classmethod
    def of(cls, data: bytes) -> "_Part":
        boxes = dict(_boxes(data))
        tables = {kind: body for kind, body in _flat(boxes["moov"]) if kind in (*EMPTY_TABLES, "stss")}
        (uniform, count), sizes = struct.unpack_from(">II", tables["stsz"], 4), _numbers(tables["stsz"], 12)
        runs = _numbers(tables["stts"], 8)
        durations = tuple(d for n, d in zip(runs[::2], runs[1::2], strict=True) for _ in range(n))
        keys = frozenset(_numbers(tables["stss"], 8)) if "stss" in tables else frozenset(range(1, count + 1))
        extends = _box("mvex", _box("trex", struct.pack(">IIIIII", 0, 1, 1, 0, 0, 0)))
        head = _box("ftyp", boxes["ftyp"]) + _box("moov", b"".join(_emptied(boxes["moov"])) + extends)
        return cls(head, durations, (uniform,) * count if uniform else sizes, keys, boxes["mdat"])

    def fragment(self, number: int, time: int) -> bytes:
        """Make a fragment of the samples and their index; `time` is the first sample's, in the track's units."""
        rows = b"".join(
            struct.pack(">III", duration, size, KEY_FRAME if index in self.key_frames else OTHER_FRAME)
            for index, (duration, size) in enumerate(zip(self.durations, self.sizes, strict=True), 1)
        )
        is_relative, has_offset_and_rows = 0x020000, 0x000701

        def index_of(offset: int) -> bytes:
            run = _box("trun", struct.pack(">III", has_offset_and_rows, len(self.sizes), offset) + rows)
            start = _box("tfdt", struct.pack(">IQ", 1 << 24, time))
            track = _box("traf", _box("tfhd", struct.pack(">II", is_relative, 1)) + start + run)
            return _box("moof", _box("mfhd", struct.pack(">II", 0, number)) + track)

        return index_of(len(index_of(0)) + 8) + _box("mdat", self.samples)


def _box(kind: str, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind.encode()) + body


def _boxes(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Kind and body of each box, in order."""
    start = 0
    while start + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, start)
        yield kind.decode("latin-1"), data[start + 8 : start + size]
        start += max(8, size)


def _flat(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Kind and body of each box, including those inside containers."""
    for kind, body in _boxes(data):
        yield kind, body
        if kind in CONTAINERS:
            yield from _flat(body)


def _numbers(table: bytes, start: int) -> tuple[int, ...]:
    return struct.unpack_from(f">{(len(table) - start) // 4}I", table, start)


def _emptied(moov: bytes) -> Iterable[bytes]:
    """Copy a `moov` box without samples: empty tables, no duration, no edits."""
    for kind, body in _boxes(moov):
        if kind in CONTAINERS:
            yield _box(kind, b"".join(_emptied(body)))
        elif kind in WITH_DURATION:
            at = {"mvhd": 16, "tkhd": 20, "mdhd": 16}[kind]  # in version 0, which short files have
            yield _box(kind, body[:at] + bytes(4) + body[at + 4 :])
        elif kind not in ("edts", "stss"):
            yield _box(kind, EMPTY_TABLES.get(kind, body))

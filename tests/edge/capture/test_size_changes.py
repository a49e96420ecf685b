from itertools import groupby, pairwise
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from lpr_edge.capture import size_changes
from lpr_edge.capture.frame import Frame
from lpr_edge.capture.open_source import open_source
from lpr_edge.capture.opencv_capture import Stream
from lpr_edge.capture.size_changes import H264, HEVC, MPEG2, VP8, Packets
from lpr_edge.contract.base.errors import SourceError

COUNT = 15
"""Frames of each size."""
SPS = {H264: b"\x67", HEVC: b"\x42"}
"""What a sequence parameter set begins with."""


def write_part(path: Path, size_wh: tuple[int, int], first: int) -> bytes:
    """Grey frames of a size, each a little brighter than the one before, as a file's bytes."""
    images = [np.full((size_wh[1], size_wh[0], 3), 4 * (first + number), np.uint8) for number in range(COUNT)]
    if path.suffix == ".mjpeg":
        return b"".join(cv2.imencode(".jpg", image)[1].tobytes() for image in images)
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"mp4v"), 10.0, size_wh)
    for image in images:
        writer.write(image)
    writer.release()
    data = path.read_bytes()
    path.unlink()
    return data


def write_clip(path: Path, *sizes_wh: tuple[int, int]) -> Path:
    """A recording whose picture changes its size on the way."""
    parts = [write_part(path, size_wh, COUNT * number) for number, size_wh in enumerate(sizes_wh)]
    path.write_bytes(b"".join(parts))
    return path


def read(path: Path) -> list[Frame]:
    return [frame for frame in open_source(str(path)).frames if isinstance(frame, Frame)]


@pytest.mark.parametrize("suffix", [".ts", ".mjpeg"])
@pytest.mark.parametrize(
    "sizes",
    [
        [(320, 240), (640, 480)],
        [(640, 480), (320, 240)],
        [(320, 240), (640, 240)],
        [(640, 240), (320, 240)],
        [(640, 480), (640, 464)],
        [(320, 240), (640, 480), (320, 240)],
        [(320, 240)],
    ],
)
def test_a_change_of_size_is_followed(tmp_path: Path, suffix: str, sizes: list[tuple[int, int]]) -> None:
    """Every frame of a recording comes in its own size, whole and in order, and time runs forward."""
    frames = read(write_clip(tmp_path / f"clip{suffix}", *sizes))
    found = [(shape, len(list(group))) for shape, group in groupby(frame.image_bgr.shape[:2] for frame in frames)]
    assert found == [((height, width), COUNT) for width, height in sizes]
    for number, frame in enumerate(frames):
        assert abs(float(frame.image_bgr.mean()) - 4 * number) < 6
        assert float(frame.image_bgr.std()) < 3
    assert [frame.index for frame in frames] == list(range(COUNT * len(sizes)))
    assert all(a.time < b.time for a, b in pairwise(frames))
    assert list(tmp_path.iterdir()) == [tmp_path / f"clip{suffix}"]


@pytest.mark.parametrize("codec", [H264, HEVC])
def test_where_h264_and_h265_say_their_size(codec: size_changes._Codec) -> None:
    """Their parameter sets tell one size from another, wherever they stand in a packet; other units don't."""
    unit = b"\x00\x00\x00\x01" + SPS[codec]
    packet = b"\x00\x00\x01\x09\x10" + unit + b"abc\x00\x00\x03x" + b"\x00\x00\x00\x01\x26\x65data"
    match = codec.head.search(packet)
    assert match is not None
    assert match[0] == b"\x00\x00\x01" + SPS[codec] + b"abc\x00\x00\x03x"
    assert codec.head.search(b"\x00\x00\x00\x01\x02\x41data") is None


def test_where_mpeg2_and_vp8_say_their_size() -> None:
    """MPEG-2's sequence header and the head of a VP8 key frame hold width and height; other frames have none."""
    mpeg2, vp8 = (
        MPEG2.head.search(b"\x00\x00\x01\xb3\x14\x00\xf0\x13"),
        VP8.head.search(b"\x30\x12\x00\x9d\x01\x2a@\x01\xf0\x00x"),
    )
    assert mpeg2 is not None
    assert vp8 is not None
    assert (mpeg2[1], vp8[1]) == (b"\x14\x00\xf0", b"@\x01\xf0\x00")
    assert VP8.head.search(b"\x91\x0a\x00\x01\x00\x11") is None


def test_a_change_that_cannot_be_followed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the packets fit in no file of their own, the clip ends with an error, not with old pictures."""
    path = write_clip(tmp_path / "clip.mjpeg", (320, 240), (640, 480))
    unknown = size_changes._Codec("", size_changes.MJPEG.head)
    monkeypatch.setitem(size_changes.CODECS, "MJPG", unknown)
    got: list[object] = []
    with pytest.raises(SourceError, match=r"clip\.mjpeg: its picture changes its size, .*: convert it to one of these"):
        got.extend(open_source(str(path)).frames)
    assert len(got) == COUNT


def test_packets_that_cannot_be_had_change_nothing(tmp_path: Path) -> None:
    """A file of an unknown codec is read as it comes."""
    (tmp_path / "x.bin").write_bytes(b"x")
    packets = Packets(tmp_path / "x.bin")
    assert packets.keeps_size()
    packets.release()


def test_a_stream_that_opencv_cannot_convert_is_lost() -> None:
    """A live picture whose size changed is an end, after which the stream is opened again, not an exception."""

    def fail() -> None:
        raise cv2.error("_step >= minstep")

    assert Stream(SimpleNamespace(read=fail)).read() == (False, None)  # type: ignore[arg-type]  # as much as is used

import os
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.support.servers import QuietHandler, motion_jpeg, only_once, running, serving

from lpr_edge.capture import camera, opencv_capture, video_file
from lpr_edge.capture.frame import Frame, UnreadableImage
from lpr_edge.capture.live import LatestFrameCapture, live_frames
from lpr_edge.capture.open_source import open_camera, open_source
from lpr_edge.capture.opencv_capture import Stream
from lpr_edge.capture.video_file import matroska_length
from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.base.errors import SourceError


def picture(value: int, size_hw: tuple[int, int] = (48, 64)) -> Image:
    image = np.full((*size_hw, 3), value, np.uint8)
    cv2.circle(image, (20, 20), 8, (255 - value, 0, value), -1)
    return image


def write_clip(path: Path, count: int, fps: float = 10.0) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), fps, (64, 48))
    for number in range(count):
        writer.write(picture(number % 256))
    writer.release()
    return path


def test_picture_is_one_frame(tmp_path: Path) -> None:
    """A picture comes as one frame, with its file's modification time."""
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), picture(7))
    os.utime(path, (1_700_000_000, 1_700_000_000))
    source = open_source(str(path))
    (frame,) = source.frames
    assert isinstance(frame, Frame)
    assert (source.kind, frame.source, frame.index, frame.age_ms) == ("stills", str(path), 0, None)
    assert frame.time == datetime.fromtimestamp(1_700_000_000, UTC)
    np.testing.assert_array_equal(frame.image_bgr, picture(7))


def test_folder_goes_by_name_and_past_broken_pictures(tmp_path: Path) -> None:
    """Pictures come by name, other files are left alone, and a broken one is told without ending the rest."""
    for name in ("b.jpg", "a.png", "d.webp"):
        cv2.imwrite(str(tmp_path / name), picture(9))
    (tmp_path / "c.jpg").write_bytes((tmp_path / "b.jpg").read_bytes()[:300])
    (tmp_path / "empty.png").touch()
    (tmp_path / "notes.txt").write_text("not a picture")
    found = list(open_source(str(tmp_path)).frames)
    assert [Path(item.source).name for item in found] == ["a.png", "b.jpg", "c.jpg", "d.webp", "empty.png"]
    broken = [item for item in found if isinstance(item, UnreadableImage)]
    assert [Path(item.source).name for item in broken] == ["c.jpg", "empty.png"]
    assert all("cut short" in item.error for item in broken)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".webp"])
def test_truncated_picture_is_told(tmp_path: Path, suffix: str) -> None:
    """A picture whose end is missing is an error, not half a picture."""
    whole = cv2.imencode(suffix, np.random.default_rng(1).integers(0, 256, (60, 80, 3), dtype=np.uint8))[1].tobytes()
    path = tmp_path / f"cut{suffix}"
    path.write_bytes(whole[: len(whole) * 3 // 4])
    (found,) = open_source(str(path)).frames
    assert isinstance(found, UnreadableImage)


def test_missing_and_empty_sources(tmp_path: Path) -> None:
    """A path that isn't there and a folder without pictures are told apart."""
    with pytest.raises(SourceError, match=r"no file or folder .*nowhere: give one that exists"):
        open_source(str(tmp_path / "nowhere"))
    with pytest.raises(SourceError, match=r"no pictures in .*: expected files that end in \.jpg"):
        open_source(str(tmp_path))


def test_clip_gives_every_frame_with_its_time(tmp_path: Path) -> None:
    """Each frame of a clip comes, its time being its place in the clip after the file's modification time."""
    path = write_clip(tmp_path / "clip.avi", 20)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    source = open_source(str(path))
    frames = [frame for frame in source.frames if isinstance(frame, Frame)]
    assert (source.kind, source.fps, len(frames)) == ("clip", 10.0, 20)
    start = datetime.fromtimestamp(1_700_000_000, UTC)
    assert [frame.index for frame in frames] == list(range(20))
    assert [frame.time for frame in frames] == [start + timedelta(milliseconds=100 * i) for i in range(20)]


def test_clip_that_is_cut_short(tmp_path: Path) -> None:
    """A clip that was cut off gives what it has, then says how much is missing."""
    path = write_clip(tmp_path / "clip.avi", 40)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    read: list[object] = []
    with pytest.raises(SourceError, match=r"clip\.avi ends after \d+ of 40 frames: it is cut short or damaged"):
        read.extend(open_source(str(path)).frames)
    assert 5 < len(read) < 35


def write_gap(path: Path, codec: str) -> Path:
    """Twenty frames at ten a second, with five seconds of nothing in their middle."""
    whole = path.with_stem("whole")
    writer = cv2.VideoWriter(str(whole), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*codec), 10.0, (64, 48))
    for number in range(20):
        writer.write(picture(number))
    writer.release()
    packets = cv2.VideoCapture(str(whole), cv2.CAP_FFMPEG, [cv2.CAP_PROP_FORMAT, -1])
    code = cv2.VideoWriter.fourcc(*codec)
    gapped = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, code, 10.0, (64, 48), [cv2.VIDEOWRITER_PROP_RAW_VIDEO, 1])
    for number in range(20):
        _, packet = packets.read()
        gapped.set(cv2.VIDEOWRITER_PROP_PTS, number if number < 10 else number + 50)
        gapped.set(cv2.VIDEOWRITER_PROP_KEY_FLAG, packets.get(cv2.CAP_PROP_LRF_HAS_KEY_FRAME))
        gapped.write(packet)
    gapped.release()
    packets.release()
    return path


@pytest.mark.parametrize(("suffix", "codec"), [(".webm", "VP80"), (".mkv", "VP80")])
def test_a_whole_recording_with_a_gap_is_whole(tmp_path: Path, suffix: str, codec: str) -> None:
    """A variable rate is no damage: every frame comes with its own time, and the end is no error."""
    path = write_gap(tmp_path / f"gap{suffix}", codec)
    frames = [frame for frame in open_source(str(path)).frames if isinstance(frame, Frame)]
    assert len(frames) == 20
    assert frames[10].time - frames[9].time == timedelta(seconds=5.1)


def test_a_transport_stream_with_a_gap_is_whole(tmp_path: Path) -> None:
    """Where a container counts no frames, OpenCV gives time by rate: a clip that reaches its time is whole."""
    path = tmp_path / "gap.ts"
    path.touch()
    assert not video_file._is_cut_short(path, 20, 70, 70.0)
    assert video_file._is_cut_short(path, 20, 70, 20.0)


@pytest.mark.parametrize("suffix", [".webm", ".mkv"])
def test_a_matroska_file_that_is_cut_short(tmp_path: Path, suffix: str) -> None:
    """Such a file says how many bytes it has, so that one that lacks some is told from one with a gap."""
    path = write_gap(tmp_path / f"gap{suffix}", "VP80")
    path.write_bytes(path.read_bytes()[:-300])
    with pytest.raises(SourceError, match="it is cut short or damaged"):
        list(open_source(str(path)).frames)


@pytest.mark.parametrize("data", [b"", b"\0", b"\x1a\x45", b"\x1a\x45\xdf\xa3", b"\x1a\x45\xdf\xa3\x80", b"RIFF1234"])
def test_what_has_no_matroska_length(tmp_path: Path, data: bytes) -> None:
    """Another kind of file, or one that ends within its head, gives no length."""
    path = tmp_path / "x.mkv"
    path.write_bytes(data)
    assert matroska_length(path) is None


class Snapshots(QuietHandler, BaseHTTPRequestHandler):
    """A camera that gives one picture at a time, to who has its login; each picture is another."""

    suffix = ".jpg"
    asked = 0
    most = 1_000_000

    def do_GET(self) -> None:
        if self.headers.get("Authorization") != "Basic YWRtaW46YS9i":  # admin:a/b
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="camera"')
            self.end_headers()
            return
        if self.asked == self.most:
            self.send_error(503)
            return
        type(self).asked += 1
        data = cv2.imencode(self.suffix, picture(self.asked % 200))[1].tobytes()
        self.send_response(200)
        self.send_header("Content-Type", "image/jpeg")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".webp"])
def test_a_snapshot_url_is_asked_again_and_again(suffix: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A URL that gives one picture is a live source: each picture is a new one, and its login is sent."""
    handler = type("Handler", (Snapshots,), {"suffix": suffix})
    with running(handler) as url:
        source = open_source(url.replace("//", "//admin:a/b@") + "/snapshot")
        frames = list(islice((frame for frame in source.frames if isinstance(frame, Frame)), 3))
        source.close()
    assert source.kind == "live"
    assert "a/b" not in source.name
    assert [frame.index for frame in frames] == [0, 1, 2]
    assert len({frame.image_bgr.tobytes() for frame in frames}) == 3
    assert "ended" not in capsys.readouterr().err


def test_a_snapshot_url_that_goes_is_looked_for() -> None:
    """A camera that gives no picture any more is a lost source like any other."""
    handler = type("Handler", (Snapshots,), {"most": 3})
    with running(handler) as url:
        source = open_source(url.replace("//", "//admin:a/b@") + "/snapshot.jpg", give_up_s=0.1)
        with pytest.raises(SourceError, match=r"http://127\.0\.0\.1:\d+/snapshot\.jpg ended after \d+ frames"):
            list(source.frames)


def test_file_that_is_no_video(tmp_path: Path) -> None:
    """A file of some other kind is refused when it is opened."""
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"not a video" * 100)
    with pytest.raises(SourceError, match="neither a picture nor a video that OpenCV can read"):
        open_source(str(path))


@pytest.fixture
def devices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in the place of /dev."""
    folder = tmp_path / "dev"
    folder.mkdir()
    monkeypatch.setattr(camera, "DEVICES", folder)
    return folder


def test_no_camera(devices: Path) -> None:
    """A number without a camera names those that there are."""
    with pytest.raises(SourceError, match=r"no camera 0 \(.*video0 is missing\): found no camera at all; plug one in"):
        open_camera(0)
    (devices / "video2").touch()
    with pytest.raises(SourceError, match="found 2; take one of them"):
        open_camera(0)


def test_busy_camera_names_who_uses_it(devices: Path) -> None:
    """A camera that another program holds is told from one that gives no pictures, and the program is named."""
    device = devices / "video0"
    device.touch()
    code = f"file = open({str(device)!r}); print('open', flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        message = camera.explain(0)
        other.communicate(b"\n")
    assert "camera 0 is busy: python" in message
    assert f"(process {other.pid}) uses {device}" in message
    assert "gives no picture that OpenCV can read" in camera.explain(0)


def test_camera_that_gives_nothing_is_explained(devices: Path) -> None:
    """A device that isn't a camera, or a raw sensor, gives one line with what to try."""
    (devices / "video63").touch()
    with pytest.raises(SourceError, match="camera 63 gives no picture that OpenCV can read: try the next number"):
        open_camera(63)


class FakeCapture:
    """Gives numbered frames, each when it is allowed to."""

    def __init__(self, count: int) -> None:
        self.left = count
        self.given = 0
        self.allowed = threading.Semaphore(0)
        self.released = threading.Event()

    def read(self) -> tuple[bool, Image | None]:
        self.allowed.acquire()
        time.sleep(0.001)  # as a camera takes its time, outside any lock
        if self.given == self.left:
            return False, None
        self.given += 1
        return True, np.full((2, 2, 3), self.given, np.uint8)

    def release(self) -> None:
        self.released.set()


def wait_until(condition: object, seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:  # type: ignore[operator]
        time.sleep(0.001)


def test_slow_reader_gets_the_newest_frame() -> None:
    """Frames that came while nobody asked are dropped and counted: what is handed out is the newest."""
    capture = FakeCapture(5)
    newest = LatestFrameCapture(capture)
    capture.allowed.release(3)
    wait_until(lambda: newest.count == 3)
    taken = newest.take(1.0)
    assert taken is not None
    image, index, _ = taken
    assert (int(image[0, 0, 0]), index) == (3, 2)
    capture.allowed.release()
    again = newest.take(1.0)
    assert again is not None
    assert again[1] == 3
    capture.allowed.release()
    newest.close()
    assert capture.released.is_set()


def test_live_frames_tell_their_age_and_end() -> None:
    """Each live frame says how old it is; when the camera ends, that is one line with what to do."""
    capture = FakeCapture(1)
    capture.allowed.release(1)
    frames = live_frames(capture, "camera 0", "check its cable")
    frame = next(frames)
    assert isinstance(frame, Frame)
    assert frame.age_ms is not None
    assert frame.age_ms >= 0
    assert abs((datetime.now(UTC) - frame.time).total_seconds()) < 60
    capture.allowed.release(1)
    with pytest.raises(SourceError, match="camera 0 ended after 1 frames: check its cable"):
        next(frames)
    assert capture.released.is_set()


def test_frozen_camera_is_noticed() -> None:
    """A camera that stays open and gives nothing more is an error, not a wait for ever."""
    capture = FakeCapture(9)
    frames = live_frames(capture, "camera 0", "check its cable", patience_s=0.05)
    threading.Timer(0.3, capture.allowed.release, [9]).start()
    with pytest.raises(SourceError, match=r"camera 0 gave nothing for 0\.05 s after 0 frames"):
        next(frames)


def test_stopping_early_lets_the_camera_go() -> None:
    """Closing the frames stops the thread and releases the device."""
    capture = FakeCapture(10_000)
    capture.allowed.release(10_000)
    frames = live_frames(capture, "camera 0", "")
    next(frames)
    frames.close()
    assert capture.released.is_set()
    assert "lpr-capture" not in [thread.name for thread in threading.enumerate()]


def test_http_stream_that_ends() -> None:
    """A motion JPEG stream gives frames as they come, and its end is told with its address, without the login."""
    serve, kind = motion_jpeg([picture(i) for i in range(30)])
    with serving(only_once(serve), kind) as url:
        source = open_source(url.replace("http://", "http://user:secret@"), give_up_s=0.1)
        read: list[object] = []
        with pytest.raises(SourceError, match=r"http://127\.0\.0\.1:\d+/stream ended after \d+ frames: check the cam"):
            read.extend(source.frames)
    assert source.kind == "live"
    assert read
    assert "secret" not in source.name


def test_video_file_behind_a_url_is_read_whole(tmp_path: Path) -> None:
    """A clip on a web server is a clip: every frame, and no error at its end."""
    data = write_clip(tmp_path / "clip.avi", 12).read_bytes()
    with serving(lambda body: body.write(data), "video/x-msvideo", len(data)) as url:
        source = open_source(url)
        frames = list(source.frames)
    assert (source.kind, len(frames)) == ("clip", 12)


def test_stream_that_hangs_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """A frame that comes out of the decoder after a time-out is as old as that, and is taken for the end."""
    times = iter([0.0, 0.1, 0.1, 5.1])
    monkeypatch.setattr(opencv_capture, "monotonic", lambda: next(times))
    camera = FakeCapture(2)
    camera.allowed.release(2)
    stream = Stream(camera)  # type: ignore[arg-type]  # as much of OpenCV's capture as is used
    assert [stream.read()[0], stream.read()[0]] == [True, False]
    stream.release()
    assert camera.released.is_set()


def test_stream_that_does_not_answer() -> None:
    """An address where nobody listens is told within the time-out, without the login."""
    with pytest.raises(SourceError, match=r"no stream at rtsp://127.0.0.1:1/x .*check the address") as caught:
        open_source("rtsp://user:secret@127.0.0.1:1/x")
    assert "secret" not in str(caught.value)

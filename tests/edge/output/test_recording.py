import errno
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest

from lpr_edge.output.fragmented_mp4 import FragmentedMp4
from lpr_edge.output.recording import VideoFile

START = datetime(2026, 3, 1, tzinfo=UTC)
RECORD = """
import os, signal, sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
import numpy as np
from lpr_edge.output.recording import VideoFile
video = VideoFile(Path(sys.argv[1]), 10.0)
noise = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
for number in range(400):
    video.write(np.roll(noise, number, 1), datetime(2026, 3, 1, tzinfo=UTC) + timedelta(seconds=number / 10))
os.kill(os.getpid(), signal.SIGKILL)
"""


def record(path: Path, count: int, brightness: int = 0) -> None:
    """Write a clip of so many grey frames, ten a second, each a little brighter."""
    video = VideoFile(path, 10.0)
    for number in range(count):
        grey = np.full((48, 64, 3), brightness + number, np.uint8)
        video.write(grey, START + timedelta(seconds=number / 10))
    video.close()


def frames_of(path: Path) -> list[tuple[float, float]]:
    """Each frame's time in seconds and its brightness."""
    capture, found = cv2.VideoCapture(str(path)), []
    while (read := capture.read())[0]:
        found.append((capture.get(cv2.CAP_PROP_POS_MSEC) / 1000, float(read[1].mean())))
    capture.release()
    return found


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi"])
def test_a_recording_survives_a_killed_process(tmp_path: Path, suffix: str) -> None:
    """What was recorded before kill -9 can be played, but for its last ten seconds at most."""
    path = tmp_path / f"gate{suffix}"
    done = subprocess.run([sys.executable, "-c", RECORD, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(frames_of(path)) >= 300


def test_fragments_follow_one_another(tmp_path: Path) -> None:
    """A recording of several fragments plays as one: every frame, in order, at its time; nothing else is left over."""
    path = tmp_path / "gate.mp4"
    record(path, 95)
    found = frames_of(path)
    assert [round(time, 3) for time, _ in found] == [number / 10 for number in range(95)]
    assert max(abs(brightness - number) for number, (_, brightness) in enumerate(found)) < 6
    assert [item.name for item in tmp_path.iterdir()] == ["gate.mp4"]


@pytest.mark.parametrize("suffix", [".mp4", ".avi"])
def test_a_recording_that_is_there_is_set_aside(
    tmp_path: Path, suffix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A service that restarts, or reads new settings, overwrites no recording; each goes by the time of its end."""
    path = tmp_path / f"gate{suffix}"
    for count in (5, 7, 9):
        record(path, count)
        os.utime(path, (1_700_000_000, 1_700_000_000))
    lengths = {item.name: len(frames_of(item)) for item in tmp_path.iterdir()}
    stem = "gate-20231114T221320Z"
    assert lengths == {f"gate{suffix}": 9, f"{stem}{suffix}": 5, f"{stem}-2{suffix}": 7}
    assert f"was there already: it is {tmp_path / stem}{suffix} now" in capsys.readouterr().err


def test_a_full_disk_takes_its_fragments_and_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What can't be written is told once, and neither ends the run nor spoils what comes before and after."""
    append, calls = FragmentedMp4._append, iter(range(10))

    def fail_twice(self: FragmentedMp4, data: bytes) -> None:
        if next(calls) in (1, 2):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        append(self, data)

    monkeypatch.setattr(FragmentedMp4, "_append", fail_twice)
    record(tmp_path / "gate.mp4", 160)
    brightness = [round(value) for _, value in frames_of(tmp_path / "gate.mp4")]
    assert len(brightness) == 80
    assert max(abs(a - b) for a, b in zip(brightness, [*range(40), *range(120, 160)], strict=True)) < 6
    err = capsys.readouterr().err
    assert err.count("are lost (No space left on device): is the disk full") == 1

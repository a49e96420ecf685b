"""Who may read what a run keeps, and what a power cut leaves of it."""

import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from tests.support.deliveries import record
from tests.support.faults import Tally

from lpr_edge.base.private_files import make_private_folder
from lpr_edge.delivery.outbox import Outbox
from lpr_edge.delivery.sink import StoredEvent, Target
from lpr_edge.delivery.sinks.log_files import JsonFile, Table
from lpr_edge.delivery.sinks.snapshots import Snapshots
from lpr_edge.output.recording import ImageFolder, VideoFile
from lpr_edge.privacy.key import load_key

PICTURES = {"frame": b"jpeg", "plate": b"jpeg"}


@pytest.fixture
def open_umask() -> Iterator[None]:
    """A umask that closes nothing."""
    before = os.umask(0)
    yield
    os.umask(before)


def test_what_a_run_keeps_is_its_owners_alone(tmp_path: Path, open_umask: None) -> None:
    """Store, logs, snapshots, key, saved pictures and clips are 0600 and their folders 0700, whatever the umask."""
    sinks: list[Target] = [
        JsonFile(tmp_path / "lines" / "plates.jsonl", 150),
        Table(tmp_path / "table" / "plates.csv", 150),
        Snapshots(tmp_path / "deep" / "pictures"),
    ]
    for sink in sinks:
        for number in range(3):
            sink.deliver(StoredEvent(number, record(number), PICTURES))
    Outbox(tmp_path / "store" / "outbox.db", []).close()
    load_key(tmp_path / "key" / "hash.key")
    image = np.zeros((32, 32, 3), np.uint8)
    ImageFolder(tmp_path / "drawn", "clip.mp4").write(image, "a.jpg")
    make_private_folder(tmp_path / "clip")
    clip = VideoFile(tmp_path / "clip" / "a.avi", 10)
    clip.write(image, datetime(2026, 3, 1, tzinfo=UTC))
    clip.close()
    found = {stat.filemode(path.stat().st_mode) for path in tmp_path.rglob("*")}
    assert len(list(tmp_path.rglob("*"))) >= 20
    assert found == {"drwx------", "-rw-------"}


def test_a_folder_that_is_there_keeps_its_permissions(tmp_path: Path) -> None:
    """Who shares a folder on purpose goes on doing so."""
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared").chmod(0o755)
    make_private_folder(tmp_path / "shared" / "mine")
    assert stat.S_IMODE((tmp_path / "shared").stat().st_mode) == 0o755
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError):
        make_private_folder(tmp_path / "file")


class Disk:
    """Notes which files and folders are safe on the disk, in order: `fsync` makes them so, names by their folder's."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.steps: list[str] = []
        fsync, replace = os.fsync, os.replace

        def note_sync(handle: int) -> None:
            name = Path(f"/proc/self/fd/{handle}").readlink()
            self.steps.append(f"sync {'folder' if name.is_dir() else name.suffix}")
            fsync(handle)

        def note_rename(source: str, target: str) -> None:
            self.steps.append(f"rename {Path(source).suffix} {Path(target).suffix}")
            replace(source, target)

        monkeypatch.setattr(os, "fsync", note_sync)
        monkeypatch.setattr(os, "replace", note_rename)
        monkeypatch.setattr(Path, "replace", lambda path, target: note_rename(str(path), str(target)))


@pytest.mark.faults
def test_a_file_is_safe_before_its_event_counts_as_delivered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tally: Tally
) -> None:
    """A line or picture, and its file's name, are synced before `deliver` returns, in an order that loses neither."""
    disk = Disk(monkeypatch)
    log = JsonFile(tmp_path / "plates.jsonl", 150)
    log.deliver(StoredEvent(0, record(0)))
    assert disk.steps == ["sync folder", "sync .jsonl"]
    log.deliver(StoredEvent(1, record(1)))  # is put by
    assert disk.steps[2:] == ["rename .jsonl .jsonl", "sync folder", "sync folder", "sync .jsonl"]
    disk.steps.clear()
    Snapshots(tmp_path).deliver(StoredEvent(0, record(0), {"frame": b"jpeg"}))
    assert disk.steps == ["sync .part", "rename .part .jpg", "sync folder"]
    tally("steps of a file that a power cut may come between", 9, 0)

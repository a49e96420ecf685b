"""What is deleted to keep within an age and a size, and when."""

import os
import time
import tracemalloc
from pathlib import Path

import pytest
from tests.support.deliveries import record

from lpr_edge.delivery.outbox import Outbox
from lpr_edge.delivery.retention import Pruner
from lpr_edge.delivery.sinks.snapshots import Snapshots


def test_old_events_and_files_go(tmp_path: Path) -> None:
    """What is older than `keep` is deleted, unless a sink has yet to get it."""
    box = Outbox(tmp_path / "outbox.db", ["shelf"])
    box.add(record(0))
    box.mark_delivered("shelf", 1)
    box.add(record(1))
    old, new = tmp_path / "old.jpg", tmp_path / "new.jpg"
    for path in (old, new):
        path.write_bytes(b"jpeg")
    os.utime(old, (0, 0))
    pruner = Pruner(box, [lambda: [old, new]], 3600, 0)
    pruner.close()
    assert (old.exists(), new.exists(), len(box.records())) == (False, True, 2)
    pruner.prune(time.time() + 7200)
    assert (new.exists(), box.records()) == (False, [record(1)])
    box.close()


def test_the_quota_deletes_the_oldest_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Past the quota the oldest file or event goes first, until all fits; what a sink never had is told."""
    box = Outbox(tmp_path / "outbox.db", ["shelf"])
    pictures = [tmp_path / f"{number}.jpg" for number in range(10)]
    for number, path in enumerate(pictures):
        path.write_bytes(b"x" * 100_000)
        os.utime(path, (1000 + number,) * 2)
    pruner = Pruner(box, [lambda: [path for path in pictures if path.exists()]], 0, 0)
    pruner.close()
    pruner._closing.clear()
    pruner._quota_bytes = box.size() + 300_000
    pruner.prune()
    assert [path.exists() for path in pictures] == [False] * 7 + [True] * 3
    for number in range(250):
        box.add(record(number) | {"text": "x" * 5000})
    for path in pictures:
        path.unlink(missing_ok=True)
    pruner.prune()
    assert box.size() <= pruner._quota_bytes
    assert box.records()[-1]["id"] == record(249)["id"]
    assert "events were deleted before every sink had them" in capsys.readouterr().err
    box.close()


def test_pruning_holds_no_list_of_what_is_kept(tmp_path: Path) -> None:
    """A look at 4,000 pictures, and room made among them, take a third of a megabyte; a list of all took three."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    box = Outbox(tmp_path / "outbox.db", [])
    pruner = Pruner(box, [Snapshots(folder).pictures], 3600, 0)
    pruner.close()
    for number in range(4000):
        (folder / f"20260301T060000000-{number}.jpg").write_bytes(b"x")
    pruner._closing.clear()
    pruner._quota_bytes = box.size() + 2500
    tracemalloc.start()
    pruner.prune()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    box.close()
    assert len(list(folder.iterdir())) == 2500
    assert most < 500_000

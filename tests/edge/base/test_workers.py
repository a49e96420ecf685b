import json
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.edge.app.test_edge_cli import Run, models, run, write_clip
from tests.edge.watchlist.test_matching import match, noted, noting, program
from tests.edge.watchlist.test_watch_list import GRAMMAR, LIST
from tests.support.deliveries import Shelf, record, wait_until
from tests.support.pages import get, page, show

from lpr_edge.base.workers import FAULTS, reporting_faults
from lpr_edge.capture.live import LatestFrameCapture
from lpr_edge.capture.reconnect import Opening
from lpr_edge.delivery.delivery_worker import DeliveryWorker
from lpr_edge.delivery.heartbeat import Heartbeat
from lpr_edge.delivery.outbox import Outbox
from lpr_edge.delivery.retention import Retention
from lpr_edge.service.runtime_stats import RuntimeStats
from lpr_edge.watchlist.auto_reload import ReloadingWatchList
from lpr_edge.watchlist.run_command import CommandAction
from lpr_edge.watchlist.watch_list import read_list

__all__ = ["models", "run"]


@pytest.fixture(autouse=True)
def no_faults() -> Iterator[None]:
    """Each test begins without faults, and leaves none."""
    FAULTS.reset()
    yield
    FAULTS.reset()


class Once:
    """A function that fails the first time in a way that nobody foresaw."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.calls = 0

    def __call__(self, *args: Any, **options: Any) -> Any:
        self.calls += 1
        if self.calls == 1:
            raise RuntimeError("nobody foresaw this")
        return self.inner(*args, **options)


def test_a_name_with_a_nul_byte_is_passed_without_it(tmp_path: Path) -> None:
    """A NUL byte or a lone surrogate in a name reaches the program as what a system can pass."""
    action = CommandAction(program(noting(tmp_path / "note")), 10)
    action.start(match(name="R\0am\udcff"))
    action.start(match(number=2, name="Sita"))
    wait_until(lambda: len(noted(tmp_path / "note")) == 2)
    action.close()
    assert [arguments[2] for arguments, _ in noted(tmp_path / "note")] == ["Ram?", "Sita"]
    assert (FAULTS.count, noted(tmp_path / "note")[0][1]["MATCH_NAME"]) == (0, "Ram?")


def test_a_fault_of_an_action_is_told_and_the_next_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An exception that nobody foresaw is one line; the gate still opens for the next vehicle, and then all is well."""
    monkeypatch.setattr("lpr_edge.watchlist.run_command.subprocess.Popen", Once(subprocess.Popen))
    action = CommandAction(program(noting(tmp_path / "note")), 10)
    action.start(match())
    wait_until(lambda: bool(FAULTS.current))
    assert FAULTS.current == {"on_match": "RuntimeError: nobody foresaw this"}
    assert "on_match failed (RuntimeError: nobody foresaw this): it goes on" in capsys.readouterr().err
    action.start(match(number=2))
    wait_until(lambda: bool(noted(tmp_path / "note")) and not FAULTS.current)
    action.close()
    assert FAULTS.count == 1


def test_the_list_is_read_again_after_a_fault(tmp_path: Path) -> None:
    """A fault while the list is read leaves the one before in force, and the next change is still seen."""
    path = tmp_path / "gate.csv"
    path.write_text(LIST)
    watched = ReloadingWatchList(path, lambda: read_list(path, GRAMMAR), check_every_s=0.02)
    failing = watched._read = Once(watched._read)
    path.write_text(f"{LIST}BA1CHA2,Sita,open\n")
    wait_until(lambda: "list" in FAULTS.current)
    assert (failing.calls, watched.current.count) == (1, 1)
    path.write_text(f"{LIST}BA1CHA2,Sita,open\nBA1CHA3,Hari,open\n")
    wait_until(lambda: watched.current.count == 3)
    wait_until(lambda: not FAULTS.current)
    watched.close()


def test_the_heartbeat_goes_on_after_a_fault() -> None:
    """Metrics that couldn't be taken once are told the next time."""
    told: list[Any] = []
    heartbeat = Heartbeat(Once(lambda: {"fps": 1}), told.append, 0.01)
    wait_until(lambda: bool(told))
    heartbeat.close()
    assert (told[0], FAULTS.count) == ({"fps": 1}, 1)


def test_retention_goes_on_after_a_fault(tmp_path: Path) -> None:
    """A fault in one look at the disk doesn't stop the looks after it."""
    box = Outbox(tmp_path / "a.db", [])
    listing = Once(list)
    retention = Retention(box, [listing], 1.0, 0, 0.01)
    wait_until(lambda: listing.calls > 2)
    retention.close()
    box.close()
    assert FAULTS.count == 1


def test_a_sink_with_a_fault_gets_its_event_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault in a sink is noted, the event stays and arrives at the next try."""
    box = Outbox(tmp_path / "a.db", ["shelf"])
    shelf = Shelf()
    monkeypatch.setattr(shelf, "deliver", Once(shelf.deliver))
    worker = DeliveryWorker(shelf, box, 0.01)
    box.add(record(1))
    worker.wake()
    wait_until(lambda: bool(shelf.got))
    wait_until(lambda: not FAULTS.current)
    worker.start_closing(1)
    worker.close()
    box.close()
    assert (shelf.got, FAULTS.count) == ([record(1)], 1)


def test_a_camera_driver_with_a_fault_ends_as_one_that_is_lost() -> None:
    """An exception in a driver ends the capture, which is then opened again, and doesn't leave the reader waiting."""

    class Capture:
        released = False

        def read(self) -> Any:
            raise RuntimeError("driver")

        def release(self) -> None:
            self.released = True

    capture = Capture()
    newest = LatestFrameCapture(capture)
    assert (newest.take(20.0), newest.ended, capture.released) == (None, True, True)
    opening = Opening(capture.read)
    assert opening.wait(20.0)
    assert opening.take() is None
    assert set(FAULTS.current) == {"capture", "opening the source"}


def test_a_thread_that_ends_by_an_exception_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Of threads that others made, too, the end is one line and a fault; afterwards the hook is as it was."""
    before = threading.excepthook
    with reporting_faults():
        thread = threading.Thread(target=Once(None), name="paho")
        thread.start()
        thread.join()
        assert FAULTS.current == {"paho": "RuntimeError: nobody foresaw this"}
    err = capsys.readouterr().err
    assert err.startswith("lpr-edge: paho failed (RuntimeError: nobody foresaw this): its thread has ended")
    assert (len(err.splitlines()), threading.excepthook) == (1, before)


def test_health_tells_of_faults() -> None:
    """`/health` is 503 and says what failed until that works again, though frames come."""
    stats = RuntimeStats()
    with page(stats=stats, health_after_s=60.0) as live:
        show(live, stats)
        FAULTS.report("on_match", RuntimeError("x"), "it goes on")
        status, _, body = get(live, "/health")
        assert (status, json.loads(body)["faults"]) == (503, {"on_match": "RuntimeError: x"})
        FAULTS.clear("on_match")
        assert get(live, "/health")[0] == 200


def test_the_exit_status_tells_of_faults(
    run: Run, models: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run in which a gate's program failed by a fault of lpr's own ends with 1, its records all the same."""
    monkeypatch.setattr("lpr_edge.watchlist.run_command.CLOSE_S", 20.0)
    monkeypatch.setattr("lpr_edge.watchlist.run_command.subprocess.Popen", Once(None))
    clip = write_clip(tmp_path / "clip.avi", ("A104",))
    (tmp_path / "gate.csv").write_text("plate,name,action\nA 104,Ram,open\n")
    status, records, err = run(
        "--source", str(clip), *models, "--list", str(tmp_path / "gate.csv"), "--on-match", "true"
    )
    assert (status, [event["text"] for event in records]) == (1, ["A104"])
    assert "on_match failed (RuntimeError: nobody foresaw this)" in err

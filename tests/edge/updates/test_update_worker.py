"""The thread that looks for updates and watches a release on probation."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.urls import models_url

from lpr_edge.updates import confidence_watch
from lpr_edge.updates.confidence_watch import ConfidenceWatch
from lpr_edge.updates.release import UpdateError
from lpr_edge.updates.slots import Slots, Trial
from lpr_edge.updates.update import UpdateSource
from lpr_edge.updates.update_worker import UpdateWorker
from lpr_edge.vision.plates import FrameResult
from lpr_edge.web.prometheus import _of_update

SOURCE = UpdateSource(models_url("http://127.0.0.1:1"), Path("root.json"), "gate-1")


def on_probation(folder: Path) -> Slots:
    """Slots whose release 2 is on probation; before it ran release 1."""
    slots = Slots(folder)
    for name, release in (("a", 1), ("b", 2)):
        (folder / name).mkdir()
        (folder / name / "release.json").write_text(f'{{"release": {release}}}')
    slots.change(
        lambda state: replace(
            state, active="b", release=2, channel="stable", previous="a", previous_release=1, trial=Trial(starts=1)
        )
    )
    return slots


@contextmanager
def working(slots: Slots, update: Callable[[UpdateSource, Slots], bool], held: bool = True) -> Iterator[UpdateWorker]:
    worker = UpdateWorker(SOURCE, slots, 3600.0, lambda: held, update, tick_s=0.01, first_s=0.01)
    try:
        yield worker
    finally:
        worker.close()


def wait_for(happened: Callable[[], bool]) -> None:
    """Wait until something has happened, which must be within ten seconds."""
    end = time.monotonic() + 10
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.005)


def nothing_new(_: UpdateSource, slots: Slots) -> bool:
    slots.record_result("nothing new", False, time.time())
    return False


def test_new_models_restart_the_run(tmp_path: Path) -> None:
    """When an update has switched the slots, the run is asked once to begin again; the next check waits its time."""
    asked: list[str] = []

    def switch(source: UpdateSource, slots: Slots) -> bool:
        asked.append(source.device)
        slots.change(lambda state: replace(state, active="a", release=1, checked=time.time()))
        return True

    with working(Slots(tmp_path), switch) as worker:
        wait_for(worker.takes_restart)
        time.sleep(0.05)
        assert not worker.takes_restart()
    assert asked == ["gate-1"]


def test_lower_confidence_reverts(tmp_path: Path) -> None:
    """A release whose share of confident readings falls on probation is left, refused, and the run begins again."""
    slots = on_probation(tmp_path)
    before = ConfidenceWatch(tmp_path, 1)
    before.add(95, 100)
    before.save(1.0, ())
    with working(slots, nothing_new) as worker:
        worker.add(FrameResult((), 1.0, 1.0))
        worker._watch.add(50, 100)
        wait_for(worker.takes_restart)
    assert (slots.state.active, slots.state.release, slots.state.trial) == ("a", 1, None)
    assert slots.state.refused == {"2": "50 % of its readings are confident, and 95 % were before"}


def test_equal_confidence_is_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After its hour a release that reads as well as the one before is accepted; status and metrics say so."""
    monkeypatch.setattr(confidence_watch, "PROBATION_S", 0.0)
    slots = on_probation(tmp_path)
    before = ConfidenceWatch(tmp_path, 1)
    before.add(95, 100)
    before.save(1.0, ())
    with working(slots, nothing_new) as worker:
        worker._watch.add(94, 100)
        wait_for(lambda: slots.state.trial is None)
        assert not worker.takes_restart()
        status = worker.status()
    assert (status["release"], status["slot"], status["on_probation"], status["failed"]) == (2, "b", False, False)
    assert 'lpr_model_release{slot="b",channel="stable"} 2' in list(_of_update(status))


def test_failed_check_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A repository that can't be reached is one line; without the time nobody asks it."""

    def fail(_: UpdateSource, slots: Slots) -> bool:
        slots.record_result("gone", True, time.time())
        raise UpdateError("the repository can't be reached: gone")

    with working(Slots(tmp_path / "held"), fail) as worker:
        wait_for(lambda: bool(worker.status()["failed"]))
    assert "model updates: the repository can't be reached: gone" in capsys.readouterr().err
    with working(Slots(tmp_path / "unheld"), fail, held=False) as worker:
        time.sleep(0.05)
        assert worker.status()["checked"] is None


def test_first_frame_ends_the_count_of_starts(tmp_path: Path) -> None:
    """A release that has read a frame is no longer left for its number of starts."""
    slots = on_probation(tmp_path)
    with working(slots, nothing_new) as worker:
        worker.add(FrameResult((), 1.0, 1.0))
    for _ in range(5):
        slots.note_opening()
    assert slots.state.active == "b"
    assert slots.state.trial == Trial(starts=1, has_started=True)

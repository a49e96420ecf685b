import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Condition
from typing import Any

import numpy as np
import pytest
from tests.support.cameras import ArrayCamera, live, street

from lpr_edge.base.workers import FAULTS
from lpr_edge.cameras.feed import CameraFeed
from lpr_edge.cameras.newest import NewestItem, SourceEnd
from lpr_edge.cameras.turns import FairTurns
from lpr_edge.capture.frame import Frame, NoFrame, Source
from lpr_edge.contract.base.errors import SourceError

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def turns_of(**opens: Callable[[], Source]) -> FairTurns:
    changed = Condition()
    return FairTurns([CameraFeed(name, open_it, changed, 0.3) for name, open_it in opens.items()], changed)


def clip(count: int, name: str = "clip") -> Source:
    frames = (Frame(street(1), name, index, NOW + timedelta(seconds=index)) for index in range(count))
    return Source(name, "clip", 25.0, (frame for frame in frames))


def taken(turns: FairTurns, seconds: float, pause_s: float = 0.0) -> list[tuple[str, Any]]:
    """What comes for so long, with a reader that needs a pause for each frame."""
    found, end = [], time.monotonic() + seconds
    try:
        for turn in turns.items():
            found += [turn] if turn else []
            if time.monotonic() >= end:
                break
            if turn and isinstance(turn[1], Frame):
                time.sleep(pause_s)
    finally:
        turns.close()
    return found


def frames_by_camera(found: list[tuple[str, Any]]) -> Counter[str]:
    return Counter(name for name, item in found if isinstance(item, Frame))


def test_a_slow_reader_serves_all_cameras_alike_and_the_newest_frame() -> None:
    """Whatever their rates, cameras with a new frame take turns, and what is read is a moment old."""
    rates = {"a": 100.0, "b": 100.0, "c": 40.0}
    turns = turns_of(**{name: lambda fps=fps: live(ArrayCamera(street(1), fps)) for name, fps in rates.items()})
    found = taken(turns, 1.5, pause_s=0.02)
    counts = frames_by_camera(found)
    assert min(counts.values()) >= 0.7 * max(counts.values())
    ages = sorted(item.age_ms or 0.0 for _, item in found if isinstance(item, Frame))
    assert ages[len(ages) // 2] < 100


def test_every_frame_of_a_clip_is_read_in_order() -> None:
    """A clip among cameras waits for its turns; its end comes once, and all end when each has ended."""
    found = taken(turns_of(a=lambda: clip(5), b=lambda: clip(3)), 5.0)
    order = [item.index for name, item in found if name == "a" and isinstance(item, Frame)]
    assert order == [0, 1, 2, 3, 4]
    assert sorted(name for name, item in found if isinstance(item, SourceEnd)) == ["a", "b"]


@pytest.mark.parametrize("fault", ["missing", "raises", "dies", "hangs", "garbage", "wrong shape"])
def test_a_camera_that_fails_disturbs_no_other(fault: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Missing, dead, hanging or sending garbage: the other camera's frames come, and a line names the faulty one."""
    camera = ArrayCamera(street(2), count=2)

    def open_faulty() -> Source:
        if fault == "missing":
            raise SourceError("no camera 7")
        if fault == "raises":
            raise RuntimeError("driver")
        if fault == "hangs":
            return live(ArrayCamera(street(2), count=2, at_end=lambda: time.sleep(0.6)), patience_s=0.1)
        garbage = np.zeros((0, 3), np.float32) if fault == "garbage" else np.zeros((4, 4, 1), np.uint8)
        return live(camera if fault == "dies" else ArrayCamera(street(2), count=2, at_end=lambda: garbage))

    found = taken(turns_of(bad=open_faulty, good=lambda: live(ArrayCamera(street(1), 50.0))), 1.0)
    FAULTS.reset()
    assert frames_by_camera(found)["good"] > 20
    assert "lpr-edge: bad: " in capsys.readouterr().err


def test_a_camera_that_is_missing_at_first_comes_when_it_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    """It is tried again by itself; one line says that it is missing, one that it is there."""
    tries = iter(range(100))

    def open_late() -> Source:
        if next(tries) < 1:
            raise SourceError("no camera 7")
        return live(ArrayCamera(street(2)))

    changed = Condition()
    found = taken(FairTurns([CameraFeed("late", open_late, changed)], changed), 0.8)
    err = capsys.readouterr().err
    assert frames_by_camera(found)["late"] > 5
    assert "lpr-edge: late: no camera 7; it is tried again" in err
    assert "lpr-edge: late: is there after" in err


def test_cameras_are_let_go() -> None:
    """Closing ends the threads and releases each device."""
    cameras = [ArrayCamera(street(1)) for _ in range(3)]
    turns = turns_of(**{f"c{number}": lambda camera=camera: live(camera) for number, camera in enumerate(cameras)})
    taken(turns, 0.3)
    assert all(camera.released.wait(2.0) for camera in cameras)


def test_a_clock_that_is_set_twice_is_told_once_with_both() -> None:
    """What the clock was set by adds up while nobody takes it, and a frame of the time before is dropped."""
    changed = Condition()
    newest = NewestItem(changed)
    newest.put(Frame(street(1), "a", 0, NOW), waits=False)
    for seconds in (5, 7):
        newest.put(NoFrame("a", NOW, timedelta(seconds=seconds)), waits=False)
    newest.put(Frame(street(1), "a", 1, NOW), waits=False)
    with changed:
        moment, frame, nothing = newest.take(), newest.take(), newest.take()
    assert isinstance(moment, NoFrame)
    assert moment.clock_set == timedelta(seconds=12)
    assert isinstance(frame, Frame)
    assert (frame.index, nothing) == (1, None)

"""A live source that is slow, lost or frozen, and a clock that is set."""

import io
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.edge.capture.test_capture import Reel, quick, ready, still
from tests.support.deliveries import record
from tests.support.faults import Tally
from tests.support.golden import tinyland
from tests.support.readings import START, frame, new_tracker, plate

from lpr_edge.app.run.loop import Loop
from lpr_edge.base import clock
from lpr_edge.capture.frame import Frame, NoFrame, Source
from lpr_edge.capture.live import Capture, FrozenFrameDetector, ReconnectPolicy, live_frames
from lpr_edge.capture.reconnect import Opening
from lpr_edge.capture.transform import shape_frames
from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.base.errors import SourceError
from lpr_edge.delivery.enqueue import EventEnqueuer
from lpr_edge.delivery.outbox import Outbox
from lpr_edge.delivery.sinks.json_lines import JsonLines
from lpr_edge.vision.pipeline import PlatePipeline
from lpr_edge.wiring.frame_outputs import FrameOutputs

__all__ = ["quick"]

SECOND = timedelta(seconds=1)


class Stuck:
    """A camera that shows a street and then hangs in its driver."""

    def __init__(self, *images: Image) -> None:
        self.images = list(images)
        self.released = threading.Event()

    def read(self) -> tuple[bool, Any]:
        if self.images:
            return True, self.images.pop(0)
        self.released.wait(20)
        return False, None

    def release(self) -> None:
        self.released.set()


def test_vehicle_is_announced_while_the_camera_is_lost(
    quick: None, plate_reader: PlatePipeline, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A vehicle seen once before the camera went has its event while the camera is still looked for."""
    monkeypatch.setattr("lpr_edge.tracking.tracker.LEFT_AFTER", timedelta(seconds=0.05))
    told = threading.Event()

    class Paper(JsonLines):
        def write(self, *told_of: Any) -> None:
            super().write(*told_of)
            told.set()

    def never() -> Capture:
        if told.wait(0.02):
            raise KeyboardInterrupt  # ends the test: an event came before the camera did
        raise SourceError("gone")

    image = tinyland.draw_scene(("A104",), np.random.default_rng(3)).image_bgr
    again = ReconnectPolicy(never, give_up_s=10)
    loop = Loop(plate_reader, Paper(sys.stdout), FrameOutputs("live"))
    frames = live_frames(OneFrame(image), "camera 0", "", again=again)
    for item in until(told, frames):
        loop.take(item)
    frames.close()
    assert '"text": "A104"' in capsys.readouterr().out


def until(flag: threading.Event, items: Any) -> Iterator[Any]:
    end = time.monotonic() + 10
    while not flag.is_set():
        assert time.monotonic() < end, "waited in vain"
        yield next(items)


class OneFrame:
    """A camera that is unplugged after one frame was taken."""

    def __init__(self, image: Image) -> None:
        self.image: Image | None = image

    def read(self) -> tuple[bool, Any]:
        image, self.image = self.image, None
        if image is None:
            time.sleep(0.2)  # the frame before is taken by then
        return image is not None, image

    def release(self) -> None:
        return


def test_time_passes_while_no_picture_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A camera that hangs gives a moment without a picture again and again, until it counts as frozen."""
    monkeypatch.setattr("lpr_edge.capture.live.TICK_S", 0.02)
    stuck = Stuck(np.zeros((4, 6, 3), np.uint8))
    frames = live_frames(stuck, "camera 0", "check its cable", patience_s=1)
    first, *rest = islice(frames, 4)
    assert isinstance(first, Frame)
    assert all(isinstance(item, NoFrame) and item.clock_set == timedelta() for item in rest)
    with pytest.raises(SourceError, match=r"camera 0 gave nothing for 1 s after 1 frames: check its cable"):
        list(frames)
    stuck.released.set()


def test_opening_that_hangs_can_be_left() -> None:
    """Who waits for a try that hangs in a driver gets on with other things; what it opens later is closed."""
    going, reel = threading.Event(), ready()

    def slow() -> Capture:
        going.wait(10)
        return reel

    opening = Opening(slow)
    assert not opening.wait(0.01)
    opening.leave()
    going.set()
    assert reel.released.wait(5)
    assert opening.take() is None


def test_every_counts_pictures_alone() -> None:
    """`--every 2` lets moments without a picture through, and doesn't count them."""

    def frames() -> Any:
        for item in still(np.zeros((4, 6, 3), np.uint8)):
            yield item
            yield NoFrame("camera 0", START)

    shaped = list(shape_frames(Source("camera 0", "live", 10, frames()), every=2).frames)
    assert [item.index for item in shaped if isinstance(item, Frame)] == [0, 2, 4]
    assert sum(isinstance(item, NoFrame) for item in shaped) == 6


class Repeating(Reel):
    """A camera that gives one picture for ever."""

    def read(self) -> tuple[bool, Image | None]:
        time.sleep(0.005)
        return True, np.full((40, 60, 3), 7, np.uint8)


def test_camera_that_repeats_a_picture_is_opened_again(quick: None, capsys: pytest.CaptureFixture[str]) -> None:
    """The same picture to the bit, for long, is a fault: the camera is closed and opened again, and it is said."""
    stuck, fresh = Repeating(1), ready()
    frames = live_frames(stuck, "camera 0", "", again=ReconnectPolicy(lambda: fresh), frozen_s=0.05)
    next(item for item in frames if isinstance(item, Frame) and item.image_bgr.shape == (4, 6, 3))
    frames.close()
    assert stuck.released.wait(2)
    assert "camera 0 gave one and the same picture for too long after" in capsys.readouterr().err


def test_one_changed_bit_is_a_living_camera() -> None:
    """A picture that differs in one bit anywhere is another; what stays the same is told after ever longer times."""
    frozen_frames, image = FrozenFrameDetector(10), np.zeros((40, 60, 3), np.uint8)
    other = image.copy()
    other[39, 59, 2] = 1
    assert [frozen_frames.lasts(image if second % 2 else other, second) for second in range(50)] == [False] * 50
    times = [second for second in range(50, 130) if frozen_frames.lasts(image, second)]
    assert times == [59, 79, 119]
    assert not frozen_frames.lasts(other, 130)
    assert [second for second in range(131, 150) if frozen_frames.lasts(image, second)] == [141]


def test_clip_of_a_still_is_read_to_its_end() -> None:
    """Clips may repeat a picture as long as they like: only live sources are watched for it."""
    source = Source("clip.mp4", "clip", 10, still(np.zeros((4, 6, 3), np.uint8)))
    assert sum(isinstance(item, Frame) for item in source.frames) == 6


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A wall clock that a test can set; the monotonic one goes on."""
    offset = [0.0]
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + offset[0])
    return offset


@pytest.mark.parametrize("jump_s", [-3600.0, 86400.0 * 400])
def test_times_follow_a_clock_that_is_set(wall: list[float], jump_s: float, capsys: pytest.CaptureFixture[str]) -> None:
    """Where the clock is set, one line says so, a `NoFrame` tells by how much, and frames have the new time."""
    reel = Reel(3)
    frames = live_frames(reel, "camera 0", "")
    reel.taken.release()
    before = next(item for item in frames if isinstance(item, Frame))
    wall[0] = jump_s
    reel.taken.release()
    told = next(item for item in frames if isinstance(item, NoFrame) and item.clock_set)
    after = next(item for item in frames if isinstance(item, Frame))
    reel.taken.release()
    frames.close()
    assert abs(told.clock_set.total_seconds() - jump_s) < 1
    assert abs((after.time - before.time).total_seconds() - jump_s) < 30
    assert f"the clock was set by {jump_s:+.0f} s" in capsys.readouterr().err


def test_small_corrections_are_no_jump(wall: list[float]) -> None:
    """NTP's small steps leave times running evenly."""
    ticking = clock.Clock()
    wall[0] = 1.5
    assert ticking.follow() == timedelta()
    assert ticking.now() < datetime.now(UTC) + SECOND


@pytest.mark.parametrize("jump", [-timedelta(days=1), -timedelta(hours=1), timedelta(days=400)])
@pytest.mark.faults
def test_clock_that_is_set_makes_no_second_event(jump: timedelta, tally: Tally) -> None:
    """A vehicle that stands there while the clock is set has one event, in which time runs forward; so has the next."""
    tracker = new_tracker()
    moved = 10.0 + jump.total_seconds() * 10  # frames of ten a second
    events = [event for i in range(10) for event in tracker.update(frame(i), [plate("A104")] if i > 7 else [])]
    events += tracker.wait(START + SECOND + jump, jump)
    for index in range(30):
        events += tracker.update(frame(round(moved) + index), [plate("A104")] if index < 20 else [])
    for index in range(30, 60):
        events += tracker.update(frame(round(moved) + index), [plate("L77", x=20)])
    events += tracker.flush()
    tally("clock set back or forward, events", 2, abs(2 - len(events)))
    assert [event.plate.reading.text for event in events] == ["A104", "L77"]
    assert all(event.first_seen <= event.last_seen for event in events)
    assert not tracker._gone or len(tracker._gone) <= 2


def test_a_stop_between_two_events_loses_neither(plate_reader: PlatePipeline) -> None:
    """Where a stop comes while the first of two vehicles is announced, both are announced before the end."""
    tracker = new_tracker()
    tracker.update(frame(0), [plate("A104", x=10), plate("L77", x=120)])
    told: list[str] = []

    class Interrupted(JsonLines):
        def write(self, record: dict[str, Any], event: Any = None) -> None:  # noqa: ARG002
            told.append(record["text"])
            if len(told) == 1:
                raise KeyboardInterrupt

    loop = Loop(plate_reader, Interrupted(sys.stdout), FrameOutputs("live"))
    with pytest.raises(KeyboardInterrupt):
        loop._announce(tracker.flush())
    loop._announce([])  # as the run does at its end
    assert told == ["A104", "A104", "L77"]


@pytest.mark.parametrize("jump_s", [86400.0 * 60, -86400.0 * 60])
def test_a_clock_that_is_set_makes_no_event_old(tmp_path: Path, wall: list[float], jump_s: float) -> None:
    """Events stored before the clock was set keep their age: they are neither deleted at once, nor kept for longer."""
    path = tmp_path / "log.db"
    earlier = Outbox(path, [])
    earlier.add(record(0))
    earlier.close()
    enqueuer = EventEnqueuer(Outbox(path, []), JsonLines(io.StringIO()))
    box = enqueuer.outbox
    enqueuer.write(record(1))
    wall[0] = jump_s
    enqueuer.tick()
    box.drop_before(time.time() - 86400)
    assert box.records() == ([record(1)] if jump_s > 0 else [record(0), record(1)])
    box.drop_before(time.time() + 60)
    assert box.records() == ([] if jump_s > 0 else [record(0)])
    enqueuer.close()

"""Latest-frame capture of cameras and streams: a thread grabs every frame, and the newest one is processed.

A source whose picture stands still, or which ends, is opened again.
"""

from collections.abc import Generator
from threading import Condition, Thread
from time import monotonic, sleep

import numpy as np

from lpr_edge.base.clock import Clock
from lpr_edge.base.log import log_info, warn
from lpr_edge.base.workers import surviving
from lpr_edge.capture.frame import Frame, Frames, NoFrame
from lpr_edge.capture.opencv_capture import Capture
from lpr_edge.capture.reconnect import Opening, ReconnectPolicy
from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.base.errors import SourceError

__all__ = ["Capture", "LatestFrameCapture", "ReconnectPolicy", "live_frames"]

PATIENCE_S = 10.0
"""Seconds without a frame after which a source counts as frozen; longer than a stream's own time-out."""
FROZEN_S = 10.0
"""A camera that repeats a picture to the bit for so long is frozen: a living one's noise never does."""
TICK_S = 0.5
"""Interval in seconds at which the loop runs without an image: it reports vehicles that left, and feeds a watchdog."""
FIRST_WAIT_S = 0.25
LONGEST_WAIT_S = 2.0
"""Between tries to open a lost source the wait doubles; with a try's own time, it is back within 5 s."""
CLOSE_S = 0.3
"""How long closing waits for a read that is under way; a stop must be over in 2 s, and sinks take some of it."""
LONGEST_FROZEN_S = 3600.0
"""What was still frozen after it was opened again is opened less often, down to once in so long."""
STEP = 16
"""Sampling step of the first comparison; where the samples differ, the rest isn't compared."""


class FrozenFrameDetector:
    """Detects a source whose images are identical, bit by bit, for longer than a time limit.

    What is still the same after it was opened again may be a lens cap: the limit doubles each time, up to an hour.
    """

    def __init__(self, limit_s: float) -> None:
        """Begin.

        Args:
            limit_s: maximum duration of an unchanged image, in seconds.
        """
        self._usual_s = self._limit_s = limit_s
        self._image: Image | None = None
        self._since = 0.0

    def lasts(self, image: Image, moment: float) -> bool:
        """Check the next image, grabbed at `moment` in seconds; whether it has been the same for too long."""
        if self._image is None or not is_same(self._image, image):
            self._image, self._since, self._limit_s = image, moment, self._usual_s
            return False
        if moment - self._since < self._limit_s:
            return False
        self._since, self._limit_s = moment, min(LONGEST_FROZEN_S, 2 * self._limit_s)
        return True


def is_same(a: Image, b: Image) -> bool:
    """Whether two images are identical."""
    return np.array_equal(a[::STEP, ::STEP], b[::STEP, ::STEP]) and np.array_equal(a, b)


class LatestFrameCapture:
    """Grabs frames in a thread and keeps only the newest."""

    def __init__(self, capture: Capture) -> None:
        self._capture = capture
        self._changed = Condition()
        self._image: Image | None = None
        self._grabbed_at = 0.0
        self._count = 0
        self._ended = False
        self._thread = Thread(target=self._grab, name="lpr-capture", daemon=True)
        self._thread.start()

    def take(self, timeout_s: float) -> tuple[Image, int, float] | None:
        """Wait for a new frame; returns it with its number from 0 and its `monotonic` time.

        Returns:
            None where none came in time, or the capture has ended.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._image is not None or self._ended, timeout_s)
            image, self._image = self._image, None
            return None if image is None else (image, self._count - 1, self._grabbed_at)

    @property
    def ended(self) -> bool:
        """Whether the capture has delivered its last frame."""
        return self._ended

    @property
    def count(self) -> int:
        """Number of grabbed frames."""
        return self._count

    def close(self) -> None:
        """Ask the thread to close the device: OpenCV crashes if a capture is closed during a read."""
        self._ended = True
        self._thread.join(timeout=CLOSE_S)

    def _grab(self) -> None:
        try:
            with surviving("capture"):
                self._grab_all()
        finally:
            with surviving("closing the capture"):
                self._capture.release()
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _grab_all(self) -> None:
        while not self._ended:
            there, image = self._capture.read()
            if not there or image is None:
                break
            self._keep(image)

    def _keep(self, image: Image) -> None:
        with self._changed:
            self._image, self._grabbed_at = image, monotonic()
            self._count += 1
            self._changed.notify_all()


def live_frames(
    capture: Capture,
    name: str,
    remedy: str,
    patience_s: float = PATIENCE_S,
    again: ReconnectPolicy | None = None,
    frozen_s: float = FROZEN_S,
) -> Frames:
    """Yield the newest frames of a capture until it ends, then those of the reconnected one.

    While none comes, a `NoFrame` does, twice a second. Times run with the monotonic clock; where the wall clock is set,
    they follow it, and a `NoFrame` says by how much.

    Args:
        capture: opened; it is closed here.
        name: of the source.
        remedy: what to do when it ends.
        patience_s: without a frame for so long, it counts as frozen.
        again: how to open it again; None to end with it.
        frozen_s: so does one that repeats a picture for so long.

    Raises:
        SourceError: when it ends or freezes, as live sources shouldn't, and isn't opened again.
    """
    clock, frozen_frames = Clock(), FrozenFrameDetector(frozen_s)
    count = 0
    while True:
        newest = LatestFrameCapture(capture)
        try:
            what = yield from _read_on(newest, name, count, patience_s, clock, frozen_frames)
            loss = f"{name} {what} after {count + newest.count} frames"
        finally:
            newest.close()
        count += newest.count
        following = (yield from _open_again(again, name, loss, clock)) if again else None
        if following is None:
            raise SourceError(f"{loss}: {remedy}")
        capture = following


def _read_on(
    newest: LatestFrameCapture,
    name: str,
    first: int,
    patience_s: float,
    clock: Clock,
    frozen_frames: FrozenFrameDetector,
) -> Generator[Frame | NoFrame, None, str]:
    """Yield the frames of one capture, numbered from `first`; returns why it ended."""
    received = monotonic()
    while True:
        taken = newest.take(min(TICK_S, patience_s))
        quiet = _quiet(name, clock)
        if taken is None and newest.ended:
            return "ended"
        if taken is None and monotonic() - received >= patience_s:
            return f"gave nothing for {patience_s:g} s"
        if taken is None or quiet.clock_set:
            yield quiet
        if taken is None:
            continue
        image, index, received = taken
        if frozen_frames.lasts(image, received):
            return "gave one and the same picture for too long"
        yield Frame(image, name, first + index, clock.at(received), 1000 * (monotonic() - received))


def _open_again(again: ReconnectPolicy, name: str, loss: str, clock: Clock) -> Generator[NoFrame, None, Capture | None]:
    """Reconnect until it succeeds or the time is up (None); logs the loss and the return in one line each."""
    warn(f"{loss}: it is tried again until it is back")
    start, wait_s = monotonic(), FIRST_WAIT_S
    while not again.give_up_s or monotonic() - start < again.give_up_s:
        sleep(wait_s)
        wait_s = min(LONGEST_WAIT_S, 2 * wait_s)
        yield _quiet(name, clock)
        opening = Opening(again.reopen)
        try:
            while not opening.wait(TICK_S):
                yield _quiet(name, clock)
            capture = opening.take()
        finally:
            opening.leave()
        if capture is not None:
            log_info(f"{name} is back after {monotonic() - start:.0f} s")
            return capture
    return None


def _quiet(name: str, clock: Clock) -> NoFrame:
    clock_set = clock.follow()
    if clock_set:
        warn(f"the clock was set by {clock_set.total_seconds():+.0f} s: times follow it from here on")
    return NoFrame(name, clock.now(), clock_set)

"""A camera or a stream: a thread grabs all frames, so that who asks gets the newest and no queue grows stale."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Condition, Thread
from time import monotonic, sleep
from typing import Any, Protocol

from lpr_edge.contract.arrays import Image
from lpr_edge.contract.errors import SourceError
from lpr_edge.frames.frame import Frame, Frames
from lpr_edge.messages import say

PATIENCE_S = 10.0
"""Without a frame for so long, a source counts as frozen; longer than a stream's own time-out."""


FIRST_WAIT_S = 0.25
LONGEST_WAIT_S = 2.0
"""Between tries to open a lost source the wait doubles; with a try's own time, it is back within 5 s."""


CLOSE_S = 0.5
"""How long closing waits for a read that is under way; a stop must be over in 2 s, and sinks take some of it."""


class Capture(Protocol):
    """What is used of OpenCV's capture; another camera library can stand in."""

    def read(self) -> tuple[bool, Any]:
        """The next frame; False at the end."""
        ...

    def release(self) -> None:
        """Close the device."""
        ...


@dataclass(frozen=True)
class Reopening:
    """How a source that was lost is opened again."""

    reopen: Callable[[], Capture]
    """Raises SourceError where it can't be had."""
    give_up_s: float = 0.0
    """For how long to try; 0 for ever."""


class NewestFrame:
    """Keeps the newest frame of a capture."""

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
        """Wait for a frame that wasn't taken yet: it, its number from 0, and when it was grabbed (`monotonic`).

        Returns:
            None where none came in time, or the capture has ended.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._image is not None or self._ended, timeout_s)
            image, self._image = self._image, None
            return None if image is None else (image, self._count - 1, self._grabbed_at)

    @property
    def ended(self) -> bool:
        """Whether the capture has given its last frame."""
        return self._ended

    @property
    def count(self) -> int:
        """How many frames have been grabbed."""
        return self._count

    def close(self) -> None:
        """Let the device go; the thread does it, as OpenCV dies when a capture is closed during a read."""
        self._ended = True
        self._thread.join(timeout=CLOSE_S)

    def _grab(self) -> None:
        try:
            while not self._ended:
                there, image = self._capture.read()
                if not there or image is None:
                    break
                self._keep(image)
        finally:
            self._capture.release()
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _keep(self, image: Image) -> None:
        with self._changed:
            self._image, self._grabbed_at = image, monotonic()
            self._count += 1
            self._changed.notify_all()


def live_frames(
    capture: Capture, name: str, remedy: str, patience_s: float = PATIENCE_S, again: Reopening | None = None
) -> Frames:
    """The newest frames of a capture, until it ends, and then of its successor.

    Times run with the monotonic clock from the wall clock's start, so that they don't jump when the clock is set.

    Args:
        capture: opened; it is closed here.
        name: of the source.
        remedy: what to do when it ends.
        patience_s: without a frame for so long, it counts as frozen.
        again: how to open it again; None to end with it.

    Raises:
        SourceError: when it ends or freezes, as live sources shouldn't, and isn't opened again.
    """
    start, start_monotonic = datetime.now(UTC), monotonic()
    count = 0
    while True:
        newest = NewestFrame(capture)
        try:
            while (taken := newest.take(patience_s)) is not None:
                image, index, grabbed_at = taken
                time = start + timedelta(seconds=grabbed_at - start_monotonic)
                yield Frame(image, name, count + index, time, 1000 * (monotonic() - grabbed_at))
            what = "ended" if newest.ended else f"gave nothing for {patience_s:g} s"
            loss = f"{name} {what} after {count + newest.count} frames"
        finally:
            newest.close()
        count += newest.count
        following = _open_again(again, name, loss) if again else None
        if following is None:
            raise SourceError(f"{loss}: {remedy}")
        capture = following


def _open_again(again: Reopening, name: str, loss: str) -> Capture | None:
    """Try until the source is back; None where it isn't in time. One line says each."""
    say(f"{loss}: it is tried again until it is back")
    start, wait_s = monotonic(), FIRST_WAIT_S
    while not again.give_up_s or monotonic() - start < again.give_up_s:
        sleep(wait_s)
        wait_s = min(LONGEST_WAIT_S, 2 * wait_s)
        with suppress(SourceError):
            capture = again.reopen()
            say(f"{name} is back after {monotonic() - start:.0f} s")
            return capture
    return None

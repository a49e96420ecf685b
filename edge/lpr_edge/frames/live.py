"""A camera or a stream: a thread grabs all frames, so that who asks gets the newest and no queue grows stale."""

from datetime import UTC, datetime, timedelta
from threading import Condition, Thread
from time import monotonic
from typing import Any, Protocol

from lpr_edge.contract.arrays import Image
from lpr_edge.contract.errors import SourceError
from lpr_edge.frames.frame import Frame, Frames

PATIENCE_S = 10.0
"""Without a frame for so long, a source counts as frozen; longer than a stream's own time-out."""


class Capture(Protocol):
    """What is used of OpenCV's capture; another camera library can stand in."""

    def read(self) -> tuple[bool, Any]:
        """The next frame; False at the end."""
        ...

    def release(self) -> None:
        """Close the device."""
        ...


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
        self._thread.join(timeout=2.0)

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


def live_frames(capture: Capture, name: str, remedy: str, patience_s: float = PATIENCE_S) -> Frames:
    """The newest frames of a capture, until it ends.

    Times run with the monotonic clock from the wall clock's start, so that they don't jump when the clock is set.

    Raises:
        SourceError: when it ends or freezes, as live sources shouldn't.
    """
    start, start_monotonic = datetime.now(UTC), monotonic()
    newest = NewestFrame(capture)
    try:
        while (taken := newest.take(patience_s)) is not None:
            image, index, grabbed_at = taken
            time = start + timedelta(seconds=grabbed_at - start_monotonic)
            yield Frame(image, name, index, time, 1000 * (monotonic() - grabbed_at))
        what = "ended" if newest.ended else f"gave nothing for {patience_s:g} s"
        raise SourceError(f"{name} {what} after {newest.count} frames: {remedy}")
    finally:
        newest.close()

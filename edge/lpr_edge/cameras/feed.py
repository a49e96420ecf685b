"""One of several cameras: a thread opens it, reads its frames, and reconnects after a failure."""

from collections.abc import Callable
from threading import Condition, Event, Thread
from time import monotonic

import numpy as np

from lpr_edge.base.log import log_info, logging_about, warn
from lpr_edge.base.workers import FAULTS
from lpr_edge.cameras.newest import NewestItem
from lpr_edge.capture.frame import Frame, Source, UnreadableImage
from lpr_edge.contract.base.errors import LprError, SourceError

FIRST_WAIT_S = 0.25
LONGEST_WAIT_S = 5.0
"""Between tries to open a camera that isn't there the wait doubles up to this."""


class CameraFeed:
    """A camera's thread; its errors don't affect the other cameras."""

    def __init__(self, name: str, open_it: Callable[[], Source], changed: Condition, give_up_s: float = 0.0) -> None:
        """Prepare the thread; `start` starts it.

        Args:
            name: of the camera, which its frames and its messages have.
            open_it: opens its source.
            changed: see `NewestItem`.
            give_up_s: for how long to try to open it; 0 for ever.
        """
        self.name = name
        self.newest = NewestItem(changed)
        self.is_live = True
        """False where its source turned out to be a clip, which another run reads again."""
        self._open = open_it
        self._give_up_s = give_up_s
        self._closing = Event()
        self._thread = Thread(target=self._run, name=f"lpr-camera-{name}", daemon=True)

    def start(self) -> None:
        """Start the thread, which opens the camera."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end."""
        self._closing.set()
        self.newest.close()

    def join(self, timeout_s: float) -> None:
        """Wait for its end, at most for the time-out; a camera that hangs is abandoned."""
        self._thread.join(timeout_s)

    @property
    def worker(self) -> str:
        """Name of the thread at /health."""
        return f"camera {self.name}"

    def _run(self) -> None:
        error: LprError | None = None
        with logging_about(self.name):
            try:
                self._read_for_ever()
            except LprError as end:
                error = end
                if not self._closing.is_set():
                    warn(f"{end}; the other cameras go on")
        self.newest.end(error)

    def _read_for_ever(self) -> None:
        """Read, and reconnect, until the source ends normally.

        Raises:
            LprError: it can't be had any more.
        """
        wait_s = FIRST_WAIT_S
        while not self._closing.is_set():
            start = monotonic()
            try:
                source = self._open_at_last()
                if source is not None:
                    self._read(source)
            except LprError:
                raise
            except Exception as error:  # noqa: BLE001  # whatever a driver does, the other cameras need this process
                FAULTS.report(self.worker, error, "it is opened again")
            else:
                return
            wait_s = FIRST_WAIT_S if monotonic() - start > LONGEST_WAIT_S else min(LONGEST_WAIT_S, 2 * wait_s)
            self._closing.wait(wait_s)

    def _open_at_last(self) -> Source | None:
        """Open the source, with retries; None if the feed is closed before.

        Raises:
            SourceError: it couldn't be for too long.
        """
        start, wait_s, failed = monotonic(), FIRST_WAIT_S, False
        while not self._closing.is_set():
            try:
                source = self._open()
            except SourceError as error:
                if self._give_up_s and monotonic() - start >= self._give_up_s:
                    raise
                if not failed:
                    warn(f"{error}; it is tried again until it is there")
                failed = True
                self._closing.wait(wait_s)
                wait_s = min(LONGEST_WAIT_S, 2 * wait_s)
                continue
            if failed:
                log_info(f"is there after {monotonic() - start:.0f} s")
            return source
        return None

    def _read(self, source: Source) -> None:
        """Read the source's items until it ends or the feed is closed."""
        self.is_live = source.kind == "live"
        try:
            for item in source.frames:
                if self._closing.is_set():
                    return
                if isinstance(item, UnreadableImage):  # never of a camera, stream or clip
                    raise TypeError(f"{item.source} is a picture")
                if isinstance(item, Frame):
                    _check(item)
                    FAULTS.clear(self.worker)
                self.newest.put(item, waits=not self.is_live)
        finally:
            source.close()


def _check(frame: Frame) -> None:
    """Reject a frame that no network can process: it would end the loop of all cameras.

    Raises:
        ValueError: it is no picture.
    """
    image = np.asarray(frame.image_bgr)
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise ValueError(f"a frame of shape {image.shape} and type {image.dtype} is no picture")

"""One plate reader for many clients: a short queue, and no more work than it can do in time."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lpr_edge.contract.base.pictures import decode_picture
from lpr_edge.http_api.request_form import Upload
from lpr_edge.vision.plates import FrameResult

MAX_PIXELS = 1 << 25
"""Of one picture; a client of the network must not fill a small board's memory."""

Read = Callable[..., FrameResult]
"""Reads a picture (H, W, 3) uint8, BGR."""


class BusyError(Exception):
    """More is asked for than can be done soon."""


@dataclass(frozen=True)
class PictureResult:
    """What one picture shows."""

    size_wh: tuple[int, int]
    """In pixels."""
    found: FrameResult


class ReadingQueue:
    """Reads pictures one after the other, in a thread; its methods are called in one event loop."""

    def __init__(self, read: Read, max_waiting: int, timeout_s: float) -> None:
        """Start.

        Args:
            read: is called in one thread.
            max_waiting: requests at once, those that are still being received included.
            timeout_s: for one picture, its wait included.
        """
        self._read = read
        self._max_waiting = max_waiting
        self._timeout_s = timeout_s
        self._executor = ThreadPoolExecutor(1, "lpr-reading")
        self.waiting = 0
        """Requests that hold a place."""

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place in the queue.

        Raises:
            BusyError: all are taken.
        """
        if self.waiting >= self._max_waiting:
            raise BusyError
        self.waiting += 1
        try:
            yield
        finally:
            self.waiting -= 1

    async def read(self, upload: Upload) -> PictureResult:
        """Read a picture when it is its turn.

        Raises:
            DataError: it is none.
            BusyError: it isn't done in time.
        """
        future = self._executor.submit(self._do, upload)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), self._timeout_s)
        except TimeoutError as error:
            raise BusyError from error

    def close(self) -> None:
        """Begin no more."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _do(self, upload: Upload) -> PictureResult:
        picture = decode_picture(upload.data, Path(upload.name or "picture"), MAX_PIXELS)
        height, width = picture.shape[:2]
        return PictureResult((width, height), self._read(picture))

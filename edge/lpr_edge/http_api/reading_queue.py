"""One plate reader for many clients: a short queue, limited to the work that it can do in time."""

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
    """The queue is full."""


@dataclass(frozen=True)
class PictureResult:
    """The plates of one image."""

    size_wh: tuple[int, int]
    """In pixels."""
    found: FrameResult


class ReadingQueue:
    """Reads images one at a time in a thread; its methods are called in one event loop."""

    def __init__(self, read: Read, max_waiting: int, timeout_s: float) -> None:
        """Start the thread.

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
        """Reserve a place in the queue for the block.

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
        """Wait for the queue, and read an image.

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
        """Start no more readings."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _do(self, upload: Upload) -> PictureResult:
        picture = decode_picture(upload.data, Path(upload.name or "picture"), MAX_PIXELS)
        height, width = picture.shape[:2]
        return PictureResult((width, height), self._read(picture))

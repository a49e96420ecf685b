"""Stores examples in a thread of its own."""

from contextlib import suppress
from queue import Full, Queue
from threading import Thread

from lpr_edge.base.log import warn
from lpr_edge.base.workers import surviving
from lpr_edge.collect.collect_folder import CollectFolder
from lpr_edge.collect.example import Example
from lpr_edge.contract.base.errors import LprError

WAITING = 4
"""Examples that wait for the disk, at most: each holds a frame."""
CLOSE_S = 5.0


class CollectWriter:
    """Stores examples in a thread, so that the reading loop never waits for the disk."""

    def __init__(self, folder: CollectFolder) -> None:
        """Start the thread.

        Args:
            folder: takes them.
        """
        self._folder = folder
        self._queue: Queue[Example | None] = Queue(WAITING)
        self._said = ""
        self._thread = Thread(target=self._run, name="lpr-collect", daemon=True)
        self._thread.start()

    def take(self, example: Example) -> None:
        """Queue an example; it is dropped if the disk is too slow."""
        try:
            self._queue.put_nowait(example)
        except Full:
            self._say("the disk is too slow for --collect: some examples are dropped")

    def close(self) -> None:
        """Store the queued examples, and stop."""
        with suppress(Full):
            self._queue.put(None, timeout=CLOSE_S)
        self._thread.join(CLOSE_S)

    def _run(self) -> None:
        while (example := self._queue.get()) is not None:
            with surviving("collect"):
                self._write(example)

    def _write(self, example: Example) -> None:
        try:
            self._folder.add(example)
        except OSError as error:
            self._say(f"--collect can't write ({error.strerror or error}): look at the disk; reading goes on")
        except LprError as error:
            self._say(f"--collect: {error}; reading goes on")
        else:
            if self._folder.is_full:
                self._say("--collect-quota is full of examples labelled by hand: move them elsewhere, or raise it")

    def _say(self, text: str) -> None:
        """Log a problem once."""
        if text != self._said:
            self._said = text
            warn(text)

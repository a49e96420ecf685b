"""Reconnecting to a source that was lost."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Event, Lock, Thread

from lpr_edge.base.workers import surviving
from lpr_edge.capture.opencv_capture import Capture
from lpr_edge.contract.base.errors import SourceError


@dataclass(frozen=True)
class ReconnectPolicy:
    """How a lost source is opened again."""

    reopen: Callable[[], Capture]
    """Raises SourceError where it can't be had."""
    give_up_s: float = 0.0
    """For how long to try; 0 for ever."""


class Opening:
    """One attempt, in a thread of its own because a driver may block for seconds."""

    def __init__(self, reopen: Callable[[], Capture]) -> None:
        self._reopen = reopen
        self._capture: Capture | None = None
        self._is_wanted = True
        self._lock = Lock()
        self._done = Event()
        Thread(target=self._run, name="lpr-opening", daemon=True).start()

    def wait(self, timeout_s: float) -> bool:
        """Wait for the end of the attempt, at most for the time-out; returns whether it has ended."""
        return self._done.wait(timeout_s)

    def take(self) -> Capture | None:
        """The opened capture, None after a failure; from now on the caller owns it."""
        with self._lock:
            capture, self._capture = self._capture, None
            return capture

    def leave(self) -> None:
        """Abandon the attempt: a capture that was or will be opened and isn't taken is closed."""
        with self._lock:
            self._is_wanted = False
            capture, self._capture = self._capture, None
        if capture is not None:
            capture.release()

    def _run(self) -> None:
        try:
            with surviving("opening the source"), suppress(SourceError):
                self._keep(self._reopen())
        finally:
            self._done.set()

    def _keep(self, capture: Capture) -> None:
        with self._lock:
            if self._is_wanted:
                self._capture = capture
                return
        capture.release()

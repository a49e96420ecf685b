"""Threads that run next to the main loop: an error in one is logged and counted, and the thread goes on."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from lpr_edge.base.log import warn


class Faults:
    """Unexpected exceptions by worker; thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._current: dict[str, str] = {}
        self._count = 0

    def report(self, worker: str, error: BaseException, what_follows: str) -> None:
        """Log and count an exception; the worker is faulty until `clear`."""
        text = f"{type(error).__name__}: {error}"
        with self._lock:
            self._current[worker] = text
            self._count += 1
        warn(f"{worker} failed ({text}): {what_follows}")

    def clear(self, worker: str) -> None:
        """Record that the worker works again."""
        with self._lock:
            self._current.pop(worker, None)

    def reset(self) -> None:
        """Forget all exceptions, for a new run."""
        with self._lock:
            self._current.clear()
            self._count = 0

    @property
    def current(self) -> dict[str, str]:
        """Last exception of each worker that hasn't worked since."""
        with self._lock:
            return dict(self._current)

    @property
    def count(self) -> int:
        """Number of exceptions in this run, which determines the exit status."""
        return self._count


FAULTS = Faults()
"""Those of this process."""


@contextmanager
def surviving(worker: str) -> Iterator[None]:
    """Catch and record an exception of one iteration, so that the worker's thread goes on.

    Args:
        worker: what it is called in messages and at /health.
    """
    try:
        yield
    except Exception as error:  # noqa: BLE001  # whatever it is, the next turn must come
        FAULTS.report(worker, error, "it goes on with what comes next; please report this")
    else:
        FAULTS.clear(worker)


@contextmanager
def reporting_faults() -> Iterator[None]:
    """Log exceptions that end a thread in the block, also of other libraries' threads."""

    def report(ended: threading.ExceptHookArgs) -> None:
        if ended.exc_value is not None and not isinstance(ended.exc_value, SystemExit):
            name = ended.thread.name if ended.thread else "a thread"
            FAULTS.report(name, ended.exc_value, "its thread has ended: start lpr-edge again, and please report this")

    FAULTS.reset()
    before, threading.excepthook = threading.excepthook, report
    try:
        yield
    finally:
        threading.excepthook = before

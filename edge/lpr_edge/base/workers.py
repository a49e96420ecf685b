"""Threads that run next to the main loop: an error in one is logged and counted, and the thread goes on."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from lpr_edge.base.log import warn


class Faults:
    """Exceptions that nobody expected, by worker; any thread may ask."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._current: dict[str, str] = {}
        self._count = 0

    def note(self, worker: str, error: BaseException, what_follows: str) -> None:
        """Say and count an exception; the worker is faulty until it is cleared."""
        text = f"{type(error).__name__}: {error}"
        with self._lock:
            self._current[worker] = text
            self._count += 1
        warn(f"{worker} failed ({text}): {what_follows}")

    def clear(self, worker: str) -> None:
        """Note that the worker works again."""
        with self._lock:
            self._current.pop(worker, None)

    def reset(self) -> None:
        """Forget all: a new run begins."""
        with self._lock:
            self._current.clear()
            self._count = 0

    @property
    def current(self) -> dict[str, str]:
        """Worker -> its last exception, for those that haven't worked since."""
        with self._lock:
            return dict(self._current)

    @property
    def count(self) -> int:
        """All exceptions of this run: the exit status says whether there were any."""
        return self._count


FAULTS = Faults()
"""Those of this process."""


@contextmanager
def surviving(worker: str) -> Iterator[None]:
    """Keep an exception of one turn of a worker's work from ending its thread.

    Args:
        worker: what it is called in messages and at /health.
    """
    try:
        yield
    except Exception as error:  # noqa: BLE001  # whatever it is, the next turn must come
        FAULTS.note(worker, error, "it goes on with what comes next; please report this")
    else:
        FAULTS.clear(worker)


@contextmanager
def reporting_faults() -> Iterator[None]:
    """Log every thread in the block that an exception ends, other libraries' threads too."""

    def tell(ended: threading.ExceptHookArgs) -> None:
        if ended.exc_value is not None and not isinstance(ended.exc_value, SystemExit):
            name = ended.thread.name if ended.thread else "a thread"
            FAULTS.note(name, ended.exc_value, "its thread has ended: start lpr-edge again, and please report this")

    FAULTS.reset()
    before, threading.excepthook = threading.excepthook, tell
    try:
        yield
    finally:
        threading.excepthook = before

"""Ctrl-C handling: the first one asks the training loop to stop after this step, the second one stops at once."""

import signal
import sys
import threading
from types import FrameType, TracebackType


class StopRequest:
    """Context manager in which the first Ctrl-C only sets `asked`."""

    def __init__(self) -> None:
        """Start without a request."""
        self.asked = False

    def __enter__(self) -> "StopRequest":
        # Python allows signal handlers in the main thread alone.
        self._is_main = threading.current_thread() is threading.main_thread()
        if self._is_main:
            self._former = signal.signal(signal.SIGINT, self._ask)
        return self

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        print("\nStopping after this step, keeping the best so far. Ctrl-C again stops at once.", file=sys.stderr)

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._is_main:
            signal.signal(signal.SIGINT, self._former)

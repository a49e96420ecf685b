"""A stop that was asked for, as `systemctl stop` does: finish what is under way, and end with success."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Terminated(KeyboardInterrupt):
    """SIGTERM has come."""


@contextmanager
def stopping_on_sigterm() -> Iterator[None]:
    """Raise `Terminated` in the block when SIGTERM comes; a second one doesn't disturb the cleaning up."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise Terminated

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)

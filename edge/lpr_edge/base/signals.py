"""Signals that end a run in good order: SIGTERM stops it, as `systemctl stop` does; SIGHUP restarts it.

Both are blocked while the process restarts: one that arrives before the new program listens is delivered then.
"""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


class Terminated(KeyboardInterrupt):
    """SIGTERM was received."""


class Reloading(KeyboardInterrupt):
    """SIGHUP was received, and the new settings are valid."""


@contextmanager
def stopping_on_sigterm() -> Iterator[None]:
    """Raise `Terminated` in the block on SIGTERM; a second SIGTERM doesn't interrupt the cleaning up."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise Terminated

    before = signal.signal(signal.SIGTERM, stop)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def reloading_on_sighup() -> Iterator[Callable[[], bool]]:
    """Record SIGHUP in the block; yields a function that returns whether it was received since the last call.

    At a terminal SIGHUP means that it was closed, and under nohup that nobody cares: both stay as they are.
    """
    came: list[int] = []
    before = signal.getsignal(signal.SIGHUP)
    hears = before is not signal.SIG_IGN and not sys.stderr.isatty()
    if hears:
        signal.signal(signal.SIGHUP, lambda number, _: came.append(number))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGHUP])
    try:
        yield lambda: _take_all(came)
    finally:
        if hears:
            signal.signal(signal.SIGHUP, before)


def _take_all(came: list[int]) -> bool:
    """Whether a signal was received; several are answered by one reload."""
    is_any = bool(came)
    came.clear()
    return is_any


def hold_signals() -> None:
    """Block SIGTERM and SIGHUP in the main thread; the program that `os.execv` starts inherits them as pending.

    Threads that are still there don't block them. What one of these receives is sent on to the main thread.
    """
    held = [signal.SIGTERM, signal.SIGHUP]
    signal.pthread_sigmask(signal.SIG_BLOCK, held)
    for number in held:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda received, _: signal.raise_signal(received))

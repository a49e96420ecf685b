"""What is said to people: one line each, on stderr; --quiet and --verbose decide how much of it."""

import os
import select
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import TextIO


class Weight(IntEnum):
    """How much a line matters; the numbers are syslog's, which systemd's journal reads from the line's beginning."""

    TROUBLE = 4
    USUAL = 6
    DETAIL = 7


PATIENCE_S = 0.5
"""How long whoever reads stderr may take nothing; then lines are left out until it does again."""

_loudest = Weight.USUAL
_patience_s = PATIENCE_S
_subject = threading.local()


def set_volume(quiet: bool, verbose: bool) -> None:
    """Choose what is said from now on: troubles alone, the usual, or details too."""
    global _loudest  # there is one stderr
    _loudest = Weight.TROUBLE if quiet else Weight.DETAIL if verbose else Weight.USUAL


@contextmanager
def saying_of(subject: str) -> Iterator[None]:
    """Begin each line that this thread says in the block with what it is about, such as a camera's name."""
    _subject.name = subject
    try:
        yield
    finally:
        _subject.name = ""


def warn(line: str) -> None:
    """Tell of something that a person may have to see to; also with --quiet."""
    _print(line, Weight.TROUBLE)


def say(line: str) -> None:
    """Tell what is going on; not with --quiet."""
    _print(line, Weight.USUAL)


def detail(line: str) -> None:
    """Tell what helps to find a fault; only with --verbose."""
    _print(line, Weight.DETAIL)


def handle_of(stream: TextIO) -> int | None:
    """The number of the file behind a stream; None where there is none."""
    try:
        return stream.fileno()
    except (OSError, ValueError, AttributeError):
        return None


def takes_more(handle: int, wait_s: float | None) -> bool:
    """Whether a pipe, terminal or file takes bytes within a time, or has an error to give; None waits for ever."""
    poll = select.poll()
    poll.register(handle, select.POLLOUT)
    return bool(poll.poll(None if wait_s is None else 1000 * wait_s))


def _print(line: str, weight: Weight) -> None:
    """Print a line, unless nobody takes it: what waits for a reader of stderr could not be stopped either."""
    global _patience_s  # there is one stderr
    if weight > _loudest:
        return
    handle = handle_of(sys.stderr)
    if handle is not None and not takes_more(handle, _patience_s):
        _patience_s = 0.0
        return
    _patience_s = PATIENCE_S
    subject = getattr(_subject, "name", "")
    print(f"{_priority(weight)}lpr-edge: {f'{subject}: ' if subject else ''}{line}", file=sys.stderr, flush=True)


def _priority(weight: Weight) -> str:
    """Systemd's prefix, where stderr is its journal; nothing anywhere else (see sd-daemon(3))."""
    journal = os.environ.get("JOURNAL_STREAM")
    if not journal:
        return ""
    try:
        status = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):
        return ""
    return f"<{int(weight)}>" if journal == f"{status.st_dev}:{status.st_ino}" else ""

"""Messages to people: one line each, on stderr; --quiet and --verbose decide how much of it.

They pass `logging`: each module has the logger of its name below `lpr_edge`. There a program that uses lpr sets levels,
and puts handlers of its own in place of `LPR.handlers`.
"""

import logging
import os
import select
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

LPR = logging.getLogger("lpr_edge")
SYSLOG = {logging.WARNING: 4, logging.INFO: 6, logging.DEBUG: 7}
"""Level -> syslog's number, which systemd's journal reads from the line's beginning."""
PATIENCE_S = 0.5
"""Seconds for which the reader of stderr may take nothing; after that, lines are dropped until it reads again."""

_patience_s = PATIENCE_S
_subject = threading.local()


def set_volume(quiet: bool, verbose: bool) -> None:
    """Set the log level: warnings only, the default, or details too."""
    LPR.setLevel(logging.WARNING if quiet else logging.DEBUG if verbose else logging.INFO)


@contextmanager
def logging_about(subject: str) -> Iterator[None]:
    """Prefix each line that this thread logs in the block with a subject, such as a camera's name."""
    _subject.name = subject
    try:
        yield
    finally:
        _subject.name = ""


def warn(line: str) -> None:
    """Log a problem that a person may have to fix; also with --quiet."""
    _logger_of_caller().warning(line)


def log_info(line: str) -> None:
    """Log progress; not with --quiet."""
    _logger_of_caller().info(line)


def log_debug(line: str) -> None:
    """Log details for finding a fault; only with --verbose."""
    _logger_of_caller().debug(line)


def handle_of(stream: TextIO) -> int | None:
    """File descriptor of a stream; None without one."""
    try:
        return stream.fileno()
    except (OSError, ValueError, AttributeError):
        return None


def takes_more(handle: int, wait_s: float | None) -> bool:
    """Whether a descriptor accepts bytes, or reports an error, within a time in seconds; None waits without limit."""
    poll = select.poll()
    poll.register(handle, select.POLLOUT)
    return bool(poll.poll(None if wait_s is None else 1000 * wait_s))


def _logger_of_caller() -> logging.Logger:
    """Logger of the module that logs a message."""
    name = str(sys._getframe(2).f_globals.get("__name__", ""))
    return LPR if name == LPR.name else LPR.getChild(name.removeprefix(f"{LPR.name}."))


class _StderrHandler(logging.Handler):
    """Prints messages on the current stderr; a failed write raises, as in `print`."""

    def emit(self, record: logging.LogRecord) -> None:
        _print(record.getMessage(), record.levelno)


def _print(line: str, level: int) -> None:
    """Print a line, unless nobody reads stderr: a blocked write couldn't be interrupted."""
    global _patience_s  # there is one stderr
    handle = handle_of(sys.stderr)
    if handle is not None and not takes_more(handle, _patience_s):
        _patience_s = 0.0
        return
    _patience_s = PATIENCE_S
    subject = getattr(_subject, "name", "")
    print(f"{_priority(level)}lpr-edge: {f'{subject}: ' if subject else ''}{line}", file=sys.stderr, flush=True)


def _priority(level: int) -> str:
    """Systemd's priority prefix if stderr is the journal, else empty (see sd-daemon(3))."""
    journal = os.environ.get("JOURNAL_STREAM")
    if not journal:
        return ""
    try:
        status = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):
        return ""
    return f"<{SYSLOG.get(level, 4)}>" if journal == f"{status.st_dev}:{status.st_ino}" else ""


LPR.propagate = False  # a program's own handlers would print each line a second time
LPR.addHandler(_StderrHandler())
LPR.setLevel(logging.INFO)

"""Common behaviour of all commands: standard streams, and errors of the user in one line."""

import errno
import io
import logging
import os
import sys
from collections.abc import Callable
from contextlib import suppress

from lpr_edge.contract.base.errors import LprError

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
USER_ERRORS = (LprError, ImportError, OSError)
"""Errors of which `explain` knows some."""


def run_command(
    name: str, act: Callable[[], int], stopped: str = "stopped", report: Callable[[str], None] | None = None
) -> int:
    """Run a command, and print errors that a user can fix in one line on stderr.

    Args:
        name: of the command, before each line.
        act: does the work; returns the exit status.
        stopped: what is said after Ctrl-C; nothing where it is empty.
        report: gets the lines; without it they go to stderr with the name before them.

    Returns:
        The exit status: 1 after an error, 130 after Ctrl-C.
    """

    def print_line(line: str) -> None:
        print(f"{name}: {line}", file=sys.stderr)

    report = report or print_line
    prepare_streams()
    try:
        status = act()
        sys.stdout.flush()
    except KeyboardInterrupt:
        if stopped:
            report(stopped)
        return 130
    except BrokenPipeError:
        discard_stdout()
        return 1
    except USER_ERRORS as error:
        line = explain(error)
        if line is None:
            raise
        report(line)
        discard_unwritable_stdout()
        return 1
    return status


def log_to_stderr(log: logging.Logger) -> None:
    """Write a command's messages to stderr, each after the logger's name; without times, which systemd adds."""
    if not log.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(name)s: %(message)s"))
        log.addHandler(handler)
        log.setLevel(logging.INFO)


def prepare_streams() -> None:
    """Make stdout UTF-8 in any locale, and replace closed streams (`>&-`) by the null device.

    Plates and records are beyond most locales. A closed stream's number would go to the next file that is opened, and
    a library's message into that.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number: this one
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115,PTH123  # open to the end
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115,PTH123  # open to the end
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")


def discard_stdout() -> None:
    """Redirect stdout to the null device after its reader has closed it, so that Python's last flush doesn't fail."""
    with suppress(OSError):  # a stream that has no number, in a program that calls this one
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def discard_unwritable_stdout() -> None:
    """Flush stdout, and discard what can't be written."""
    try:
        sys.stdout.flush()
    except OSError:
        discard_stdout()


def explain(error: Exception) -> str | None:
    """One line for an error that a user can fix; None for a bug."""
    if isinstance(error, LprError):
        return str(error)
    if isinstance(error, ImportError):
        return _explain_import(error)
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        return f"can't write {error.filename or 'the output'} ({error.strerror}): make room or write elsewhere"
    return None


def _explain_import(error: ImportError) -> str | None:
    text = str(error)
    if "cannot open shared object file" in text:
        library = text.partition(":")[0]
        return (
            f"a library of the system is missing: {library}. Where it is OpenCV's (libGL, libgthread): "
            "pip uninstall -y opencv-python opencv-python-headless && pip install opencv-python-headless"
        )
    if error.name == "cv2":
        return "OpenCV isn't installed: pip install opencv-python-headless"
    return None

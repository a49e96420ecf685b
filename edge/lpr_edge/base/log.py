"""What is said to people: one line each, on stderr; --quiet and --verbose decide how much of it."""

import os
import sys
from enum import IntEnum


class Weight(IntEnum):
    """How much a line matters; the numbers are syslog's, which systemd's journal reads from the line's beginning."""

    TROUBLE = 4
    USUAL = 6
    DETAIL = 7


_loudest = Weight.USUAL


def set_volume(quiet: bool, verbose: bool) -> None:
    """Choose what is said from now on: troubles alone, the usual, or details too."""
    global _loudest  # there is one stderr
    _loudest = Weight.TROUBLE if quiet else Weight.DETAIL if verbose else Weight.USUAL


def warn(line: str) -> None:
    """Tell of something that a person may have to see to; also with --quiet."""
    _print(line, Weight.TROUBLE)


def say(line: str) -> None:
    """Tell what is going on; not with --quiet."""
    _print(line, Weight.USUAL)


def detail(line: str) -> None:
    """Tell what helps to find a fault; only with --verbose."""
    _print(line, Weight.DETAIL)


def _print(line: str, weight: Weight) -> None:
    if weight <= _loudest:
        print(f"{_priority(weight)}lpr-edge: {line}", file=sys.stderr, flush=True)


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

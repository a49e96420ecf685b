"""A progress bar on long work."""

import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import TypeVar

T = TypeVar("T")


def show_progress(items: Sequence[T], description: str) -> Iterable[T]:
    """Go through items with a progress bar on stderr.

    There is none if stderr is no terminal, or if rich isn't installed, as on a board. It is redrawn between items,
    not by a thread, which would disturb what is timed.
    """
    if not sys.stderr.isatty():
        return items
    try:
        progress, console = import_module("rich.progress"), import_module("rich.console")
    except ModuleNotFoundError:
        return items
    bar: Iterable[T] = progress.track(items, description, console=console.Console(stderr=True), auto_refresh=False)
    return bar

"""Write a camera's region and line into the settings file, and leave the rest of it unchanged."""

import os
import re
import signal
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from threading import Lock, Timer
from typing import Any

from lpr_edge.config.input_groups import KEY
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.base.text_files import parse_toml, read_text
from lpr_edge.contract.settings.toml_file import read_table
from lpr_edge.contract.whole_files import write_whole

HEADER = re.compile(r"\s*\[")
RELOAD_AFTER_S = 0.5
"""From the change to the reload, so that its answer still leaves."""


class SettingsFile:
    """A TOML file whose keys are set one by one; thread-safe."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self._lock = Lock()

    @property
    def is_writable(self) -> bool:
        """Whether this process may replace the file."""
        return os.access(self.path.parent, os.W_OK) and os.access(self.path, os.W_OK)

    def set(self, camera: str, values: Mapping[str, str], before: Callable[[], object]) -> None:
        """Set texts by key, for one camera of several, or for all where `camera` is empty; comments stay.

        Args:
            camera: name in a `[[cameras]]` table.
            values: by key; an empty text clears a setting.
            before: is called before the file changes; where it raises, nothing is changed.

        Raises:
            LprError: the file can't be written, or isn't written in a way that a line can be put into.
        """
        with self._lock:
            lines = read_text(self.path).splitlines()
            start, end = _block(lines, camera)
            for key, value in values.items():
                end += _set_line(lines, start, end, key, value)
            text = "\n".join(lines) + "\n"
            if not _says(text, camera, values, read_table(self.path)):
                wanted = ", ".join(f'{key} = "{value}"' for key, value in values.items())
                raise LprError(f"{self.path} can't be edited automatically: write by hand: {wanted}")
            before()
            try:
                write_whole(self.path, text.encode(), self.path.stat().st_mode & 0o777)
            except OSError as error:
                raise LprError(
                    f"{self.path} can't be written ({error.strerror}): give its folder to this user"
                ) from error


def reload_soon() -> bool:
    """Send this process SIGHUP, so that it reads its settings again; False if it doesn't listen for it."""
    if not callable(signal.getsignal(signal.SIGHUP)):
        return False
    timer = Timer(RELOAD_AFTER_S, os.kill, (os.getpid(), signal.SIGHUP))
    timer.daemon = True
    timer.start()
    return True


def _block(lines: list[str], camera: str) -> tuple[int, int]:
    """First and last line, exclusive, of a camera's keys; without a camera, the lines before all tables."""
    headers = [number for number, line in enumerate(lines) if HEADER.match(line)] + [len(lines)]
    if not camera:
        return 0, headers[0]
    for start, end in pairwise(headers):
        named = re.compile(rf"\s*name\s*=\s*([\"']){re.escape(camera)}\1\s*(#.*)?")
        is_camera = re.match(rf"\s*\[\[\s*{KEY}\s*\]\]", lines[start])
        if is_camera and any(named.fullmatch(line) for line in lines[start:end]):
            return start + 1, end
    raise LprError(f"the settings file has no [[{KEY}]] with name = {camera!r} on a line of its own: write it by hand")


def _set_line(lines: list[str], start: int, end: int, key: str, value: str) -> int:
    """Insert or replace a key's line; returns the number of added lines."""
    line = f'{key} = "{value}"'
    for number in range(start, end):
        if re.match(rf"\s*{key}\s*=", lines[number]):
            lines[number] = line
            return 0
    while end > start and not lines[end - 1].strip():
        end -= 1
    lines.insert(end, line)
    return 1


def _says(text: str, camera: str, values: Mapping[str, str], before: dict[str, Any]) -> bool:
    """Whether a file's settings are those before, with the new values."""
    tables = [table for table in before.get(KEY, []) if table.get("name") == camera] if camera else [before]
    for table in tables:
        table.update(values)
    try:
        return bool(tables) and parse_toml(text) == before
    except ValueError:
        return False

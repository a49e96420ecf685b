"""Journal of a labelling session: each change is one line, on disk before the page gets its response."""

import fcntl
import json
import os
from pathlib import Path
from typing import Any

from lpr_edge.contract.base.errors import DataError, LprError
from lpr_edge.contract.base.text_files import parse_json, shown
from lpr_edge.contract.whole_files import FILE_MODE, sync_folder

State = dict[str, Any]
"""A picture's `plates`, each with `accepted`, and whether it is `done`."""


class Changes:
    """Changes of one journal in order."""

    def __init__(self) -> None:
        """Create an empty list of changes."""
        self.states: dict[str, State] = {}
        """Picture -> its latest state."""
        self.replaced: list[tuple[str, State | None]] = []
        """What each change that isn't undone has replaced, the latest last."""

    def take(self, image: str, state: State) -> None:
        """Add an image's new state."""
        self.replaced.append((image, self.states.get(image)))
        self.states[image] = state

    def take_back(self) -> str:
        """Undo the latest change; returns the image's name."""
        image, state = self.replaced.pop()
        if state is None:
            self.states.pop(image)
        else:
            self.states[image] = state
        return image


def read_changes(path: Path) -> tuple[Changes, int]:
    """Read a journal, which another program may have open.

    Returns:
        Its changes, and the bytes of its whole lines: a last one without its end is left out.

    Raises:
        OSError: it can't be read.
        DataError: a line is damaged.
    """
    changes = Changes()
    *lines, _torn = path.read_bytes().split(b"\n")
    for number, line in enumerate(lines, 1):
        try:
            change = parse_json(line.decode())
            if change.get("undo"):
                changes.take_back()
            else:
                changes.take(str(change["image"]), {"plates": list(change["state"]["plates"]), **change["state"]})
        except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
            raise DataError(f"{shown(path)}, line {number} is damaged ({error!r}): delete that line") from error
    return changes, sum(len(line) + 1 for line in lines)


class Journal:
    """One person's changes; a second program can't open the same file."""

    def __init__(self, path: Path) -> None:
        """Open the file and load earlier sessions; an incomplete last line is removed.

        Raises:
            LprError: another program has it open, or it can't be written.
            DataError: a line in its middle is damaged.
        """
        self.path = path
        try:
            self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, FILE_MODE)
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            sync_folder(path.parent)
        except BlockingIOError as error:
            raise LprError(f"{shown(path)} is open already: end the other lpr-train label, or give --part") from error
        except OSError as error:
            raise LprError(f"{shown(path)} can't be written: {error.strerror}") from error
        self._changes, whole = read_changes(path)
        if whole < os.fstat(self._handle).st_size:
            os.ftruncate(self._handle, whole)

    @property
    def states(self) -> dict[str, State]:
        """Image -> its latest state."""
        return self._changes.states

    def save(self, image: str, state: State) -> None:
        """Save an image's new state; it is on disk when this returns.

        Raises:
            OSError: the disk doesn't take it; the state stays as it was.
        """
        self._append({"image": image, "state": state})
        self._changes.take(image, state)

    def undo(self) -> str | None:
        """Undo the latest change, also of an earlier session; returns the image's name, None without a change.

        Raises:
            OSError: the disk doesn't take it; nothing is changed.
        """
        if not self._changes.replaced:
            return None
        self._append({"undo": True, "image": self._changes.replaced[-1][0]})
        return self._changes.take_back()

    def _append(self, change: dict[str, Any]) -> None:
        size = os.fstat(self._handle).st_size
        data = json.dumps(change, ensure_ascii=False).encode() + b"\n"
        try:
            written = 0
            while written < len(data):
                written += os.write(self._handle, data[written:])
            os.fsync(self._handle)
        except OSError:
            os.ftruncate(self._handle, size)
            raise

    def close(self) -> None:
        """Release the file for other programs."""
        os.close(self._handle)

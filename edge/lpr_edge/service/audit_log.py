"""The audit log: who changed what, as JSON lines in a file that only grows."""

import json
import os
from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

from lpr_edge.base.private_files import make_private_folder, open_private
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.records import Record, local_time

NAME = "audit.jsonl"
"""The file's name in the state folder."""


class AuditLog:
    """Appends one line for each change, and waits until the disk has it; thread-safe."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = Lock()

    def record(self, who: str, what: str, **details: Any) -> None:
        """Log a change before it is made.

        Args:
            who: the name that a person logged in with.
            what: is changed.
            details: plain values.

        Raises:
            LprError: it can't be written: then the change must not be made.
        """
        entry = {"time": local_time(datetime.now(UTC)), "who": who, "what": what, **details}
        line = json.dumps(entry, ensure_ascii=False) + "\n"
        try:
            with self._lock:
                make_private_folder(self.path.parent)
                handle = open_private(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
                with os.fdopen(handle, "wb") as file:
                    file.write(line.encode())
                    file.flush()
                    os.fsync(file.fileno())
        except OSError as error:
            raise LprError(
                f"nothing was changed, as {self.path} can't be written ({error.strerror}): make room, or give its"
                " folder to this user"
            ) from error

    def latest(self, count: int) -> list[Record]:
        """The latest entries, newest first; incomplete lines of a crash are skipped."""
        try:
            with self.path.open(encoding="utf-8", errors="replace") as file:
                lines = deque(file, maxlen=count)
        except OSError:  # none yet, or one that can't be read: the next change says why
            return []
        return [entry for entry in map(_entry, reversed(lines)) if entry]


def _entry(line: str) -> Record:
    try:
        entry = json.loads(line)
    except ValueError:
        return {}
    return entry if isinstance(entry, dict) else {}

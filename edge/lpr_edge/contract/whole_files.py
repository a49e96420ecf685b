"""Atomic files: complete after any crash; and a folder's `labels.jsonl`, which several processes may change."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lpr_edge.contract.base.text_files import read_lines

LABELS = "labels.jsonl"
IMAGES = "images"
LOCK = ".labels.lock"
PART = ".part"
"""Ends the name of a file that isn't whole yet."""
FILE_MODE = 0o600
"""Plates are personal data: only this user may read new files."""


@contextmanager
def changing_labels(folder: Path) -> Iterator[list[str]]:
    """Change the lines of a folder's labels under a lock; they are written atomically at the end.

    Args:
        folder: is there; holds `labels.jsonl`, or will.

    Yields:
        The lines, without blank ones, to be changed in place. After an exception the file stays as it was.

    Raises:
        OSError: it can't be written.
        DataError: it can't be read.
    """
    path = folder / LABELS
    with (folder / LOCK).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lines = [line for _, line in read_lines(path)] if path.exists() else []
        before = list(lines)
        yield lines
        if lines != before or not path.exists():
            write_whole(path, "".join(f"{line}\n" for line in lines).encode())


def write_whole(path: Path, data: bytes, mode: int = FILE_MODE) -> None:
    """Write a temporary file, wait for the disk, and rename it: the file has either the new or the old content.

    Args:
        path: the file.
        data: its new content.
        mode: who may read and write it.

    Raises:
        OSError: it can't be written; nothing is left then.
    """
    part = path.with_name(path.name + PART)
    try:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, FILE_MODE)
        with os.fdopen(handle, "wb") as file:
            os.fchmod(handle, mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        with suppress(FileNotFoundError):
            part.unlink()
        raise
    sync_folder(path.parent)


def sync_folder(folder: str | os.PathLike[str]) -> None:
    """Wait until the disk has a folder's names: before that, a renamed file isn't safe.

    Raises:
        OSError: the disk fails.
    """
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

"""Atomic files: complete after any crash, with their old or their new content."""

import os
from contextlib import suppress
from pathlib import Path

PART = ".part"
"""Ends the name of a file that isn't whole yet."""
FILE_MODE = 0o600
"""Plates are personal data: only this user may read new files."""


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

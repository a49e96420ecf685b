"""Files and folders that only this user may read, and that a power cut doesn't take away again."""

import os
from pathlib import Path

FILE_MODE = 0o600
FOLDER_MODE = 0o700


def make_private_folder(folder: Path) -> None:
    """Make a folder that only this user may enter, and those missing above it; one that is there stays as it is.

    Raises:
        OSError: it can't be made.
    """
    for missing in reversed([path for path in (folder, *folder.parents) if not path.exists()]):
        missing.mkdir(FOLDER_MODE, exist_ok=True)
        sync_folder(missing.parent)
    if not folder.is_dir():
        raise NotADirectoryError(20, os.strerror(20), str(folder))


def open_private(path: str | os.PathLike[str], flags: int) -> int:
    """Open a file as `os.open` does, and as an opener for `open`; one that is new may be read by this user alone."""
    return os.open(path, flags | os.O_CLOEXEC, FILE_MODE)


def sync_folder(folder: str | os.PathLike[str]) -> None:
    """Wait until the disk has a folder's names: a new or renamed file is not safe before.

    Raises:
        OSError: the disk fails.
    """
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

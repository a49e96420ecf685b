"""Files and folders that only this user may read, and that a power cut doesn't take away again."""

import os
from pathlib import Path

from lpr_edge.contract.whole_files import sync_folder as sync_folder  # for those that make files in such folders

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

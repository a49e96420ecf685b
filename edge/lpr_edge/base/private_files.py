"""Files and folders that only this user may read, and that survive a power failure."""

import os
from pathlib import Path

from lpr_edge.contract.whole_files import sync_folder as sync_folder  # for those that make files in such folders

FILE_MODE = 0o600
FOLDER_MODE = 0o700


def make_private_folder(folder: Path) -> None:
    """Create a folder, and missing parents, that only this user may enter; an existing one is unchanged.

    Raises:
        OSError: it can't be made.
    """
    for missing in reversed([path for path in (folder, *folder.parents) if not path.exists()]):
        missing.mkdir(FOLDER_MODE, exist_ok=True)
        sync_folder(missing.parent)
    if not folder.is_dir():
        raise NotADirectoryError(20, os.strerror(20), str(folder))


def open_private(path: str | os.PathLike[str], flags: int) -> int:
    """Open a file like `os.open`, usable as an opener for `open`; a new file is readable by this user only."""
    return os.open(path, flags | os.O_CLOEXEC, FILE_MODE)

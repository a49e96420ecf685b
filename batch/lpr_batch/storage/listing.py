"""The files below a folder."""

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from lpr_batch.storage.place import Place, StorageError, trying_again
from lpr_edge.contract.base.errors import SourceError
from lpr_edge.contract.base.pictures import is_hidden


def files_below(folder: Place) -> Iterator[str]:
    """Paths of all files in a folder and its folders, in order; those that a system puts there are left out.

    Raises:
        SourceError: the folder can't be listed.
    """
    try:
        found = _local_files(folder.path) if folder.is_local else trying_again(lambda: folder.files.find(folder.path))
        for path in found:
            if not any(is_hidden(Path(part)) for part in PurePosixPath(path[len(folder.path) :]).parts):
                yield path
    except (OSError, StorageError) as error:
        raise SourceError(f"{folder.name} can't be listed: {error}") from error


def _local_files(folder: str) -> Iterator[str]:
    def fail(error: OSError) -> None:
        raise error

    for where, folders, names in os.walk(folder, onerror=fail):
        folders.sort()
        yield from (os.path.join(where, name) for name in sorted(names))  # noqa: PTH118  # a Path each costs a million

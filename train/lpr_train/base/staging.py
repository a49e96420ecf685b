"""A folder that is written whole or not at all."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.base.text_files import shown


@contextmanager
def staged_folder(out: Path) -> Iterator[Path]:
    """A new folder next to `out` that becomes `out` at the end; after an error or Ctrl-C nothing of it is left.

    Raises:
        LprError: `out` has something in it, or can't be made.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise LprError(f"{shown(out)} exists already: give --out a new folder")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    except OSError as error:
        raise LprError(f"{shown(out)} can't be made: {error.strerror}. Give --out another folder.") from error
    try:
        yield folder
        folder.chmod(0o777 & ~_umask())
        folder.replace(out)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _umask() -> int:
    """The mask of new files' permissions, which can only be read by setting it."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask

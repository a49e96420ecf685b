"""A file or folder wherever it lies: on this machine, or behind a URL that fsspec knows, such as s3://."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from lpr_batch.base.extras import load_fsspec
from lpr_edge.contract.base.errors import DataError, LprError
from lpr_edge.contract.base.pictures import MAX_BYTES
from lpr_edge.contract.base.text_files import read_bytes
from lpr_edge.contract.base.url import redact

T = TypeVar("T")

PAUSES_S: Sequence[float] = (0.5, 2.0, 8.0)
"""Before each further try of what a storage didn't give."""
GONE = (FileNotFoundError, IsADirectoryError, NotADirectoryError)
"""Errors that say something about one file, not about the storage."""


class StorageError(Exception):
    """The storage doesn't answer, or refuses: nothing is known about the file, so it is read another time."""


@dataclass(frozen=True)
class Place:
    """A path in one of fsspec's file systems."""

    files: Any
    """The file system."""
    path: str
    """Without the protocol, as the file system wants it; absolute on this machine."""

    @property
    def is_local(self) -> bool:
        """Whether it lies in this machine's file system."""
        return is_local(self.files)

    @property
    def name(self) -> str:
        """The absolute path, or the URL without login: the same from every machine."""
        return self.path if self.is_local else str(self.files.unstrip_protocol(self.path))

    def joined(self, name: str) -> "Place":
        """A file of this folder."""
        return Place(self.files, f"{self.path.rstrip('/')}/{name}")


def is_local(files: Any) -> bool:
    """Whether a file system is this machine's own."""
    return "file" in (files.protocol if isinstance(files.protocol, tuple) else (files.protocol,))


def open_place(url: str) -> Place:
    """The place of a path or URL; nothing is read yet.

    Raises:
        LprError: the protocol is unknown, or needs a package that isn't installed.
    """
    fsspec = load_fsspec()
    try:
        files, path = fsspec.core.url_to_fs(url)
    except ImportError as error:
        raise LprError(f"{redact(url)} can't be opened: {error}") from error
    except ValueError as error:
        raise LprError(
            f"{redact(url)} can't be opened ({error}): give a folder, a file, or a URL such as s3://bucket/photos"
        ) from error
    return Place(files, path)


def read_file(place: Place) -> bytes:
    """The bytes of one picture's file.

    Raises:
        DataError: it is missing, too large, or no file.
        StorageError: the storage gives no answer, also after some tries.
    """
    try:
        if place.is_local:
            return read_bytes(Path(place.path), MAX_BYTES)
        return trying_again(lambda: bytes(place.files.cat_file(place.path)))
    except (*GONE, PermissionError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise DataError(f"no picture {place.name}: {reason}") from error
    except OSError as error:
        raise StorageError(f"{place.name}: {error}") from error


def trying_again(read: Callable[[], T], pauses_s: Sequence[float] | None = None) -> T:
    """What a storage gives, with some patience.

    Args:
        read: asks the storage.
        pauses_s: before each further try; None for the usual ones.

    Raises:
        OSError: of `GONE`, as it came, at once.
        StorageError: everything else, after the last try.
    """
    for pause_s in (*(PAUSES_S if pauses_s is None else pauses_s), None):
        try:
            return read()
        except GONE:
            raise
        except Exception as error:  # each storage's package has errors of its own
            if pause_s is None:
                raise StorageError(f"{type(error).__name__}: {error}") from error
            time.sleep(pause_s)
    raise AssertionError("the last try returns or raises")

"""Files that are there whole or not at all, in every storage."""

from pathlib import Path
from uuid import uuid4

from lpr_batch.storage.place import Place
from lpr_edge.contract.whole_files import PART, write_whole

OBJECT_STORES = ("s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "oss", "memory")
"""Protocols whose storage shows an object only once it is complete."""


def write_place(place: Place, data: bytes) -> None:
    """Write a file whole.

    Raises:
        OSError: it can't be written.
    """
    if place.is_local:
        write_whole(Path(place.path), data)
        return
    protocols = place.files.protocol
    if set(OBJECT_STORES) & set(protocols if isinstance(protocols, tuple) else (protocols,)):
        place.files.pipe_file(place.path, data)
        return
    folder, _, name = place.path.rpartition("/")
    part = f"{folder}/.{name}-{uuid4().hex}{PART}"
    place.files.pipe_file(part, data)
    place.files.mv(part, place.path)

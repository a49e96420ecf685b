"""Saves pictures of events: the best frame, and the rectified plate."""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from lpr_edge.base.private_files import make_private_folder, open_private, sync_folder
from lpr_edge.contract.records import delivery_key
from lpr_edge.delivery.sink import DeliveryError, SinkSettings, Site, StoredEvent, Target

OWN = "[0-9]*T[0-9]*-[0-9]*.jpg"
"""Pattern of the file names."""


class Snapshots:
    """`--snapshots`: `<id>.jpg` and `<id>-plate.jpg` in a folder; `<id>-left.jpg` and `<id>-left-plate.jpg` too."""

    name = "snapshots"
    wants_pictures = True

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def deliver(self, stored_event: StoredEvent) -> None:
        """Save an event's pictures, each atomically."""
        try:
            make_private_folder(self.folder)
            for name, jpeg in stored_event.pictures.items():
                _save(f"{self.folder}/{_file_name(delivery_key(stored_event.record), name)}", jpeg)
            sync_folder(self.folder)
        except OSError as error:
            raise DeliveryError(f"can't write to {self.folder}: {error.strerror}") from error

    def finished_files(self) -> Iterator[os.DirEntry[str]]:
        """The folder's own images, one by one: `Path.glob` would build the whole list first."""
        with suppress(FileNotFoundError, NotADirectoryError), os.scandir(self.folder) as entries:
            yield from (entry for entry in entries if fnmatchcase(entry.name, OWN))

    def growing_files(self) -> Iterable[Path]:
        """None: each image is written at once."""
        return ()

    def close(self) -> None:
        """Do nothing: every image is on the disk already."""


@dataclass(frozen=True)
class SnapshotSettings(SinkSettings):
    """Settings of the folder of pictures."""

    name = "snapshots"
    sends_records = False

    folder: Path | None = None
    """folder for each vehicle's best frame and its plate"""

    def open(self, _site: Site) -> Target:
        """See `SinkSettings.open`."""
        assert self.folder is not None
        return Snapshots(self.folder)

    def written_folders(self) -> Iterable[Path]:
        """The folder."""
        return () if self.folder is None else (self.folder,)


def _file_name(key: str, name: str) -> str:
    return f"{key}.jpg" if name == "frame" else f"{key}-{name}.jpg"


def _save(path: str, data: bytes) -> None:
    """Write a temporary file and rename it.

    Text, not `Path`: Python 3.12.0 to 3.12.5 keeps for ever each name that a `Path` had, which was 240 bytes an event
    (python/cpython issue 121780).
    """
    part = f"{path.removesuffix('.jpg')}.part"
    try:
        with open(part, "wb", opener=open_private) as file:
            file.write(data)
            os.fsync(file.fileno())
        os.replace(part, path)  # noqa: PTH105
    except OSError:
        with suppress(FileNotFoundError):
            os.unlink(part)  # noqa: PTH108
        raise

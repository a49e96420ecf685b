"""The history's pictures: JPEG files in a folder for each day, the oldest of which go when the quota is full."""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from lpr_edge.base.private_files import make_private_folder, open_private, sync_folder
from lpr_edge.history.entry import time_of

NAMES = ("frame", "plate")
LONGEST_SIDE = 1280
"""Larger frames are made smaller, in pixels: what identifies the vehicle stays, and the card lasts longer."""
QUALITY = 80


class PictureFolder:
    """Pictures of events by number."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, number: int, pictures: Mapping[str, bytes]) -> int:
        """Write an event's pictures; returns their size in bytes.

        Raises:
            OSError: the disk takes none.
        """
        wanted = {name: _reduced(pictures[name]) for name in NAMES if name in pictures}
        if not wanted:
            return 0
        day = self._day(number)
        make_private_folder(day)
        for name, jpeg in wanted.items():
            _write(day / f"{number}-{name}.jpg", jpeg)
        sync_folder(day)
        return sum(map(len, wanted.values()))

    def read(self, number: int, name: str) -> bytes | None:
        """One picture of an event; None where there is none, or none any more."""
        if name not in NAMES:
            return None
        try:
            return (self._day(number) / f"{number}-{name}.jpg").read_bytes()
        except OSError:
            return None

    def delete(self, number: int) -> None:
        """Delete an event's pictures, and the day's folder when it is empty."""
        day = self._day(number)
        for name in NAMES:
            with suppress(FileNotFoundError, NotADirectoryError):
                (day / f"{number}-{name}.jpg").unlink()
        with suppress(OSError):  # others are still there
            day.rmdir()

    def _day(self, number: int) -> Path:
        return self.folder / f"{time_of(number):%Y-%m-%d}"


def _reduced(jpeg: bytes) -> bytes:
    """The same picture with a longest side of at most LONGEST_SIDE pixels."""
    import cv2  # here, since `--help` loads this module for the sink's settings
    import numpy as np

    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        return jpeg
    scale = LONGEST_SIDE / max(image.shape[:2])
    if scale >= 1:
        return jpeg
    size_wh = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    small = cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()


def _write(path: Path, data: bytes) -> None:
    """Write a temporary file, then rename it: a picture is whole or not there."""
    part = path.with_suffix(".part")
    try:
        with open(part, "wb", opener=open_private) as file:  # `Path.open` takes no opener
            file.write(data)
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise

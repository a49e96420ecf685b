"""Images of the history: JPEG files in one folder per day; the oldest are deleted beyond the quota."""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lpr_edge.base.private_files import make_private_folder, open_private, sync_folder
from lpr_edge.history.entry import time_of

if TYPE_CHECKING:
    from lpr_edge.contract.base.arrays import Image

NAMES = ("frame", "plate")
LONGEST_SIDE = 1280
"""Larger frames are made smaller, in pixels: what identifies the vehicle stays, and the card lasts longer."""
QUALITY = 80
START, COMMENT = b"\xff\xd8", b"\xff\xfe"
"""JPEG's markers of an image's beginning and of a comment."""
SCALE = b"lpr scale "
"""Beginning of the comment that says how much smaller a picture is than the frame that the event's corners refer to."""


class PictureFolder:
    """Images of events by event number."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, number: int, pictures: Mapping[str, bytes]) -> int:
        """Write an event's images; returns their size in bytes.

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
        """Read one image of an event; None without one, or after its deletion."""
        if name not in NAMES:
            return None
        try:
            return (self._day(number) / f"{number}-{name}.jpg").read_bytes()
        except OSError:
            return None

    def read_frame(self, number: int) -> "tuple[Image, float] | None":
        """An event's frame (H, W, 3) uint8, BGR, and its size relative to the camera's.

        None where there is none, or where nobody knows how much smaller it is: an older lpr stored it.
        """
        jpeg = self.read(number, "frame")
        image = None if jpeg is None else _decoded(jpeg)
        if jpeg is None or image is None:
            return None
        scale = _scale_of(jpeg, max(image.shape[:2]))
        return None if scale is None else (image, scale)

    def delete(self, number: int) -> None:
        """Delete an event's images, and the day's folder if it is empty."""
        day = self._day(number)
        for name in NAMES:
            with suppress(FileNotFoundError, NotADirectoryError):
                (day / f"{number}-{name}.jpg").unlink()
        with suppress(OSError):  # others are still there
            day.rmdir()

    def _day(self, number: int) -> Path:
        return self.folder / f"{time_of(number):%Y-%m-%d}"


def _reduced(jpeg: bytes) -> bytes:
    """Reduce a JPEG to a longest side of at most LONGEST_SIDE pixels."""
    import cv2  # here, since `--help` loads this module for the sink's settings

    image = _decoded(jpeg)
    if image is None:
        return jpeg
    scale = LONGEST_SIDE / max(image.shape[:2])
    if scale >= 1:
        return _with_scale(jpeg, 1.0) if scale == 1 else jpeg
    size_wh = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    small = cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA)
    return _with_scale(cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes(), scale)


def _decoded(jpeg: bytes) -> "Image | None":
    import cv2  # as in `_reduced`
    import numpy as np

    image: Any = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    return None if image is None else np.asarray(image, np.uint8)


def _with_scale(jpeg: bytes, scale: float) -> bytes:
    comment = SCALE + f"{scale:.6f}".encode()
    return START + COMMENT + (len(comment) + 2).to_bytes(2, "big") + comment + jpeg[len(START) :]


def _scale_of(jpeg: bytes, longest_side: int) -> float | None:
    """What the comment says; without one, a picture below the limit was never made smaller."""
    begin = len(START) + len(COMMENT)
    if jpeg.startswith(START + COMMENT):
        comment = jpeg[begin + 2 : begin + int.from_bytes(jpeg[begin : begin + 2], "big")]
        if comment.startswith(SCALE):
            return float(comment[len(SCALE) :])
    return 1.0 if longest_side < LONGEST_SIDE else None


def _write(path: Path, data: bytes) -> None:
    """Write a temporary file, then rename it: an image is complete or absent."""
    part = path.with_suffix(".part")
    try:
        with open(part, "wb", opener=open_private) as file:  # `Path.open` takes no opener
            file.write(data)
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise

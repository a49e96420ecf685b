"""Save annotated images and videos."""

import os
import re
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path

import cv2
import numpy as np

from lpr_edge.base.log import log_info
from lpr_edge.base.private_files import make_private_folder, open_private
from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.base.errors import LprError
from lpr_edge.output.fragmented_mp4 import FragmentedMp4

CODECS = {".mp4": "mp4v", ".avi": "MJPG", ".mkv": "mp4v"}
"""Encoders that pip's OpenCV carries everywhere."""


class VideoFile:
    """A video with the timing of its source, also if frames were skipped."""

    def __init__(self, path: Path, fps: float) -> None:
        """Prepare a video; the first image creates the file and sets its size.

        Raises:
            LprError: the name's ending is of no known format.
        """
        if path.suffix.lower() not in CODECS:
            raise LprError(f"can't save a video as {path.name}: its name must end in {', '.join(CODECS)}")
        self.path = path
        self.fps = fps
        self._writer: cv2.VideoWriter | FragmentedMp4 | None = None
        self._size_wh = (0, 0)
        self._start = datetime.min
        self._count = 0

    def write(self, picture: Image, time: datetime) -> None:
        """Add an image, repeated until the video has reached its time.

        Raises:
            LprError: the file can't be written.
        """
        if self._writer is None:
            self._begin(picture, time)
        due = round((time - self._start).total_seconds() * self.fps) + 1 - self._count
        fitted = fit(picture, self._size_wh)
        for _ in range(max(1, due)):
            self._writer.write(fitted)  # type: ignore[union-attr]  # _begin has made it
        self._count += max(1, due)

    def close(self) -> None:
        """Finish the file."""
        if self._writer is not None:
            self._writer.release()

    def _begin(self, picture: Image, time: datetime) -> None:
        self._size_wh = (picture.shape[1] // 2 * 2, picture.shape[0] // 2 * 2)  # encoders want even sides
        self._start = time
        code = cv2.VideoWriter.fourcc(*CODECS[self.path.suffix.lower()])
        try:
            set_aside(self.path)
            if self.path.suffix.lower() == ".mp4":
                self._writer = FragmentedMp4(self.path, code, self.fps, self._size_wh)
                return
            os.close(open_private(self.path, os.O_WRONLY | os.O_CREAT))
            self._writer = cv2.VideoWriter(str(self.path), code, self.fps, self._size_wh)
            can_write = self._writer.isOpened()
        except OSError:
            can_write = False
        if not can_write:
            raise LprError(f"can't write the video {self.path}: does its folder exist, and may you write there?")


def set_aside(path: Path) -> None:
    """Rename a recording of an earlier run by its time, so that a restarted service doesn't overwrite it.

    Raises:
        OSError: it can't be renamed.
    """
    if not path.is_file() or not path.stat().st_size:
        return
    written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    stem = f"{path.stem}-{written:%Y%m%dT%H%M%SZ}"
    names = chain([stem], (f"{stem}-{number}" for number in count(2)))
    place = next(place for name in names if not (place := path.with_name(name + path.suffix)).exists())
    path.rename(place)
    log_info(f"{path} was there already: it is {place} now")


def fit(picture: Image, size_wh: tuple[int, int]) -> Image:
    """Resize an image (H, W, 3) to a size, with black bars if the aspect ratios differ."""
    width, height = size_wh
    scale = min(width / picture.shape[1], height / picture.shape[0])
    if abs(scale - 1) < 1e-9 and picture.shape[:2] == (height, width):
        return picture
    inner = (min(width, round(picture.shape[1] * scale)), min(height, round(picture.shape[0] * scale)))
    fitted = np.zeros((height, width, 3), np.uint8)
    fitted[: inner[1], : inner[0]] = cv2.resize(picture, inner, interpolation=cv2.INTER_AREA)
    return fitted


class ImageFolder:
    """A folder of saved images."""

    def __init__(self, folder: Path, source: str) -> None:
        """Create the folder.

        Raises:
            LprError: it can't be made, or is the source's own, whose pictures would be overwritten.
        """
        read_from = Path(source) if Path(source).is_dir() else Path(source).parent
        if Path(source).exists() and folder.resolve() == read_from.resolve():
            raise LprError(f"--save-images {folder} would overwrite the pictures that are read: give another folder")
        try:
            make_private_folder(folder)
        except OSError as error:
            raise LprError(f"can't make the folder {folder}: {error.strerror}") from error
        self.folder = folder

    def write(self, picture: Image, name: str) -> None:
        """Save an image under a file name.

        Raises:
            LprError: the file can't be written.
        """
        path = self.folder / name
        try:
            data = cv2.imencode(path.suffix, picture)[1].tobytes()
            with open(path, "wb", opener=open_private) as file:  # `Path.open` takes no opener
                file.write(data)
        except (OSError, cv2.error) as error:
            raise LprError(f"can't write {path}: is the disk full, or the folder protected?") from error


def file_name(source: str, index: int) -> str:
    """File name for a frame of a video, camera or stream: `camera-0-000123.jpg`."""
    stem = re.sub(r"\W+", "-", Path(source).stem).strip("-")
    return f"{stem}-{index:06d}.jpg"

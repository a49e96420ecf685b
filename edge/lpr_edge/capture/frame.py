"""Frames, and the source that they come from."""

from collections.abc import Generator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from lpr_edge.contract.base.arrays import Image


@dataclass(frozen=True)
class Frame:
    """One image of a source."""

    image_bgr: Image
    """(H, W, 3) uint8."""
    source: str
    """The file, the stream, or `camera 0`."""
    index: int
    """Of the frame in its source, from 0; a camera's skipped frames are counted."""
    time: datetime
    """When it was taken, UTC: by the clock for cameras and streams; for a clip its position added to the file's
    modification time, so that the same file gives the same times; for a picture the modification time."""
    age_ms: float | None = None
    """How long ago it was grabbed when it was handed out; None where it doesn't age, in files."""


@dataclass(frozen=True)
class UnreadableImage:
    """An image file that can't be read; the other files of its folder are still read."""

    source: str
    error: str
    index: int = 0


@dataclass(frozen=True)
class NoFrame:
    """A moment without an image: a live source is slow or being reconnected, or the clock was set."""

    source: str
    time: datetime
    """By the clock, UTC."""
    clock_set: timedelta = timedelta()
    """By how much the clock was set just now: what was seen before is to be moved along."""


Frames = Generator[Frame | UnreadableImage | NoFrame, None, None]
"""What comes from a source, in order."""


@dataclass(frozen=True)
class Source:
    """An opened camera, stream, file or folder."""

    name: str
    kind: Literal["stills", "clip", "live"]
    """`stills` are unrelated pictures; a `clip` gives every frame; what is `live` gives the newest."""
    fps: float
    """Frames a second, as the source says; 1 for stills."""
    frames: Frames
    """Ends with SourceError where it ends before its time."""

    def close(self) -> None:
        """Release the camera, stream or file; no more frames follow."""
        self.frames.close()

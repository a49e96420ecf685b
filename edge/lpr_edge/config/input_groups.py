"""Settings of what comes in: frames, models and their updates, readings; the text of a field is its flag's help."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from lpr_edge.capture.source_address import SourceAddress, StreamUrl
from lpr_edge.config.choices import EventKinds, UpdateChannel
from lpr_edge.config.extensions import AUTO, RuntimeName
from lpr_edge.contract.base.units import NO_TIME, FrameSize, format_duration, require_setting
from lpr_edge.contract.base.url import HttpUrl
from lpr_edge.regions.shapes import TILES_AUTO, Line, Region, Tiling

ONLY_CAMERA = ("size` or `fps", "given", "left out where `source` is read: they are asked of a camera")
USUAL_FPS = 10.0
"""Frames a second that a live source is read at, at least, where nothing else is asked for."""
KEY = "cameras"
"""Of the tables in a file."""
MIN_EVERY = timedelta(minutes=1)


class RepositoryUrl(HttpUrl):
    """The address of a repository of models."""

    example = "https://models.example.org/lpr"


@dataclass(frozen=True)
class CaptureConfig:
    """Settings of the source of frames."""

    camera: int | None = None
    """read the camera of that number; 0 is the first"""
    source: SourceAddress | None = None
    """read a picture, a folder of pictures, a video file or a stream's URL"""
    source_name: str = ""
    """what records call the source, in place of its address; of pictures, their names follow it"""
    size: FrameSize | None = None
    """ask the camera for pictures of this size, such as 1280x720"""
    fps: float | None = None
    """ask the camera for so many pictures a second"""
    rotate: int = 0
    """turn pictures clockwise by 90, 180 or 270 degrees"""
    every: int = 1
    """read one frame of so many"""
    roi: Region | None = None
    """read plates in this part alone: corners in shares of width and height, '0.1,0.5 0.9,0.5 0.9,1 0.1,1'"""
    tiles: Tiling = TILES_AUTO
    """look at large frames in tiles, too: auto, off, or columns and rows such as 4x3; auto is for frames more than two
    and a half times as wide as the detector's input, such as 720p"""
    line: Line | None = None
    """vehicles go in or out over this line: its ends in shares of width and height, '0,0.6 1,0.6'; in is downwards
    where it is drawn from left to right"""
    give_up: timedelta = NO_TIME
    """stop when a camera or stream that was lost isn't back for so long; 0 waits for ever"""

    def __post_init__(self) -> None:
        """Reject values that no camera or file can have."""
        require_setting(
            self.camera is None or not self.source, "camera", self.camera, "left out where `source` is given"
        )
        require_setting(self.camera is None or self.camera >= 0, "camera", self.camera, "0 or more")
        require_setting(self.rotate in (0, 90, 180, 270), "rotate", self.rotate, "0, 90, 180 or 270")
        require_setting(self.every >= 1, "every", self.every, "1 or more")
        require_setting(self.fps is None or 0 < self.fps <= 1000, "fps", self.fps, "more than 0")
        require_setting(self.camera is not None or not self.source or not (self.size or self.fps), *ONLY_CAMERA)

    @property
    def size_wh(self) -> tuple[int, int] | None:
        """Requested width and height of the camera."""
        return (self.size.width, self.size.height) if self.size else None

    @property
    def frame_budget_s(self) -> float | None:
        """Seconds for a frame's tiles, since a live source doesn't wait; None for a file, which does."""
        return 1 / (self.fps or USUAL_FPS) if self.is_live else None

    @property
    def is_live(self) -> bool:
        """Whether the source is live: a camera or a stream."""
        return self.camera is not None or isinstance(self.source, StreamUrl)

    @property
    def is_given(self) -> bool:
        """Whether a source is set."""
        return self.camera is not None or self.source is not None


@dataclass(frozen=True)
class ModelConfig:
    """Settings of the models and of the runtime."""

    detector: Path | None = None
    """find plates with this model, not the shipped one"""
    reader: Path | None = None
    """read plates with this model, not the shipped one"""
    classifier: Path | None = None
    """for --characters: this model, not the shipped one"""
    runtime: RuntimeName = AUTO
    """what runs the models: auto, litert, tflite, onnxruntime or opencv"""
    threads: int = 1
    """for each model"""

    def __post_init__(self) -> None:
        """Reject a number of threads below 1."""
        require_setting(self.threads >= 1, "threads", self.threads, "1 or more")


@dataclass(frozen=True)
class UpdateConfig:
    """Settings of model updates."""

    models: RepositoryUrl | None = None
    """take models from the TUF repository at this URL, checked before they are used; off without it"""
    models_root: Path | None = None
    """root metadata file of the repository, which its publisher gave: what is signed otherwise is refused"""
    models_channel: UpdateChannel = UpdateChannel.AUTO
    """stable, canary, or auto: canary for the share of devices that the publisher wants, by a hash of --device"""
    models_every: timedelta = timedelta(hours=6)
    """time from one look for updates to the next"""

    def __post_init__(self) -> None:
        """Reject an address without a root, and an unlimited check."""
        has_root = self.models_root is not None
        require_setting(has_root or not self.models, "models_root", "missing", "given where `models` is")
        require_setting(bool(self.models) or not has_root, "models_root", self.models_root, "left out without `models`")
        every = self.models_every
        require_setting(every >= MIN_EVERY, "models_every", repr(format_duration(every)), "1m or more")


@dataclass(frozen=True)
class ReadingConfig:
    """Settings of reading: which readings become records."""

    min_confidence: float | None = None
    """leave out plates whose reading is less likely to be right than this, 0 to 1 (default: in photographs what the
    reader's file says, from which on nearly all readings are right; 0.5 in clips and cameras)"""
    any_text: bool = False
    """an event also for a text that no form of the country allows, such as a plate from abroad, or a part of one"""
    tta: int | None = None
    """proposals of a picture that are seen again in three views, at most, its tiles too (default: 8 in photographs;
    0 in clips and cameras, which show a plate more than once)"""
    every_frame: bool = False
    """a record for each frame, not for each vehicle"""
    events: EventKinds = EventKinds.PLATE
    """plate: an event for each vehicle; all: another one, `left`, when it has left, with dwell time and direction"""
    gap: timedelta = timedelta(seconds=10)
    """a vehicle that is back before so long has no second event"""
    max_frames: int | None = None
    """stop after so many frames or pictures"""

    def __post_init__(self) -> None:
        """Reject values out of range."""
        require_setting(self.tta is None or self.tta >= 0, "tta", self.tta, "0 or more")
        least = self.min_confidence
        require_setting(least is None or 0 <= least <= 1, "min_confidence", least, "0 to 1")
        require_setting(self.max_frames is None or self.max_frames >= 1, "max_frames", self.max_frames, "1 or more")


@dataclass(frozen=True)
class CameraSettings:
    """One of several cameras, with its own settings."""

    name: str
    values: Mapping[str, Any]
    """By key, as `check_table` returns them; other settings are those of the whole file."""

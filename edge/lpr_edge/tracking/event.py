"""An event: one vehicle's visit, as it is reported."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from lpr_edge.capture.frame import Frame
from lpr_edge.contract.base.arrays import Image, Quad
from lpr_edge.vision.plates import PlateReading, Reading


@dataclass(frozen=True)
class Vote:
    """A text that some frames of a vehicle read."""

    text: str
    frames: int
    confidence: float
    """Highest of their readings."""


@dataclass(frozen=True)
class Event:
    """A plate that was read, or the departure of its vehicle."""

    id: str
    """The time it was first seen, and the vehicle's number: the same for the same clip, and for both kinds."""
    plate: PlateReading
    """What all readings together say, where it stood in `frame`."""
    frame: Frame
    """That of the highest-confidence reading of this text, or else of this shape."""
    first_seen: datetime
    """When the plate came into sight, read or not."""
    last_seen: datetime
    frames: int
    """In how many frames it was read, whatever the text."""
    votes: tuple[Vote, ...]
    """What was read, the most frequent first."""
    kind: Literal["plate", "left"] = "plate"
    """`left` after its vehicle has left; `plate` before."""
    direction: str | None = None
    """See `Path.direction`."""

    @property
    def dwell_s(self) -> float:
        """How long the vehicle was visible, in seconds."""
        return (self.last_seen - self.first_seen).total_seconds()

    @property
    def frame_bgr(self) -> Image:
        """(H, W, 3) uint8: the frame that shows the plate best."""
        return self.frame.image_bgr

    @property
    def quad_xy(self) -> Quad:
        """(4, 2) float32 corners of the plate in that frame."""
        return self.plate.reading.quad_xy

    @property
    def voted(self) -> Reading:
        """The reading that results from the vote over all frames."""
        return self.plate.reading

"""What the Python API returns: plates, and the events of vehicles."""

from dataclasses import dataclass
from datetime import datetime

from lpr_edge.contract.base.arrays import Image, Quad
from lpr_edge.tracking.event import Event
from lpr_edge.vision.plates import PlateReading


@dataclass(frozen=True)
class Plate:
    """A plate with its text and corners."""

    text: str
    """The registration without spaces, in the plate's own script, NFC."""
    rows: tuple[str, ...]
    """The text of each row, from the top."""
    latin: str
    """The registration in Latin letters and digits."""
    valid: bool
    """Whether the country's grammar allows the text."""
    fields: dict[str, str]
    """What the parts mean: `form`, `zone`, `lot`, `class`, `number` and so on; empty where the text isn't valid."""
    confidence: float
    """Probability that the whole text is right, 0..1."""
    quad_xy: Quad
    """(4, 2) float32 corners in pixels, clockwise from the plate's own top left."""


@dataclass(frozen=True)
class PlateEvent:
    """One vehicle's visit: its plate, voted over all frames that show it."""

    id: str
    source: str
    first_seen: datetime
    """When the plate was first seen, UTC."""
    last_seen: datetime
    frames: int
    """Number of frames in which the plate was read."""
    plate: Plate
    frame_bgr: Image
    """(H, W, 3) uint8: the frame that shows the plate best; `plate.quad_xy` belongs to it."""


def plate_of(plate: PlateReading) -> Plate:
    """The public form of a plate's reading."""
    reading = plate.reading
    return Plate(
        reading.text,
        reading.rows,
        reading.parsed.latin,
        reading.parsed.valid,
        reading.parsed.named_fields,
        reading.confidence,
        reading.quad_xy,
    )


def event_of(event: Event) -> PlateEvent:
    """The public form of a vehicle's event."""
    frame = event.frame
    return PlateEvent(
        event.id,
        frame.source,
        event.first_seen,
        event.last_seen,
        event.frames,
        plate_of(event.plate),
        frame.image_bgr,
    )

"""An example to collect: a frame or crop with its label line."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from lpr_edge.contract.base.arrays import Image, Quad
from lpr_edge.contract.country import Country
from lpr_edge.contract.data.label_file import HAND, READING, TRAINING_SPLIT, UNLABELLED
from lpr_edge.contract.geometry import grow_quad
from lpr_edge.contract.records import iso_time

SOURCE = "collected"
"""What labels call the source of all that a device has collected."""
CROP_MARGIN = 0.25
"""Around a plate that is kept as a crop, relative to its size on each side."""


@dataclass(frozen=True)
class LabelledPlate:
    """A plate of an example: corners, text and the origin of the label."""

    quad_xy: Quad
    """(4, 2) corners in the frame's pixels, clockwise from the plate's own top left."""
    rows: tuple[str, ...]
    """The text that it is labelled with."""
    label: str
    """Who says so: `vote`, `reading` or `hand`."""
    confidence: float
    """Of that text; 1 where a person says so."""
    read: str = ""
    """What this frame alone read, where that differs."""


@dataclass(frozen=True)
class Example:
    """A frame and its plates."""

    frame_bgr: Image
    camera: str
    """The frame's source, as records call it."""
    time: datetime
    plates: tuple[LabelledPlate, ...]
    event: str = ""
    """Id of the event that a person corrected; empty for what the device picked."""

    @property
    def split(self) -> str:
        """Split of the example: votes and hand labels are for training, a single reading waits for a person."""
        return UNLABELLED if any(plate.label == READING for plate in self.plates) else TRAINING_SPLIT

    def as_crop(self) -> "Example":
        """Crop the only plate with a margin."""
        (plate,) = self.plates
        height, width = self.frame_bgr.shape[:2]
        around = grow_quad(plate.quad_xy, CROP_MARGIN)
        left, top = np.floor(around.min(axis=0)).astype(int).clip(0, (width - 1, height - 1))
        right, bottom = np.ceil(around.max(axis=0)).astype(int).clip((left + 1, top + 1), (width, height))
        crop = np.ascontiguousarray(self.frame_bgr[top:bottom, left:right])
        quad_xy = np.asarray(plate.quad_xy - (left, top), np.float32)
        moved = LabelledPlate(quad_xy, plate.rows, plate.label, plate.confidence, plate.read)
        return Example(crop, self.camera, self.time, (moved,), self.event)

    def line(self, image: str, country: Country) -> str:
        """Make the label line.

        Args:
            image: the picture's file name.
            country: names the scripts.
        """
        height, width = self.frame_bgr.shape[:2]
        about = {"image": image, "width": width, "height": height, "split": self.split, "source": SOURCE}
        about |= {"camera": self.camera, "collected": iso_time(self.time)}
        about |= {"event": self.event} if self.event else {}
        return json.dumps(about | {"plates": [_values(plate, country) for plate in self.plates]}, ensure_ascii=False)


def _values(plate: LabelledPlate, country: Country) -> dict[str, Any]:
    text = "".join(plate.rows)
    return {
        "quad": np.round(plate.quad_xy.astype(float), 1).tolist(),
        "rows": list(plate.rows),
        "legible": "full" if text else "none",
        "kind": script_of(plate.rows, country),
        "label": plate.label,
        "confidence": round(plate.confidence, 4),
    } | ({"read": plate.read} if plate.read else {})


def script_of(rows: Sequence[str], country: Country) -> str:
    """The `kind` of a plate with this text: the country's script, or `latin` if all characters are ASCII."""
    own = country.script or ""
    is_latin_country = all(label.isascii() for label in country.labels)
    return "latin" if own and not is_latin_country and any(rows) and all(row.isascii() for row in rows) else own


def hand_plate(quad_xy: Quad, rows: Sequence[str]) -> LabelledPlate:
    """Make a plate with a text that a person typed."""
    return LabelledPlate(quad_xy, tuple(rows), HAND, 1.0)

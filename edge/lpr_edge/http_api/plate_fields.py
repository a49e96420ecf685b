"""Fields of a plate that the interfaces share."""

import numpy as np

from lpr_edge.contract.records import Record
from lpr_edge.text.bare_text import bare
from lpr_edge.vision.plates import PlateReading

ANY_RECORD: Record = {"type": "object", "description": "the plate as lpr's own record has it, in its own script"}


def latin_plate(plate: PlateReading) -> str:
    """A plate in lower-case Latin letters and digits without spaces, which clients of these interfaces compare."""
    return bare(plate.reading.parsed.latin).lower()


def bounding_box(plate: PlateReading, size_wh: tuple[int, int]) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of a plate in whole pixels, inside its image."""
    low, high = plate.reading.quad_xy.min(axis=0), plate.reading.quad_xy.max(axis=0)
    left, top = (int(value) for value in np.clip(np.floor(low), 0, size_wh))
    right, bottom = (int(value) for value in np.clip(np.ceil(high), 0, size_wh))
    return left, top, right, bottom

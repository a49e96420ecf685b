"""Corrections by a person, stored as hand-labelled examples, for pages that show past events."""

from collections.abc import Sequence
from datetime import UTC, datetime

from lpr_edge.collect.collect_folder import CollectFolder
from lpr_edge.collect.example import Example, hand_plate
from lpr_edge.contract.base.arrays import Image, Quad
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.country import Country


def keep_correction(
    folder: CollectFolder,
    country: Country,
    frame_bgr: Image,
    quad_xy: Quad,
    rows: Sequence[str],
    camera: str,
    time: datetime | None = None,
) -> list[str]:
    """Store a frame with the corrected text; its label is `hand`, and retention never deletes it.

    Args:
        folder: where collected examples are.
        country: of the plate.
        frame_bgr: (H, W, 3) uint8 picture of the event.
        quad_xy: (4, 2) corners of the plate in it.
        rows: the right text, row by row; `?` for a character that nobody can read.
        camera: the event's source.
        time: of the frame; None for now.

    Returns:
        The picture's name in the folder; none where there is no room.

    Raises:
        LprError: the text has a sign that isn't in the country's alphabet.
        OSError: the disk doesn't take it.
    """
    cut = tuple("".join(country.tokenize(row)) for row in rows)
    cut = tuple(row for row in cut if row)
    if not cut:
        raise LprError("a correction needs the plate's text: write it row by row, with ? for what can't be read")
    return folder.add(Example(frame_bgr, camera, time or datetime.now(UTC), (hand_plate(quad_xy, cut),)))

"""Corrections by a person, stored as hand-labelled examples, for pages that show past events."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import combinations, pairwise
from typing import Any

import numpy as np

from lpr_edge.base.log import warn
from lpr_edge.collect.collect_folder import CollectFolder
from lpr_edge.collect.example import Example, hand_plate
from lpr_edge.contract.base.arrays import Image, Quad
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.country import Country
from lpr_edge.contract.geometry import is_convex
from lpr_edge.contract.metrics import edit_distance


class CorrectionKeeper:
    """Keeps corrected events of a history as examples; what can't be kept is said, and the correction stands."""

    def __init__(self, open_folder: Callable[[], CollectFolder], country: Country) -> None:
        """Take where they go.

        Args:
            open_folder: opens the folder of collected examples, once there is one to keep.
            country: of the plates.
        """
        self._open_folder = open_folder
        self._folder: CollectFolder | None = None
        self._country = country

    def keep(self, record: Mapping[str, Any], text: str, frame_bgr: Image, scale: float) -> None:
        """Keep an event's frame with the text that a person corrected, in place of an earlier correction of it.

        Args:
            record: of the event; its corners are in pixels of the frame as the camera gave it.
            text: the right text, rows joined.
            frame_bgr: (H, W, 3) uint8 stored picture.
            scale: its size relative to the camera's frame.
        """
        try:
            quad_xy = scale * np.asarray(record["quad"], np.float32)
            if quad_xy.shape != (4, 2) or not is_convex(quad_xy):
                raise LprError("its record has no corners")
            rows = rows_like(text, [str(row) for row in record.get("rows", ())], self._country)
            time = datetime.fromisoformat(record["last_seen"])
            camera, event = str(record.get("source", "")), str(record["id"])
            self._folder = self._folder or self._open_folder()
            kept = keep_correction(self._folder, self._country, frame_bgr, quad_xy, rows, camera, time, event)
            if not kept:
                raise LprError("--collect-quota is full of examples labelled by hand")
        except (LprError, OSError, KeyError, TypeError, ValueError) as error:
            warn(f"the correction of {record.get('id')} isn't kept for training: {error}")


def keep_correction(
    folder: CollectFolder,
    country: Country,
    frame_bgr: Image,
    quad_xy: Quad,
    rows: Sequence[str],
    camera: str,
    time: datetime | None = None,
    event: str = "",
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
        event: its id: an earlier correction of the same event is replaced.

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
    return folder.add(Example(frame_bgr, camera, time or datetime.now(UTC), (hand_plate(quad_xy, cut),), event))


def rows_like(text: str, read: Sequence[str], country: Country) -> list[str]:
    """Break a corrected text into rows where it was read with row breaks.

    Args:
        text: the right text, rows joined.
        read: the rows as they were read.
        country: of the plate.

    Returns:
        As many rows, each as much like the one that was read as can be; one where fewer labels than rows are left.

    Raises:
        LprError: the text has a sign that isn't in the country's alphabet.
    """
    labels = country.tokenize(text)
    before = [country.tokenize(row) for row in read if row]
    if not 1 < len(before) <= len(labels):
        return [text]
    parts = min(_in_rows(labels, len(before)), key=lambda parts: _changes(parts, before))
    return ["".join(part) for part in parts]


def _in_rows(labels: Sequence[str], count: int) -> Iterator[list[Sequence[str]]]:
    """Every way to part labels into rows, none of them empty."""
    for breaks in combinations(range(1, len(labels)), count - 1):
        ends = (0, *breaks, len(labels))
        yield [labels[start:end] for start, end in pairwise(ends)]


def _changes(parts: Sequence[Sequence[str]], before: Sequence[Sequence[str]]) -> int:
    return sum(edit_distance(list(own), list(read)) for own, read in zip(parts, before, strict=True))

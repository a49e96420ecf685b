"""Readings of which it is known whether they are right: what a confidence is fitted to, and judged by."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from lpr_bench.accuracy.plates import ReadPlate
from lpr_edge.contract.arrays import Image
from lpr_edge.contract.country import UNREADABLE
from lpr_edge.contract.data import PlateLabel, PlatePhoto
from lpr_edge.contract.metrics import Matches
from lpr_edge.vision.reader import Reading

LONGEST_SIGN = 8
"""Code points of a sign: प्रदेश has six."""


@dataclass(frozen=True)
class Judged:
    """A reading, and whether it is right."""

    image: str
    """The photograph's file name."""
    reading: Reading
    right: bool
    label: PlateLabel | None
    """The plate it was read from; None where none is."""


class Judgement:
    """Collects the readings of scored photographs."""

    def __init__(self) -> None:
        self.readings: list[Judged] = []

    def watch(self, photo: PlatePhoto, _: Image, found: Sequence[ReadPlate], matches: Matches) -> None:
        """Take a photograph's readings, but those of which nothing is known."""
        labels = {index: photo.plates[true] for index, true in matches.pairs}
        for index, plate in enumerate(found):
            right = is_right(plate.text, labels.get(index))
            if plate.reading and plate.text and right is not None:
                self.readings.append(Judged(photo.path.name, plate.reading, right, labels.get(index)))


def is_right(text: str, label: PlateLabel | None) -> bool | None:
    """Tell whether a text is what a plate says; None where that can't be told.

    What is read where no plate is is wrong, and so is what contradicts the readable part of a plate; of what agrees
    with it, nothing is known.
    """
    if label is None:
        return False
    if label.legible == "full":
        return text == "".join(label.text_rows)
    return None if re.fullmatch(_pattern(label.text_rows), text) else False


def _pattern(rows: Sequence[str]) -> str:
    """What texts agree with rows that can't all be read: `?` is one sign, or all of a row where it stands alone."""
    sign = f".{{1,{LONGEST_SIGN}}}"
    return "".join(".*" if set(row) == {UNREADABLE} else re.escape(row).replace(r"\?", sign) for row in rows)

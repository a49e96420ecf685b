"""Positions of the characters on real plates, by forced alignment of a reader's outputs."""

from collections.abc import Mapping, Sequence

import numpy as np

from lpr_edge.contract.base.arrays import Floats
from lpr_train.data.plate_views import moved
from lpr_train.data.real_plates import RealPlate
from lpr_train.targets.forced_alignment import align_characters
from lpr_train.targets.heat_maps import UNKNOWN, PlacedCharacter


def aligned_plates(
    plates: Sequence[RealPlate], outputs: Sequence[Mapping[str, Floats]], index: Mapping[str, int], margin: float
) -> list[RealPlate]:
    """Locate the characters of each plate whose label has no boxes.

    Args:
        plates: real plates.
        outputs: a reader's outputs for each of them, by role.
        index: of each label.
        margin: the reader's margin around a plate's corners, relative to its size.
    """
    return [
        plate if plate.has_boxes else plate.with_places(_places(own, plate, index, margin))
        for own, plate in zip(outputs, plates, strict=True)
    ]


def _places(
    heads: Mapping[str, Floats], plate: RealPlate, index: Mapping[str, int], margin: float
) -> list[PlacedCharacter] | None:
    """Align a plate's characters; positions in fractions of the plate without the reader's margin."""
    rows = [[index.get(label, UNKNOWN) for label in row] for row in plate.known_rows]
    found = align_characters(dict(heads), rows)
    scale = 1 + 2 * margin
    back = np.array([[scale, 0, -margin], [0, scale, -margin], [0, 0, 1]])
    return None if found is None else [moved(character, back) for character in found]

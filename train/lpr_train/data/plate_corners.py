"""How well a reader corrects wrong corners of real plates."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lpr_edge.contract.base.arrays import Floats
from lpr_edge.contract.geometry import quad_iou
from lpr_edge.contract.outputs import corrected_corners
from lpr_train.data.real_plates import RealPlate


def with_corrected_corners(plates: Sequence[RealPlate], codes: Floats, margin: float) -> list[RealPlate]:
    """Move each plate's corners to where a reader sees the true ones.

    Args:
        plates: with the corners that they were shown at.
        codes: (plates, 8) the reader's `corners`.
        margin: the reader's margin, relative to the plate's size.
    """
    return [
        replace(plate, quad_xy=corrected_corners(plate.quad_xy, own, margin))
        for plate, own in zip(plates, codes, strict=True)
    ]


def mean_iou(plates: Sequence[RealPlate], true: Sequence[RealPlate]) -> float:
    """Mean IoU of the plates' corners with those of the same plates in `true`."""
    return float(np.mean([quad_iou(plate.quad_xy, own.quad_xy) for plate, own in zip(plates, true, strict=True)]))

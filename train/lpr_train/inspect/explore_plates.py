"""Explore labelled photographs and plate crops: counts, and a sheet of rectified plates with their texts."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.base.pictures import read_picture
from lpr_edge.contract.country import Country
from lpr_edge.contract.data.datasets import CROPS, find_dataset, has_dataset
from lpr_edge.contract.data.label_file import TRAINING_SPLIT
from lpr_edge.contract.data.plate_photos import PlateLabel, PlatePhoto, load_plates_and_crops
from lpr_edge.contract.geometry import grow_quad, is_convex, rectify
from lpr_train.base.findings import Report
from lpr_train.inspect.check_plates import check_plates
from lpr_train.inspect.explore_plots import spread
from lpr_train.report.plots import INK, grid, save_picture, write_label

PLATES_EACH = 10
"""Plates of each source on the sheet."""
SIZE_HW = (72, 144)
"""Pixels of a plate on the sheet; all are stretched to it, as a reader sees them."""
TEXT_HEIGHT = 48
DATA_SETS = ("plates", CROPS)


def explore_plates(folder: Path, country: Country, report: Report, path: Path) -> bool:
    """Count plates in `report`, and draw training plates of each source with their rows.

    Args:
        folder: holds plates, crops or both.
        country: whose alphabet the labels are in.
        report: takes counts and every fault that `lpr-train check` finds.
        path: the PNG to write.

    Returns:
        Whether there was a plate to draw; nothing is written where there was none.

    Raises:
        DataError: a line of labels, or an image, can't be read.
    """
    found = [name for name in DATA_SETS if has_dataset(folder, name)]
    for name in found:
        check_plates(find_dataset(folder, name), country, report)
    photos = load_plates_and_crops(folder, TRAINING_SPLIT) if found else []
    by_source: dict[str, list[tuple[PlatePhoto, PlateLabel]]] = {}
    for photo in photos:
        shown = (label for label in photo.plates if label.has_corners and label.is_to_read and is_convex(label.quad_xy))
        by_source.setdefault(photo.source or "unknown", []).extend((photo, label) for label in shown)
    rows = [_row(source, plates) for source, plates in sorted(by_source.items()) if plates]
    if rows:
        save_picture(grid([tile for row in rows for tile in row], PLATES_EACH + 1), path)
    return bool(rows)


def _row(source: str, plates: Sequence[tuple[PlatePhoto, PlateLabel]]) -> list[Image]:
    """A source's name, and plates from all over its labels."""
    title = write_label(_blank(), source, (6, 30), INK, 22)
    tiles = [_tile(*plates[i]) for i in spread(len(plates), PLATES_EACH)]
    return [title, *tiles, *[_blank()] * (PLATES_EACH - len(tiles))]


def _blank() -> Image:
    return np.full((SIZE_HW[0] + TEXT_HEIGHT, SIZE_HW[1] + 6, 3), 255, np.uint8)


def _tile(photo: PlatePhoto, label: PlateLabel) -> Image:
    tile = _blank()
    plate = rectify(read_picture(photo.path), grow_quad(label.quad_xy, 0.05), SIZE_HW)
    tile[: SIZE_HW[0], 3 : 3 + SIZE_HW[1]] = plate
    for number, row in enumerate(label.rows[:2]):
        tile = write_label(tile, row, (4, SIZE_HW[0] + 2 + 22 * number), INK, 15)
    return tile

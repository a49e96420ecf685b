"""Pictures turned upright, and their labels with them.

Some tools draw on a picture as EXIF turns it, others on the pixels as they are stored. The size for which labels were
made decides which: lpr's labels are always those of the upright picture.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from lpr_edge.contract.base.picture_head import exif_orientation
from lpr_edge.contract.base.pictures import MAX_BYTES
from lpr_edge.contract.base.text_files import read_bytes
from lpr_train.base.findings import Report, open_picture
from lpr_train.labels.formats.records import Notes, Point, SourceImage, SourcePlate

TURNING = 5
"""EXIF orientations from it on swap width and height."""
SAME_SHAPE = 0.02
"""Two sizes are of one picture where their shapes differ by no larger share."""

SCALED = "labelled at another size: the corners are scaled"
TURNED = "labelled as stored, not as EXIF turns it: the corners are turned"
OTHER_SIZE = "the labels are for a picture of another shape"
UNUSABLE = "the picture can't be used"


def open_upright(image: SourceImage, where: str, notes: Notes) -> tuple[tuple[int, int], Sequence[SourcePlate]] | None:
    """Open an image, and convert its labels to the upright image.

    Returns:
        Width and height of the upright picture, and the labels in its pixels; None, and a note, where it can't be used.
    """
    report = Report()
    picture = open_picture(image.path, report)
    if picture is None:
        notes.left_out(where, UNUSABLE, report.findings[-1].problem)
        return None
    height, width = picture.shape[:2]
    move = _movement(image, (width, height), where, notes)
    if move is None:
        return None
    return (width, height), [_moved(plate, move) for plate in image.plates]


Move = Callable[[Point], Point]


def _movement(image: SourceImage, size_wh: tuple[int, int], where: str, notes: Notes) -> Move | None:
    """Transform from the labels' pixels to the image's."""
    width, height = stated = image.size_wh or size_wh
    if stated == size_wh or min(stated) <= 0:
        return _stay
    orientation = exif_orientation(read_bytes(image.path, MAX_BYTES))
    if orientation >= TURNING and stated == size_wh[::-1]:
        notes.guessed(where, TURNED)
        return lambda point: turned_point(point, orientation, size_wh)
    across, down = size_wh[0] / width, size_wh[1] / height
    if abs(across / down - 1) > SAME_SHAPE:
        detail = f"stated {width}×{height}, found {size_wh[0]}×{size_wh[1]}"
        notes.left_out(where, OTHER_SIZE, detail)
        return None
    notes.guessed(where, SCALED)
    return lambda point: (point[0] * across, point[1] * down)


def _stay(point: Point) -> Point:
    return point


def turned_point(point: Point, orientation: int, size_wh: tuple[int, int]) -> Point:
    """Convert a point of the stored image to the upright image.

    Args:
        point: x, y in pixels as stored.
        orientation: EXIF's, 1 to 8.
        size_wh: the upright picture's.
    """
    x, y = point[::-1] if orientation >= TURNING else point
    if orientation in (3, 4, 7, 8):
        y = size_wh[1] - y
    if orientation in (2, 3, 6, 7):
        x = size_wh[0] - x
    return x, y


def _moved(plate: SourcePlate, move: Move) -> SourcePlate:
    if plate.shape is None or plate.shape.is_relative or move is _stay:
        return plate
    return replace(plate, shape=replace(plate.shape, points=tuple(map(move, plate.shape.points))))

"""Draw corners and text on an image, with correctly shaped Devanagari."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import cv2
import numpy as np

from lpr_edge.base.log import log_info
from lpr_edge.contract.base.arrays import Floats, Image, Quad
from lpr_edge.contract.base.plate_font import font_path
from lpr_edge.regions.shapes import Line, Region
from lpr_edge.vision.plates import PlateReading

VALID_BGR = (80, 200, 60)
INVALID_BGR = (30, 150, 255)
"""For readings that the country's grammar doesn't know."""
LOW_CONFIDENCE_BGR = (0, 225, 255)
"""For readings of less confidence than was asked for."""
MARK_BGR = (255, 160, 60)
"""For the region of interest and the line."""
ARROW = 0.08
"""Length of the arrow, relative to the picture's height."""


@dataclass(frozen=True)
class Marks:
    """Region and line that are drawn in every frame, as fractions of its width and height."""

    roi: Floats | None = None
    """(corners, 2) of the region of interest."""
    line: Floats | None = None
    """(2, 2) ends of the line that vehicles cross; an arrow shows which way is in."""

    @classmethod
    def of(cls, region: Region | None, line: Line | None) -> "Marks":
        """The configured region and line."""
        return cls(region.corners_xy if region else None, line.ends_xy if line else None)


NO_MARKS = Marks()


def draw_plates(
    frame_bgr: Image, plates: Iterable[PlateReading], captions: bool = True, marks: Marks = NO_MARKS
) -> Image:
    """Copy a frame (H, W, 3) and draw each plate's corners and, unless captions are off, its text.

    A reading of less confidence than was asked for is yellow, with a question mark. Region and line are under them.
    """
    picture = frame_bgr.copy()
    _draw_marks(picture, marks)
    height = max(16, round(picture.shape[0] / 20))
    for plate in plates:
        reading = plate.reading
        colour = LOW_CONFIDENCE_BGR if not plate.is_confident else VALID_BGR if reading.parsed.valid else INVALID_BGR
        _draw_corners(picture, reading.quad_xy, colour, max(2, height // 10))
        if captions:
            _paste(picture, text_patch(_caption(plate), height, colour), reading.quad_xy)
    return picture


def _draw_marks(picture: Image, marks: Marks) -> None:
    """Outline the region, and draw the line with an arrow to its inner side."""
    height, width = picture.shape[:2]
    size_wh, thickness = np.array([width, height], np.float32), max(1, round(height / 300))
    if marks.roi is not None:
        cv2.polylines(picture, [_pixels(marks.roi * size_wh)], True, MARK_BGR, thickness, cv2.LINE_AA)
    if marks.line is not None:
        ends = marks.line * size_wh
        along = (ends[1] - ends[0]) / np.linalg.norm(ends[1] - ends[0])
        middle = ends.mean(axis=0)
        tip = middle + ARROW * height * np.array([-along[1], along[0]])
        (start, end), (foot, head) = _pixels(ends).tolist(), _pixels(np.stack([middle, tip])).tolist()
        cv2.line(picture, start, end, MARK_BGR, 2 * thickness, cv2.LINE_AA)
        cv2.arrowedLine(picture, foot, head, MARK_BGR, 2 * thickness, cv2.LINE_AA, tipLength=0.4)


def _pixels(points_xy: Floats) -> np.ndarray[Any, np.dtype[np.int32]]:
    return np.rint(points_xy).astype(np.int32)


def _caption(plate: PlateReading) -> str:
    """Text of a caption: rows, Latin letters if they differ, confidence; a question mark for low confidence."""
    reading = plate.reading
    latin = "" if reading.parsed.latin == reading.text else f"{reading.parsed.latin}  "
    rows = " ".join(reading.rows)
    return f"{rows}{'' if plate.is_confident else '?'}  {latin}{reading.confidence:.0%}"


def _draw_corners(picture: Image, quad_xy: Quad, colour: tuple[int, int, int], thickness: int) -> None:
    """Outline a plate, with a disc at its own top left."""
    points = np.rint(quad_xy).astype(np.int32)
    cv2.polylines(picture, [points], True, colour, thickness, cv2.LINE_AA)
    first = (int(points[0, 0]), int(points[0, 1]))
    cv2.circle(picture, first, 2 * thickness, colour, cv2.FILLED, cv2.LINE_AA)


def _paste(picture: Image, patch: Image, quad_xy: Quad) -> None:
    """Paste a patch above the plate, or below it if there is no room, inside the image."""
    height, width = min(patch.shape[0], picture.shape[0]), min(patch.shape[1], picture.shape[1])
    above = int(quad_xy[:, 1].min()) - height - 6
    top = above if above >= 0 else int(quad_xy[:, 1].max()) + 6
    top = int(np.clip(top, 0, picture.shape[0] - height))
    left = int(np.clip(quad_xy[:, 0].min(), 0, picture.shape[1] - width))
    picture[top : top + height, left : left + width] = patch[:height, :width]


@lru_cache(maxsize=64)
def text_patch(text: str, height: int, colour_bgr: tuple[int, int, int]) -> Image:
    """Render dark text on a coloured background: (height, W, 3) uint8, with W as the text needs."""
    from PIL import Image as Pillow
    from PIL import ImageDraw

    font = _font(round(height * 0.62))
    margin = height // 4
    width = round(font.getlength(text)) + 2 * margin
    patch = Pillow.new("RGB", (width, height), colour_bgr[::-1])
    ImageDraw.Draw(patch).text((margin, height / 2), text, fill=(10, 10, 10), font=font, anchor="lm")
    return np.ascontiguousarray(np.asarray(patch, np.uint8)[..., ::-1])


@lru_cache(maxsize=8)
def _font(size: int) -> Any:
    """The font in one size."""
    from PIL import ImageFont

    _check_shaping()
    font = ImageFont.truetype(str(font_path()), size)
    font.set_variation_by_axes([600, 100])  # weight, width
    return font


@cache
def _check_shaping() -> None:
    """Warn once if Devanagari can't be shaped: Pillow's wheels lack one library that this needs."""
    from PIL import features

    if not (features.check("raqm") and features.check("fribidi")):
        log_info("letters in pictures are drawn unjoined; to join them: apt install libfribidi0")

"""Rendered frames for timing: a plate of the model's country in front of a street of blocks.

The detector only has to detect these plates. Accuracy is measured on photographs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import fontpkg
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont

from lpr_edge.contract.base.arrays import Image, Quad
from lpr_edge.contract.country import Country
from lpr_edge.contract.geometry import rectangle

SIZE_HW = (480, 640)
"""Height and width of a frame in pixels."""

FONT = "noto-sans-devanagari"
"""The font that the device part installs; it has Latin letters too."""

DISTINCT = 20
"""Number of different frames of each sort; measurements repeat them, to save memory on small boards."""

SIZES = range(88, 8, -8)
"""Font sizes for a plate, in descending order; the first that fits is used."""

Rows = tuple[str, ...]


@dataclass(frozen=True)
class FramePool:
    """Frames, (H, W, 3) uint8 BGR each, with one plate and without."""

    with_plate: tuple[Image, ...]
    without: tuple[Image, ...]

    def frame(self, index: int, share_with_plate: float) -> Image:
        """Frame (H, W, 3) uint8 number `index` of an endless sequence, of which a share has a plate, evenly spread."""
        frames = self.with_plate if shows_plate(index, share_with_plate) else self.without
        return frames[index % len(frames)]


def shows_plate(index: int, fraction: float) -> bool:
    """Whether frame number `index` has a plate, if a share of all frames has one, evenly spread (Bresenham's line)."""
    return int((index + 1) * fraction) > int(index * fraction)


def make_frames(country: Country, seed: int = 0, size_hw: tuple[int, int] = SIZE_HW) -> FramePool:
    """Render the frames of a measurement.

    Args:
        country: of the plates.
        seed: the same seed makes the same frames.
        size_hw: height and width of a frame.
    """
    rng = np.random.default_rng(seed)
    with_plate, without = ([paint_street(rng, size_hw) for _ in range(DISTINCT)] for _ in range(2))
    for frame in with_plate:
        paste_plate(frame, paint_plate(country, sample_rows(country, rng)), rng)
    noise = camera_noise(rng, size_hw)
    return FramePool(*(tuple(add_noise(frame, noise, rng) for frame in frames) for frames in (with_plate, without)))


def camera_noise(rng: np.random.Generator, size_hw: tuple[int, int] = SIZE_HW) -> NDArray[np.int16]:
    """Camera noise, (*size_hw, 3) int16, so that areas aren't unrealistically flat."""
    return np.asarray(np.rint(4 * rng.standard_normal((*size_hw, 3), np.float32)), np.int16)


def add_noise(frame: Image, noise: NDArray[np.int16], rng: np.random.Generator) -> Image:
    """Add noise to a frame (H, W, 3) uint8, shifted at random so that frames differ; same shape and dtype.

    Args:
        frame: (H, W, 3) uint8.
        noise: (H, W, 3) int16 or wider, levels to add.
        rng: source of the shift.
    """
    shifted = np.roll(noise, int(rng.integers(len(noise))), axis=0)
    return np.clip(frame + shifted, 0, 255).astype(np.uint8)


def paint_street(rng: np.random.Generator, size_hw: tuple[int, int] = SIZE_HW) -> Image:
    """A street, (*size_hw, 3) uint8 BGR: a grey gradient with blocks as walls and vehicles."""
    height, width = size_hw
    slope = np.linspace(190, 70, height, dtype=np.float32).astype(np.uint8)
    frame = np.repeat(np.repeat(slope[:, None, None], width, axis=1), 3, axis=2).copy()
    for _ in range(12):
        x, y = int(rng.integers(0, width)), int(rng.integers(0, height))
        w, h = int(rng.integers(30, 240)), int(rng.integers(20, 180))
        grey = int(rng.integers(40, 200))
        colour = tuple(grey + int(c) for c in rng.integers(-30, 31, 3))
        cv2.rectangle(frame, (x, y), (x + w, y + h), colour, -1)
    return np.asarray(cv2.GaussianBlur(frame, (5, 5), 0), np.uint8)


def sample_rows(country: Country, rng: np.random.Generator) -> Rows:
    """A random registration in the country's first layout, as one or two rows."""
    layout = country.layouts[0]
    form = next(form for form in country.forms if form.name == layout.form)
    parts = ["".join(_sample(element.options, element.count, rng)) for element in form.elements]
    return ("".join(parts),) if len(layout.rows) == 1 else ("".join(parts[:-1]), parts[-1])


def _sample(options: Sequence[tuple[str, ...]], count: tuple[int, int], rng: np.random.Generator) -> list[str]:
    repetitions = int(rng.integers(count[0], count[1] + 1))
    return [label for _ in range(repetitions) for label in options[int(rng.integers(len(options)))]]


def paint_plate(country: Country, rows: Rows) -> Image:
    """Render a plate from the front, (H, 260, 3) uint8 BGR, in the country's most frequent colours."""
    colour = max(country.colours, key=lambda colour: colour.weight)
    width, row_height = 260, 90
    picture = Picture.new("RGB", (width, row_height * len(rows) + 20), colour.plate_rgb)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((4, 4, picture.width - 5, picture.height - 5), outline=colour.text_rgb, width=3)
    for number, text in enumerate(rows):
        middle = (width / 2, 10 + row_height * (number + 0.5))
        draw.text(middle, text, colour.text_rgb, _font_for(text, width - 30), anchor="mm")
    return np.ascontiguousarray(np.asarray(picture, np.uint8)[..., ::-1])


def _font_for(text: str, width: int) -> ImageFont.FreeTypeFont:
    """The largest font with which a row fits on its plate."""
    return next((font for size in SIZES if (font := _font(size)).getlength(text) <= width), _font(SIZES[-1]))


@lru_cache(maxsize=len(SIZES))
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(fontpkg.path(FONT, 700, nearest=True)), size)


def paste_plate(frame: Image, plate: Image, rng: np.random.Generator) -> Quad:
    """Paste a plate at a random position, slightly sheared, into a frame, in place; returns its (4, 2) corners.

    Args:
        frame: (H, W, 3) uint8; changed in place.
        plate: (h, w, 3) uint8.
        rng: source of position and shear.
    """
    corners = _random_corners(plate.shape[0] / plate.shape[1], (frame.shape[0], frame.shape[1]), rng)
    transform = cv2.getPerspectiveTransform(rectangle((plate.shape[0], plate.shape[1])), corners)
    size = (frame.shape[1], frame.shape[0])
    warped = cv2.warpPerspective(plate, transform, size, borderMode=cv2.BORDER_REPLICATE)
    mask = np.zeros(frame.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round(corners).astype(np.int32)], (255,))
    frame[mask > 0] = warped[mask > 0]
    return corners


def _random_corners(height_by_width: float, frame_hw: tuple[int, int], rng: np.random.Generator) -> Quad:
    """(4, 2) float32 corners of a plate 110 to 200 pixels wide, inside the frame."""
    width = float(rng.uniform(110, 200))
    size_xy = np.array([width, width * height_by_width], np.float32)
    room = np.array(frame_hw[::-1], np.float32) - size_xy - 20
    place = 10 + room * rng.uniform(0, 1, 2)
    unit = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    lean = rng.uniform(-0.05, 0.05, (4, 2)) * size_xy
    return np.asarray(place + unit * size_xy + lean, np.float32)

"""Pictures of Tinyland: white plates with a blue stripe along the top, black characters, on a grey street.

Used to make the golden models, and to test them on pictures that they weren't fitted to.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import Image, Quad
from lpr_edge.contract.countries import load_country
from lpr_edge.contract.country import Country
from lpr_edge.contract.geometry import rectangle

PLATE_HW = (96, 288)
"""Size in pixels at which plates are drawn, before they are warped."""

STRIPE = 24
"""Height of the blue stripe, in pixels of `PLATE_HW`."""

RING = tuple((0.5 + 0.5 * float(np.cos(a)), 0.5 + 0.5 * float(np.sin(a))) for a in np.linspace(0, 2 * np.pi, 25))
STROKES: dict[str, tuple[tuple[tuple[float, float], ...], ...]] = {
    "0": (RING,),
    "1": (((0.0, 0.25), (0.6, 0.0), (0.6, 1.0)),),
    "4": (((0.7, 1.0), (0.7, 0.0), (0.0, 0.65), (1.0, 0.65)),),
    "7": (((0.0, 0.0), (1.0, 0.0), (0.3, 1.0)),),
    "A": (((0.0, 1.0), (0.5, 0.0), (1.0, 1.0)), ((0.2, 0.65), (0.8, 0.65))),
    "L": (((0.0, 0.0), (0.0, 1.0), (1.0, 1.0)),),
    "X": (((0.0, 0.0), (1.0, 1.0)), ((1.0, 0.0), (0.0, 1.0))),
}
"""Each label's lines in a unit square, x to the right and y down."""

WIDTHS = {"1": 0.4}
"""Width beside the height, where it isn't 0.7."""

Box = tuple[str, float, float, float, float]
"""A character: label, middle x and y, width and height, as shares of the plate."""


@dataclass(frozen=True)
class Plate:
    """A plate seen from the front."""

    image_bgr: Image
    rows: tuple[str, ...]
    boxes: tuple[Box, ...]


@dataclass(frozen=True)
class Scene:
    """A street with at most one plate on it."""

    image_bgr: Image
    plates: tuple[tuple[Quad, tuple[str, ...]], ...]


def tinyland() -> Country:
    """The country's file."""
    return load_country(Path(__file__).with_name("tinyland.toml"))


def draw_plate(rows: tuple[str, ...]) -> Plate:
    """Draw a plate with one or two rows of characters."""
    height, width = PLATE_HW
    image = np.full((height, width, 3), 235, np.uint8)
    image[:STRIPE] = (240, 40, 0)
    boxes: list[Box] = []
    row_height = (height - STRIPE) / len(rows)
    for number, row in enumerate(rows):
        middle = STRIPE + row_height * (number + 0.5)
        boxes += _draw_row(image, row, middle, row_height)
    return Plate(image, rows, tuple(boxes))


def _draw_row(image: Image, row: str, middle: float, row_height: float) -> list[Box]:
    height, width = PLATE_HW
    tall = 0.62 * row_height
    advance = min(width / (len(row) + 0.6), 1.35 * tall + 8)
    left = width / 2 - advance * (len(row) - 1) / 2
    boxes: list[Box] = []
    for place, label in enumerate(row):
        x = left + advance * place
        wide = draw_glyph(image, label, (x, middle), tall, max(3, round(tall / 8)))
        boxes.append((label, x / width, middle / height, wide / width, tall / height))
    return boxes


def draw_glyph(image: Image, label: str, middle_xy: tuple[float, float], tall: float, thickness: int) -> float:
    """Draw a character by its strokes; OpenCV's own fonts differ from version to version. Returns its width."""
    wide = tall * WIDTHS.get(label, 0.7)
    for stroke in STROKES[label]:
        points = (np.array(stroke) - 0.5) * (wide, tall) + middle_xy
        cv2.polylines(image, [np.rint(points * 16).astype(np.int32)], False, (20, 20, 20), thickness, cv2.LINE_AA, 4)
    return wide


def random_rows(rng: np.random.Generator) -> tuple[str, ...]:
    """A valid reading, in one row or two."""
    town = str(rng.choice(list("ALX")))
    number = "".join(rng.choice(list("0147"), rng.integers(2, 4)))
    return (town, number) if rng.random() < 0.4 else (town + number,)


def draw_scene(rows: tuple[str, ...] | None, rng: np.random.Generator, size_hw: tuple[int, int] = (240, 320)) -> Scene:
    """Put a plate, or none, somewhere on a street, leaning and turned."""
    image = _street(rng, size_hw)
    if rows is None:
        return Scene(image, ())
    quad = random_quad(rng, size_hw)
    transform = cv2.getPerspectiveTransform(rectangle(PLATE_HW), quad)
    size_wh = (size_hw[1], size_hw[0])
    warped = cv2.warpPerspective(draw_plate(rows).image_bgr, transform, size_wh, flags=cv2.INTER_AREA)
    mask = cv2.warpPerspective(np.full(PLATE_HW, 255, np.uint8), transform, size_wh)[..., np.newaxis] / 255.0
    return Scene((warped * mask + image * (1 - mask)).astype(np.uint8), ((quad, rows),))


def _street(rng: np.random.Generator, size_hw: tuple[int, int]) -> Image:
    coarse = rng.integers(60, 150, (5, 7, 1)).astype(np.float32).repeat(3, axis=2)
    image = cv2.resize(coarse, (size_hw[1], size_hw[0]), interpolation=cv2.INTER_CUBIC)
    return np.clip(image + rng.normal(0, 4, image.shape), 0, 255).astype(np.uint8)


def random_quad(rng: np.random.Generator, size_hw: tuple[int, int]) -> Quad:
    """A plate's corners: 45 to 60 % of the frame's width, any of four ways up, up to 8 degrees off."""
    width = size_hw[1] * rng.uniform(0.45, 0.6)
    height = width * PLATE_HW[0] / PLATE_HW[1]
    angle = np.deg2rad(rng.uniform(-8, 8) + 90 * rng.choice([0, 1, 2, 3]))
    corners = np.array([[-width, -height], [width, -height], [width, height], [-width, height]]) / 2
    turned = corners @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    reach = np.abs(turned).max(axis=0) + 3
    middle = [rng.uniform(r, max(r + 1, side - r)) for r, side in zip(reach, size_hw[::-1], strict=True)]
    return np.asarray(turned + middle, np.float32)


def draw_character(label: str, rng: np.random.Generator) -> Image:
    """A crop of one character of any size."""
    side = int(rng.integers(24, 80))
    image = np.full((side, side, 3), int(rng.integers(180, 250)), np.uint8)
    middle = (side / 2 + rng.integers(-2, 3), side / 2 + rng.integers(-2, 3))
    draw_glyph(image, label, middle, 0.55 * side, max(2, side // 14))
    return image

"""Pictures of Tinyland: white plates with a blue stripe along the top, black characters, on a grey street.

Used to make the golden models, and to test them on pictures that they weren't fitted to.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from lpr_edge.contract.arrays import Image, Quad
from lpr_edge.contract.country import Country, load_country
from lpr_edge.contract.geometry import rectangle

PLATE_HW = (96, 288)
"""Size in pixels at which plates are drawn, before they are warped."""

STRIPE = 24
"""Height of the blue stripe, in pixels of `PLATE_HW`."""

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
    scale = 1.9 if row_height > 60 else 1.0
    advance = min(width / (len(row) + 0.6), 62.0 if scale > 1.5 else 48.0)
    left = width / 2 - advance * (len(row) - 1) / 2
    boxes: list[Box] = []
    for place, label in enumerate(row):
        (w, h), _ = cv2.getTextSize(label, cv2.FONT_HERSHEY_SIMPLEX, scale, 4)
        x = left + advance * place
        origin = (round(x - w / 2), round(middle + h / 2))
        cv2.putText(image, label, origin, cv2.FONT_HERSHEY_SIMPLEX, scale, (20, 20, 20), 4, cv2.LINE_AA)
        boxes.append((label, x / width, middle / height, w / width, h / height))
    return boxes


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
    scale = side / 40
    (w, h), _ = cv2.getTextSize(label, cv2.FONT_HERSHEY_SIMPLEX, scale, 3)
    origin = (side // 2 - w // 2 + int(rng.integers(-2, 3)), side // 2 + h // 2 + int(rng.integers(-2, 3)))
    cv2.putText(image, label, origin, cv2.FONT_HERSHEY_SIMPLEX, scale, (20, 20, 20), max(2, side // 14), cv2.LINE_AA)
    return image

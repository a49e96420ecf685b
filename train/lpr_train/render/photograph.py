"""A rendered plate as a reader gets it: rectified from a photograph by four imprecise corners."""

from dataclasses import dataclass

import numpy as np

from lpr_edge.contract.arrays import Floats, Image
from lpr_edge.contract.geometry import rectangle
from lpr_train.render.effects import degrade
from lpr_train.render.plates import RenderedPlate
from lpr_train.render.warp import homography, move_boxes, random_corners, warp_picture


@dataclass(frozen=True)
class Photograph:
    """A reader's picture and what is on it."""

    image_bgr: Image
    """(H, W, 3)."""
    boxes_xywh: Floats
    """(n, 4) a box for each label, in pixels; parts may lie outside the picture."""
    rows: tuple[tuple[str, ...], ...]
    """The labels, in the order of the boxes."""


def photograph(
    plate: RenderedPlate, rng: np.random.Generator, size_hw: tuple[int, int], strength: float = 0.6
) -> Photograph:
    """Take a plate's picture and rectify it to a size.

    Args:
        plate: what to photograph.
        rng: the source of chance.
        size_hw: height and width of the result.
        strength: of the slant and of the effects, 0..1.
    """
    plate_hw = plate.image_bgr.shape[0], plate.image_bgr.shape[1]
    corners = random_corners(rng, plate_hw, strength)
    matrix = homography(corners, rectangle(size_hw))
    boxes = np.array([[box.x, box.y, box.w, box.h] for box in plate.boxes], np.float32)
    taken = warp_picture(_with_margin(plate.image_bgr, rng), matrix @ _shift(-_margin(plate_hw)), size_hw)
    return Photograph(degrade(taken, rng, strength), move_boxes(boxes, matrix), plate.rows)


def _margin(size_hw: tuple[int, int]) -> int:
    return max(2, size_hw[0] // 6)


def _shift(pixels: float) -> Floats:
    return np.array([[1, 0, pixels], [0, 1, pixels], [0, 0, 1]], np.float64)


def _with_margin(image: Image, rng: np.random.Generator) -> Image:
    """Put something dull round the plate, for corners that lie outside."""
    margin = _margin((image.shape[0], image.shape[1]))
    height, width = image.shape[0] + 2 * margin, image.shape[1] + 2 * margin
    around = np.empty((height, width, 3), np.uint8)
    halves = rng.uniform(5, 170, (2, 1, 1, 1)) + rng.normal(0, 12, (2, 1, 1, 3))
    around[: height // 2], around[height // 2 :] = np.clip(halves, 0, 255).astype(np.uint8)
    around[margin:-margin, margin:-margin] = image
    return around

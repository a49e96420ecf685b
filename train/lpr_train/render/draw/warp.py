"""Random perspectives, and transforms of points and boxes."""

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import Floats, Image, Quad
from lpr_edge.contract.geometry import is_convex, rectangle


def random_corners(rng: np.random.Generator, size_hw: tuple[int, int], strength: float) -> Quad:
    """Random corners of a plate in a slanted or imprecise view.

    Args:
        rng: the source of chance.
        size_hw: the plate's height and width in pixels.
        strength: 0 leaves the corners; 1 moves each by about 8 % of the height and turns the plate by up to 8 degrees.

    Returns:
        (4, 2) float32 pixels, convex; the picture may be cut a little, or show its surroundings.
    """
    height, width = size_hw
    corners = rectangle(size_hw)
    while True:
        moved = corners + rng.normal(0, 0.05 * height * strength, (4, 2))
        moved += rng.normal(0, 0.03 * strength, 2) * (width, height)
        middle = moved.mean(axis=0)
        moved = (moved - middle) * (1 + rng.normal(0, 0.05 * strength, 2)) + middle
        moved = np.asarray(_turn(moved, rng.normal(0, 3 * strength)), np.float32)
        if is_convex(moved):
            return moved


def _turn(points_xy: Floats, degrees: float) -> Floats:
    angle = np.deg2rad(degrees)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = points_xy.mean(axis=0)
    return np.asarray((points_xy - middle) @ rotation.T + middle, np.float32)


def homography(source_xy: Quad, target_xy: Quad) -> Floats:
    """The (3, 3) matrix that maps four points to four others."""
    return np.asarray(cv2.getPerspectiveTransform(source_xy.astype(np.float32), target_xy.astype(np.float32)))


def warp_picture(image: Image, matrix: Floats, size_hw: tuple[int, int], border: int = cv2.BORDER_REPLICATE) -> Image:
    """Warp an image by a (3, 3) matrix to another size, with averaging if it shrinks."""
    shrink = 1 / max(1e-6, np.sqrt(abs(np.linalg.det(matrix[:2, :2]))))
    if shrink > 1.6:
        image = np.asarray(cv2.blur(image, (round(shrink), round(shrink))), np.uint8)
    return np.asarray(
        cv2.warpPerspective(image, matrix, size_hw[::-1], flags=cv2.INTER_LINEAR, borderMode=border), np.uint8
    )


def move_points(points_xy: Floats, matrix: Floats) -> Floats:
    """Transform points (n, 2) by a (3, 3) matrix."""
    return np.asarray(
        cv2.perspectiveTransform(points_xy.reshape(-1, 1, 2).astype(np.float32), matrix), np.float32
    ).reshape(-1, 2)


def move_boxes(boxes_xywh: Floats, matrix: Floats) -> Floats:
    """Transform boxes (n, 4) x, y, width, height by a (3, 3) matrix; results are upright boxes of similar size.

    A box is moved by the middles of its sides, so that it doesn't grow when the picture turns.
    """
    x, y, w, h = boxes_xywh.T
    sides = np.stack([x, y + h / 2, x + w, y + h / 2, x + w / 2, y, x + w / 2, y + h], axis=1)
    left, right, top, bottom = move_points(sides.reshape(-1, 2), matrix).reshape(-1, 4, 2).transpose(1, 0, 2)
    middle = (left + right + top + bottom) / 4
    width, height = np.linalg.norm(right - left, axis=1), np.linalg.norm(bottom - top, axis=1)
    return np.asarray(
        np.stack([middle[:, 0] - width / 2, middle[:, 1] - height / 2, width, height], axis=1), np.float32
    )

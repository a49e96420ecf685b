"""Views of a real plate: rectified by corners as wrong as those of detectors and of people who crop plates."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import Floats, Image, Quad
from lpr_edge.contract.geometry import is_convex, places_on_quad, quad_size, rectangle, rectify, roll_quad
from lpr_edge.contract.outputs import encode_corners
from lpr_train.targets.heat_maps import PlacedCharacter

UNIT = rectangle((1, 1))
"""(4, 2) corners of the unit square, clockwise from the top left."""
SHORT_SIDE = 0.45
"""Fraction of the longer side that determines the error across the shorter one: one-row plates suffer most."""


def jitter(quad_xy: Quad, rng: np.random.Generator, amount: float) -> Quad:
    """Move corners randomly, as detector errors do: shift, scale, rotation, stretch.

    The distribution follows the detector's errors on training photographs, except the largest ones of one-row plates.

    Args:
        quad_xy: (4, 2) true corners in pixels.
        rng: source of all random choices.
        amount: typical error relative to the plate's size; each plate gets a random multiple of it.

    Returns:
        (4, 2) convex corners; the true ones if the moved ones aren't convex.
    """
    size = np.maximum(quad_size(quad_xy), 1.0)
    reach = 1.0 + SHORT_SIDE * (size.max() / size - 1.0)
    amount *= rng.uniform(0.2, 1.8)
    angle = rng.normal(0.0, 0.6 * amount)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    turned = (UNIT - 0.5) * size @ turn.T / size
    stretched = turned * (1 + rng.normal(0.0, amount, 2) * (1.0, 1.5) * reach).clip(0.5, 2.0)
    apart = rng.normal(0.0, 0.5 * amount, (4, 2)) * reach
    together = rng.normal(0.0, 0.6 * amount, 2) * reach
    quad = places_on_quad(quad_xy, stretched + 0.5 + apart + together)
    return quad if is_convex(quad) else quad_xy


LOOSE = (-0.02, 0.12)
"""Minimum and usual margin of a loose box around a plate, relative to the box's size."""
LOOSEST = 0.5
"""Maximum margin of a loose box, which is rare: half a plate."""


def boxed(quad_xy: Quad, rng: np.random.Generator) -> Quad:
    """Make the corners of a random upright box around a plate, as people crop plates.

    Args:
        quad_xy: (4, 2) true corners in pixels.
        rng: source of all random choices.

    Returns:
        (4, 2) corners of the box, starting with the one nearest to the plate's own top left.
    """
    low, high = quad_xy.min(axis=0), quad_xy.max(axis=0)
    widest = LOOSE[1] if rng.random() < 0.7 else LOOSEST
    before, after = rng.uniform(LOOSE[0], widest, (2, 2)) * (high - low)
    (left, top), (right, bottom) = low - before, high + after
    box = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)
    return roll_quad(box, int(np.argmin(np.linalg.norm(box - quad_xy[0], axis=1))))


FARTHEST = 0.6
"""Error of a corner, relative to the plate, from which nothing is learnt of it: much of the plate is out of view."""


@dataclass(frozen=True)
class PlateView:
    """A plate rectified by corners that may be wrong."""

    image_bgr: Image
    """(H, W, 3) uint8."""
    placed: list[PlacedCharacter]
    """Character positions in fractions of the view."""
    corners: Quad
    """(4, 2) the true corners in fractions of the view."""
    corners_weight: float = 1.0
    """Loss weight of these corners."""

    def corners_target(self, margin: float) -> Floats:
        """Target of the reader's `corners`: (9,) float32, the codes and their weight; `margin` is the reader's."""
        codes = encode_corners(self.corners, margin)
        is_near = bool(np.abs(codes).max() <= FARTHEST)
        return np.append(codes.clip(-FARTHEST, FARTHEST), np.float32(self.corners_weight * is_near))


def rectified_view(
    image_bgr: Image,
    quad_xy: Quad,
    seen_xy: Quad,
    placed: Sequence[PlacedCharacter],
    size_hw: tuple[int, int],
    corners_weight: float = 1.0,
) -> PlateView:
    """Rectify an image by other corners than the plate's own, and transform the character positions.

    Args:
        image_bgr: (H, W, 3) uint8.
        quad_xy: (4, 2) the plate's true corners, to which `placed` refers.
        seen_xy: (4, 2) the corners to rectify.
        placed: character positions in fractions of the true plate.
        size_hw: height and width of the result in pixels.
        corners_weight: loss weight of the true corners.
    """
    to_picture = cv2.getPerspectiveTransform(UNIT, np.asarray(quad_xy, np.float32))
    to_view = cv2.getPerspectiveTransform(np.asarray(seen_xy, np.float32), UNIT)
    transform = np.asarray(to_view @ to_picture, np.float32)
    corners = cv2.perspectiveTransform(UNIT[np.newaxis], transform)[0]
    places = [moved(character, transform) for character in placed]
    return PlateView(rectify(image_bgr, seen_xy, size_hw), places, np.asarray(corners, np.float32), corners_weight)


def moved(character: PlacedCharacter, transform: Floats) -> PlacedCharacter:
    """Apply a perspective transform (3, 3) of the unit square to a character's position."""
    x, y, half_w, half_h = character.x, character.y, character.width / 2, character.height / 2
    points = np.array([[[x, y], [x - half_w, y], [x + half_w, y], [x, y - half_h], [x, y + half_h]]], np.float64)
    middle, left, right, top, bottom = cv2.perspectiveTransform(points, transform)[0]
    return PlacedCharacter(
        character.index,
        float(middle[0]),
        float(middle[1]),
        float(np.linalg.norm(right - left)),
        float(np.linalg.norm(bottom - top)),
    )

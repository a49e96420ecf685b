"""Convert a drawn shape to a plate's four corners, clockwise from its own top left, and whether they are exact."""

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import Floats, Quad
from lpr_edge.contract.data.label_file import BOX, HAND
from lpr_edge.contract.geometry import is_convex, quad_size, rectangle, roll_quad, signed_area
from lpr_train.labels.formats.records import Drawn, Notes, Shape

SAME = 0.02
"""Pixels; sides that differ by less from upright ones are those of a box."""
WIDER = 1.15
"""Width over height that distinguishes a plate on its side from one whose first corner was drawn elsewhere."""
UPRIGHT, ON_ITS_SIDE = 45.0, 135.0
"""Degrees from the horizontal up to which a plate's upper side is believed: always, and where the plate is wider."""
MIN_SIDE = 1.0
"""Pixels."""
FEWER_POINTS = 0.01
"""Of a polygon's circumference: how much nearer a fit with fewer points goes, a step."""
STEPS = 20

DRAWN_AS_BOX = "drawn as an upright box: its corners are loose"
ROTATED_BOX = "drawn as a turned box: its corners are taken for the plate's"
REORDERED = "the corners begin elsewhere, or run backwards: put in order"
FITTED = "drawn with more than four points: four corners are fitted"


def corners_of(shape: Shape, size_wh: tuple[int, int], where: str, notes: Notes) -> tuple[Quad, str]:
    """The plate's corners, and whether they are exact.

    Args:
        shape: with points in pixels of the upright picture, or relative.
        size_wh: the picture's width and height in pixels.
        where: for the notes.
        notes: gets what is guessed.

    Returns:
        (4, 2) float32 corners in pixels, and `hand` or `box`.

    Raises:
        ValueError: it encloses nothing, or lies outside the picture.
    """
    points = np.array(shape.points, np.float64).reshape(-1, 2) * (size_wh if shape.is_relative else 1)
    if not np.isfinite(points).all() or np.abs(points).max(initial=0) > 1e6:
        raise ValueError(f"no place in a picture: {points.tolist()}")
    quad, corners = _corners(shape.drawn, points, size_wh, where, notes)
    _check_place(quad, size_wh)
    return np.asarray(quad, np.float32), corners


def _corners(drawn: Drawn, points: Floats, size_wh: tuple[int, int], where: str, notes: Notes) -> tuple[Quad, str]:
    if drawn is Drawn.CORNERS:
        return _checked(points), HAND
    if drawn is Drawn.BOX or _is_upright_box(points):
        notes.guessed(where, DRAWN_AS_BOX)
        return _box(points, size_wh), BOX
    if drawn is Drawn.ROTATED:
        notes.guessed(where, ROTATED_BOX)
    quad = _quadrilateral(points, where, notes)
    ordered = own_order(quad)
    if not np.array_equal(ordered, np.asarray(points, np.float32)) and len(points) == 4:
        notes.guessed(where, REORDERED)
    return ordered, HAND


def _checked(points: Floats) -> Quad:
    quad = np.asarray(points, np.float32)
    if quad.shape != (4, 2) or not is_convex(quad):
        raise ValueError(f"four corners that cross or lie on a line: {quad.tolist()}")
    return quad


def _is_upright_box(points: Floats) -> bool:
    """Whether all four sides are horizontal or vertical."""
    if len(points) != 4:
        return False
    sides = np.abs(np.roll(points, -1, axis=0) - points)
    return bool((sides.min(axis=1) < SAME).all())


def _box(points: Floats, size_wh: tuple[int, int]) -> Quad:
    """An upright box, clipped to the image."""
    left, top = np.clip(points.min(axis=0), 0, size_wh)
    right, bottom = np.clip(points.max(axis=0), 0, size_wh)
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


def _quadrilateral(points: Floats, where: str, notes: Notes) -> Quad:
    """Check that four corners form a quadrilateral without crossings."""
    if len(points) < 4:
        raise ValueError(f"{len(points)} points, and a plate has four corners")
    quad = np.asarray(points, np.float32)
    if len(points) == 4 and is_convex(quad):
        return quad
    hull = cv2.convexHull(quad).reshape(-1, 2)
    if len(points) > 4:
        notes.guessed(where, FITTED)
    elif len(hull) < 4:
        raise ValueError(f"four points that make no plate: {quad.tolist()}")
    return _fitted(np.asarray(hull, np.float32))


def _fitted(hull: Quad) -> Quad:
    """Four corners fitted to a convex outline: by polygon approximation, else a rotated box."""
    length = cv2.arcLength(hull, True)
    for step in range(STEPS):
        fit = cv2.approxPolyDP(hull, step * FEWER_POINTS * length, True).reshape(-1, 2)
        if len(fit) == 4 and is_convex(np.asarray(fit, np.float32)):
            return np.asarray(fit, np.float32)
        if len(fit) < 4:
            break
    return np.asarray(cv2.boxPoints(cv2.minAreaRect(hull)), np.float32)


def own_order(quad_xy: Quad) -> Quad:
    """Order corners clockwise from the plate's own top left.

    The first is believed where the plate stands upright then, or lies on its side and is wider than high. Else the
    corner is taken with which it stands the most upright.

    Args:
        quad_xy: (4, 2) convex, begun at any corner, in either direction.

    Returns:
        (4, 2), the same corners.
    """
    quad = quad_xy if signed_area(quad_xy) > 0 else np.ascontiguousarray(quad_xy[[0, 3, 2, 1]])
    width, height = quad_size(quad)
    leaning = _leaning(quad)
    if leaning <= UPRIGHT or (leaning <= ON_ITS_SIDE and width >= WIDER * height):
        return quad
    return min((roll_quad(quad, turn) for turn in range(4)), key=_leaning)


def _leaning(quad_xy: Quad) -> float:
    """Angle, 0 to 180 degrees, between a plate's upper side and a horizontal line from left to right."""
    across = quad_xy[1] - quad_xy[0] + quad_xy[2] - quad_xy[3]
    return float(abs(np.degrees(np.arctan2(across[1], across[0]))))


def _check_place(quad: Quad, size_wh: tuple[int, int]) -> None:
    if min(quad_size(quad)) < MIN_SIDE or not is_convex(np.asarray(quad, np.float32)):
        raise ValueError(f"it encloses nothing in the picture: {np.round(quad, 1).tolist()}")
    if (quad.max(axis=0) <= 0).any() or (quad.min(axis=0) >= size_wh).any():
        raise ValueError(f"it lies outside the picture of {size_wh[0]}×{size_wh[1]} pixels")
    if (quad < -0.5 * np.array(size_wh)).any() or (quad > 1.5 * np.array(size_wh)).any():
        raise ValueError(f"it lies far outside the picture of {size_wh[0]}×{size_wh[1]} pixels")


def whole_picture(size_wh: tuple[int, int]) -> Quad:
    """Corners of an image that a plate fills."""
    return rectangle((size_wh[1], size_wh[0]))

"""Geometry of four corners: warps, sizes, overlaps."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import Floats, Image, Quad
from lpr_edge.contract.sampling import sample_perspective

_BEGUN_LATER = np.array([[0, 1, 2, 3], [1, 2, 3, 0], [2, 3, 0, 1], [3, 0, 1, 2]])
"""Corners begun 0 to 3 later, by turn. `np.roll` is slower, and this runs for every plate of every frame."""


def rectify(frame_bgr: Image, quad_xy: Quad, size_hw: tuple[int, int], out: Image | None = None) -> Image:
    """Warp a plate's four corners onto an upright rectangle.

    Args:
        frame_bgr: (H, W, 3) uint8, as OpenCV gives it.
        quad_xy: (4, 2) float32, clockwise from the plate's own top left; may lie partly outside the frame.
        size_hw: height and width of the result, in pixels.
        out: contiguous array of the result's shape that it is written into; None for a new one.

    Returns:
        (*size_hw, 3) uint8; what lay outside the frame repeats its edge.

    Raises:
        ValueError: `quad_xy` isn't convex, so no warp exists.
    """
    if not is_convex(quad_xy):
        raise ValueError(f"the corners {np.asarray(quad_xy).tolist()} are not a convex quadrilateral")
    if needs_smoothing(quad_xy, size_hw):
        return _rectify_smoothly(frame_bgr, quad_xy, size_hw, out)
    return _warp(frame_bgr, quad_xy, size_hw, out)


def rectify_grey(frame_bgr: Image, quad_xy: Quad, out: Image) -> None:
    """Write what `rectify` shows, in grey, into a contiguous array (h, w) uint8, such as a runtime's own input.

    Only the part of the frame around the plate is converted to grey, and one channel is sampled.

    Raises:
        ValueError: see `rectify`; nothing is written then.
    """
    xs, ys = zip(*quad_xy.tolist(), strict=True)
    left, right = _pixels_under(xs, frame_bgr.shape[1])
    top, bottom = _pixels_under(ys, frame_bgr.shape[0])
    part = frame_bgr[top:bottom, left:right]
    is_grey = part.ndim == 2 or part.shape[2] == 1
    grey = part.reshape(part.shape[:2]) if is_grey else np.asarray(cv2.cvtColor(part, cv2.COLOR_BGR2GRAY), np.uint8)
    rectify(grey, quad_xy - np.array([left, top], np.float32), (out.shape[0], out.shape[1]), out)


SAMPLED = 2
"""Pixels beyond a corner that samples at it may take in."""


def _pixels_under(places: Sequence[float], size: int) -> tuple[int, int]:
    """Range of a frame's pixels along a side of `size` that samples between `places` take in: at least one."""
    first = math.floor(min(size - 1, max(0, min(places) - SAMPLED)))
    return first, max(first + 1, math.ceil(min(size, max(places) + SAMPLED)))


def needs_smoothing(quad_xy: Quad, size_hw: tuple[int, int]) -> bool:
    """Whether a plate is so much larger than the result that bilinear sampling would skip pixels."""
    width, height = quad_size(quad_xy)
    return width > 1.5 * size_hw[1] or height > 1.5 * size_hw[0]


def _rectify_smoothly(frame_bgr: Image, quad_xy: Quad, size_hw: tuple[int, int], out: Image | None) -> Image:
    """Warp at a whole multiple of the size, then average down, which avoids aliasing on large plates."""
    width, height = quad_size(quad_xy)
    factor = max(2, min(6, round(max(width / size_hw[1], height / size_hw[0]))))
    warped = _warp(frame_bgr, quad_xy, (size_hw[0] * factor, size_hw[1] * factor))
    return np.asarray(cv2.resize(warped, (size_hw[1], size_hw[0]), dst=out, interpolation=cv2.INTER_AREA), np.uint8)


def _warp(frame_bgr: Image, quad_xy: Quad, size_hw: tuple[int, int], out: Image | None = None) -> Image:
    to_frame = np.asarray(cv2.getPerspectiveTransform(rectangle(size_hw), np.asarray(quad_xy, np.float32)), np.float64)
    return sample_perspective(frame_bgr, to_frame, size_hw, cv2.BORDER_REPLICATE, out)


def rectangle(size_hw: tuple[int, int]) -> Quad:
    """Corners (4, 2) of an upright image of that size, clockwise from its top left."""
    height, width = size_hw
    return np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)


def quad_size(quad_xy: Quad) -> tuple[float, float]:
    """Width and height in pixels of a plate (4, 2): the means of its opposite sides."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = quad_xy.tolist()  # as in `is_convex`
    width = math.hypot(bx - ax, by - ay) + math.hypot(dx - cx, dy - cy)
    return width / 2, (math.hypot(cx - bx, cy - by) + math.hypot(ax - dx, ay - dy)) / 2


def is_convex(quad_xy: Quad) -> bool:
    """Whether four corners go round once without crossing or folding."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = quad_xy.tolist()  # a few numbers: plain Python is faster than NumPy
    turns = (
        (bx - ax) * (cy - by) - (by - ay) * (cx - bx),
        (cx - bx) * (dy - cy) - (cy - by) * (dx - cx),
        (dx - cx) * (ay - dy) - (dy - cy) * (ax - dx),
        (ax - dx) * (by - ay) - (ay - dy) * (bx - ax),
    )
    area = ((cx - ax) * (dy - by) - (cy - ay) * (dx - bx)) / 2
    same_way = all(turn > 0 for turn in turns) or all(turn < 0 for turn in turns)
    return same_way and math.isfinite(area) and abs(area) > 1e-3


def signed_area(corners_xy: Quad) -> float:
    """Area in pixels of a polygon (n, 2), positive where it runs clockwise on a screen (shoelace formula)."""
    points: list[list[float]] = corners_xy.tolist()
    return sum(ax * by - ay * bx for (ax, ay), (bx, by) in pairwise((*points, points[0]))) / 2


def quad_iou(a_xy: Quad, b_xy: Quad) -> float:
    """Intersection over union of two convex quadrilaterals, 0..1; 0 where either isn't convex."""
    if not (is_convex(a_xy) and is_convex(b_xy)):
        return 0.0
    if (a_xy.max(axis=0) <= b_xy.min(axis=0)).any() or (b_xy.max(axis=0) <= a_xy.min(axis=0)).any():
        return 0.0
    shared = _intersection(a_xy, b_xy)
    area = abs(signed_area(np.array(shared))) if shared else 0.0
    return area / (abs(signed_area(a_xy)) + abs(signed_area(b_xy)) - area)


Point: TypeAlias = tuple[float, float]


def _intersection(a_xy: Quad, b_xy: Quad) -> list[Point]:
    """Intersection of two convex quadrilaterals (Sutherland and Hodgman 1974).

    OpenCV's `intersectConvexConvex` isn't reliable: for nearly equal quadrilaterals it may return too small an area, or
    none (4.11).
    """
    shared: list[Point] = [(x, y) for x, y in a_xy.tolist()]
    sense = math.copysign(1.0, signed_area(b_xy))
    corners = b_xy.tolist()
    for (x, y), (next_x, next_y) in zip(corners, [*corners[1:], corners[0]], strict=True):
        shared = _cut(shared, (x, y), (sense * (next_x - x), sense * (next_y - y)))
    return shared


def _cut(polygon: list[Point], start: Point, edge: Point) -> list[Point]:
    """The part of a polygon on the inner side of the line from `start` along `edge`."""
    depths = [edge[0] * (y - start[1]) - edge[1] * (x - start[0]) for x, y in polygon]
    kept: list[Point] = []
    for i, (point, depth) in enumerate(zip(polygon, depths, strict=True)):
        if (depth >= 0) != (depths[i - 1] >= 0):
            kept.append(_between(polygon[i - 1], point, depths[i - 1] / (depths[i - 1] - depth)))
        if depth >= 0:
            kept.append(point)
    return kept


def _between(a: Point, b: Point, fraction: float) -> Point:
    return a[0] + fraction * (b[0] - a[0]), a[1] + fraction * (b[1] - a[1])


def grow_quad(quad_xy: Quad, margin: float) -> Quad:
    """Move corners (4, 2) away from their centre, so that a plate gains `margin` of its size on each side."""
    middle = np.add.reduce(quad_xy, axis=0) / 4  # `mean` takes longer than all of the rest
    grown = quad_xy - middle
    grown *= 1 + 2 * margin
    grown += middle
    return np.asarray(grown, np.float32)


def mirror_quad(quad_xy: Quad, width: float) -> Quad:
    """Corners (4, 2) in the image mirrored left to right, clockwise from a top left; `width` in pixels."""
    flipped = np.asarray(quad_xy * (-1, 1) + (width, 0), np.float32)
    return np.ascontiguousarray(flipped[[1, 0, 3, 2]])


def upright_transform(quad_xy: Quad, share: float, size_hw: tuple[int, int]) -> Floats:
    """Affine transform (3, 3) from a view with the plate upright in its centre to the image, both in pixels.

    Args:
        quad_xy: (4, 2) corners in the picture, from the plate's own top left.
        share: of the view's longer side that the plate's longer side takes.
        size_hw: height and width of the view.
    """
    top_left, top_right, bottom_right, bottom_left = np.asarray(quad_xy, np.float64)
    across, down = (
        (top_right - top_left + bottom_right - bottom_left) / 2,
        (bottom_left - top_left + bottom_right - top_right) / 2,
    )
    width, height = max(1.0, float(np.linalg.norm(across))), max(1.0, float(np.linalg.norm(down)))
    pixel = max(width, height) / (share * max(size_hw))  # of the view, in the picture's pixels
    axes = np.stack([across / width, down / height], axis=1) * pixel
    corner = np.asarray(quad_xy, np.float64).mean(axis=0) - axes @ np.array([size_hw[1] / 2, size_hw[0] / 2])
    return np.vstack([np.hstack([axes, corner[:, np.newaxis]]), [0.0, 0.0, 1.0]])


def stretch_quad(quad_xy: Quad, wider: float, higher: float) -> Quad:
    """Move corners (4, 2) outwards along the plate's sides, by fractions of width and height; negative: inwards."""
    top_left, top_right, bottom_right, bottom_left = quad_xy
    across = (top_right - top_left + bottom_right - bottom_left) / 4 * wider
    down = (bottom_left - top_left + bottom_right - top_right) / 4 * higher
    return quad_xy + np.array([-across - down, across - down, across + down, down - across], np.float32)


def lean_quad(quad_xy: Quad, fraction: float) -> Quad:
    """Lower the right side of a plate (4, 2) relative to the left one by a fraction of its height."""
    top_left, top_right, bottom_right, bottom_left = quad_xy
    down = (bottom_left - top_left + bottom_right - top_right) / 4 * fraction
    return quad_xy + np.array([-down, down, down, -down], np.float32)


def part_of_quad(quad_xy: Quad, low_xy: Sequence[float], high_xy: Sequence[float], fall: float = 0.0) -> Quad:
    """Corners (4, 2) of a part of a plate between two points in fractions of its size; below 0 or above 1: outside.

    Perspective is kept: what lies there on the rectified plate lies between these corners in the picture.

    Args:
        quad_xy: the plate.
        low_xy: the part's left and upper end.
        high_xy: its right and lower end.
        fall: of its upper and lower side over the plate's width, in shares of its height, about the plate's middle.
    """
    (left, top), (right, bottom) = low_xy, high_xy
    part = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)
    part[:, 1] += fall * (part[:, 0] - 0.5)
    return places_on_quad(quad_xy, part)


def places_on_quad(quad_xy: Quad, places: Floats) -> Floats:
    """Convert points (N, 2) from fractions of a plate's width and height to the image's pixels."""
    to_picture = cv2.getPerspectiveTransform(rectangle((1, 1)), np.asarray(quad_xy, np.float32))
    return np.asarray(cv2.perspectiveTransform(np.asarray(places, np.float32)[np.newaxis], to_picture)[0], np.float32)


def roll_quad(quad_xy: Quad, turn: int) -> Quad:
    """Rotate the order of corners (4, 2) by `turn`: with 1, the second corner becomes the plate's top left."""
    return np.ascontiguousarray(quad_xy[_BEGUN_LATER[turn % 4]] if turn % 4 else quad_xy)


def picture_order(quad_xy: Quad) -> tuple[Quad, int]:
    """Order corners by their position in the image; returns also which of them is the plate's own top left.

    Returns:
        The corners clockwise from the picture's top left (the least x + y), and the turn that leads back:
        `roll_quad(ordered, turn)` is the plate's own order.
    """
    first = int(np.argmin(quad_xy.sum(axis=1)))
    return roll_quad(quad_xy, first), (4 - first) % 4

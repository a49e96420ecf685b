"""Prepare frames for the networks: low-light gain, tiles of a photograph, upright views of a plate."""

from dataclasses import dataclass

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import Floats, Image, Quad
from lpr_edge.contract.geometry import mirror_quad, rectangle, upright_transform
from lpr_edge.contract.preprocess import PADDING
from lpr_edge.contract.sampling import sample_affine
from lpr_edge.regions.roi import Box

TILE = 0.6
"""Side of a tile, as a share of the photograph's longer side: small plates are seen larger by so much."""
OVERLAP = 0.25
"""Least share of a tile that its neighbour shows too."""
MAX_PLATE_SHARE = 0.6
"""Longer side of a plate, as a share of the tile's, above which the whole photograph shows it better."""
EDGE = 0.02
"""Nearer than this share of the tile to an edge where the photograph goes on, a plate may be cut off."""

DARK = 70
"""Level of 255 that the brightest hundredth of a dark frame stays below; no training photograph is as dark."""
LIT = 180
"""Level that it is raised to."""
MAX_GAIN = 8.0
"""Darker frames have too few steps of grey left to show a plate, and much noise."""
EVERY = 16
"""Rows and columns between the pixels that are sampled for the brightness."""


def apply_low_light_gain(frame_bgr: Image) -> Image:
    """Brighten a dark frame.

    Args:
        frame_bgr: (H, W, 3) uint8, BGR.

    Returns:
        The frame itself where it isn't dark, else a brighter copy of the same shape.
    """
    few = frame_bgr[::EVERY, ::EVERY]
    place = round(0.99 * (few.size - 1))
    if np.count_nonzero(few >= DARK) >= few.size - place:  # faster than sorting, and most frames aren't dark
        return frame_bgr
    brightest = int(np.partition(few.ravel(), place)[place])
    return np.asarray(cv2.convertScaleAbs(frame_bgr, alpha=min(MAX_GAIN, LIT / max(1, brightest))), np.uint8)


@dataclass(frozen=True)
class View:
    """A view: an image warped from a part of a photograph."""

    image_bgr: Image
    to_photo: Floats
    """(3, 3) from the view's pixels, not mirrored, to the photograph's."""
    is_mirrored: bool = False

    def quad_in_photo(self, quad_xy: Quad) -> Quad:
        """Convert corners (4, 2) from the view's pixels to the photograph's, clockwise from a top left."""
        upright = mirror_quad(quad_xy, self.image_bgr.shape[1]) if self.is_mirrored else quad_xy
        points = np.asarray(upright, np.float64)[np.newaxis]
        return np.asarray(cv2.perspectiveTransform(points, self.to_photo)[0], np.float32)


@dataclass(frozen=True)
class Tile(View):
    """A rectangular part of a photograph."""

    inner_edges: tuple[bool, bool, bool, bool] = (False, False, False, False)
    """Whether the photograph goes on beyond the left, upper, right and lower edge."""

    def cuts(self, quad_xy: Quad) -> bool:
        """Whether a plate, in the tile's pixels, may continue beyond the tile, or is too large for it."""
        height, width = self.image_bgr.shape[:2]
        near = EDGE * max(height, width)
        low, high = quad_xy.min(axis=0), quad_xy.max(axis=0)
        if (high - low).max() > MAX_PLATE_SHARE * max(height, width):
            return True
        reached = (low[0] < near, low[1] < near, high[0] > width - near, high[1] > height - near)
        return any(inner and bool(touched) for inner, touched in zip(self.inner_edges, reached, strict=True))


def tiles(photo_bgr: Image) -> list[Tile]:
    """Divide a photograph (H, W, 3) into overlapping tiles that cover all of it."""
    height, width = photo_bgr.shape[:2]
    side = max(1, int(TILE * max(height, width)))
    return [
        cut_tile(photo_bgr, Box(left, top, left + side, top + side))
        for top in _starts(height, side)
        for left in _starts(width, side)
    ]


def cut_tile(photo_bgr: Image, box: Box) -> Tile:
    """Crop a part of a photograph (H, W, 3), without a copy."""
    height, width = photo_bgr.shape[:2]
    inner = (box.left > 0, box.top > 0, box.right < width, box.bottom < height)
    return Tile(box.of(photo_bgr), np.array([[1, 0, box.left], [0, 1, box.top], [0, 0, 1]]), inner_edges=inner)


def _starts(length: int, side: int) -> list[int]:
    """Offsets of the tiles along one side of a photograph, in pixels."""
    if side >= length:
        return [0]
    count = 1 + int(np.ceil((length - side) / (side * (1 - OVERLAP))))
    return [round(float(start)) for start in np.linspace(0, length - side, count)]


def upright_view(
    photo_bgr: Image, quad_xy: Quad, share: float, size_hw: tuple[int, int], mirrored: bool = False
) -> View:
    """Warp a plate upright into the centre of a view.

    A detector sees leaning plates too upright. In a view that takes away the lean it found, what is left is small, and
    found well. The view is affine: a perspective drawn from uncertain corners would distort the surroundings.

    Args:
        photo_bgr: (H, W, 3).
        quad_xy: (4, 2) corners in the photograph, from the plate's own top left.
        share: of the view's longer side that the plate's longer side takes.
        size_hw: height and width of the view.
        mirrored: show it mirrored left to right.
    """
    to_photo = upright_transform(quad_xy, share, size_hw)
    pixel = float(np.linalg.norm(to_photo[:2, 0]))
    shown = _warped(photo_bgr, to_photo, size_hw, pixel)
    return View(np.asarray(cv2.flip(shown, 1), np.uint8) if mirrored else shown, to_photo, mirrored)


def _warped(photo_bgr: Image, to_photo: Floats, size_hw: tuple[int, int], pixel: float) -> Image:
    """Warp the photograph; first average it down by a whole factor if bilinear sampling would skip pixels."""
    seen = cv2.perspectiveTransform(rectangle(size_hw).astype(np.float64)[np.newaxis], to_photo)[0]
    limits = photo_bgr.shape[1], photo_bgr.shape[0]
    low = np.floor(seen.min(axis=0)).astype(int).clip(0, np.array(limits) - 1)
    high = np.ceil(seen.max(axis=0)).astype(int).clip(low + 1, limits)
    part, factor = photo_bgr[low[1] : high[1], low[0] : high[0]], max(1, int(pixel))
    shrunk_wh = max(1, part.shape[1] // factor), max(1, part.shape[0] // factor)
    if factor > 1:
        part = np.asarray(cv2.resize(part, shrunk_wh, interpolation=cv2.INTER_AREA), np.uint8)
    scale = np.array([shrunk_wh[0] / (high[0] - low[0]), shrunk_wh[1] / (high[1] - low[1])])
    to_part = np.diag([*scale, 1.0]) @ np.array([[1, 0, -low[0]], [0, 1, -low[1]], [0, 0, 1]]) @ to_photo
    return sample_affine(part, np.asarray(to_part[:2], np.float64), size_hw, (PADDING, PADDING, PADDING))

"""Replace the plate in a photograph by a rendered one (copy-paste augmentation)."""

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import AnyArray, Image, Quad
from lpr_edge.contract.geometry import quad_size, rectify
from lpr_train.render.draw.sketch import paste


def paste_plate(
    photo_bgr: Image, quad_xy: Quad, plate_bgr: Image, rng: np.random.Generator, alpha: Image | None = None
) -> Image:
    """Paste a plate at four corners, with the light and sharpness of the plate that it covers.

    Args:
        photo_bgr: (H, W, 3); left as it is.
        quad_xy: (4, 2) corners of the plate to cover, clockwise from its own top left.
        plate_bgr: (h, w, 3) upright.
        rng: the source of chance.
        alpha: (h, w), 0 where the plate has round corners; everything is covered without it.

    Raises:
        ValueError: `quad_xy` isn't convex.
    """
    plate = _matched(plate_bgr, cut_out(photo_bgr, quad_xy), rng)
    mask = np.full(plate.shape[:2], 255, np.uint8) if alpha is None else alpha
    photo = photo_bgr.copy()
    paste(photo, plate, _soft_edged(mask), _slightly_larger(quad_xy))
    return photo


def cut_out(photo_bgr: Image, quad_xy: Quad) -> Image:
    """Rectify a plate (h, w, 3) of a photograph at its own resolution.

    Raises:
        ValueError: `quad_xy` isn't convex.
    """
    width, height = quad_size(quad_xy)
    return rectify(photo_bgr, quad_xy, (max(6, round(height)), max(8, round(width))))


def _matched(plate: Image, covered: Image, rng: np.random.Generator) -> Image:
    """Match a plate's mean brightness, contrast and part of its colour cast to another image's."""
    small = cv2.resize(plate, covered.shape[1::-1], interpolation=cv2.INTER_AREA)
    (mean_here, spread_here), (mean_there, spread_there) = _light(small), _light(covered)
    contrast = float(np.clip(spread_there / max(spread_here, 4.0), 0.35, 1.3)) * rng.uniform(0.85, 1.15)
    brightness = mean_there + rng.normal(0, 6) - mean_here * contrast
    changed = plate.astype(np.float32) * contrast + brightness
    sigma = rng.uniform(0.1, 0.7) * plate.shape[1] / covered.shape[1]
    return np.asarray(cv2.GaussianBlur(np.clip(changed, 0, 255).astype(np.uint8), (0, 0), max(0.15, sigma)), np.uint8)


def _light(picture: AnyArray) -> tuple[float, float]:
    """Mean and standard deviation of an image's brightness."""
    mean, spread = cv2.meanStdDev(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY))
    return float(mean[0, 0]), float(spread[0, 0])


def _soft_edged(mask: Image) -> Image:
    height, width = mask.shape[:2]
    edge = max(1, round(height * 0.015))
    framed = cv2.copyMakeBorder(
        mask[edge : height - edge, edge : width - edge], edge, edge, edge, edge, cv2.BORDER_CONSTANT
    )
    return np.asarray(cv2.GaussianBlur(framed, (0, 0), edge), np.uint8)


def _slightly_larger(quad_xy: Quad) -> Quad:
    """Enlarge corners slightly: labelled corners may lie inside the plate, so the old plate would show."""
    middle = quad_xy.mean(axis=0)
    return np.asarray((quad_xy - middle) * 1.05 + middle, np.float32)

"""Augmentation as Keras' ImageDataGenerator does it, for the article's experiment."""

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import Floats, Image

ROTATION, SHEAR, ZOOM = 10.0, 0.2, 0.2
"""The article's `rotation_range`, `shear_range` and `zoom_range`.

Keras takes the first two as degrees, so its shear of 0.2 is next to nothing; most likely 0.2 of the height was meant.
"""


def keras_view(pixels: Image, rng: np.random.Generator) -> Image:
    """Rotate, shear and zoom an image (H, W, C) uint8 about its centre; outside, the edge is repeated."""
    turn, shear = np.deg2rad(rng.uniform((-ROTATION, -SHEAR), (ROTATION, SHEAR)))
    zoom = np.asarray(rng.uniform(1 - ZOOM, 1 + ZOOM, 2), np.float32)
    return move_as_keras(pixels, keras_matrix(float(turn), float(shear), zoom))


def keras_matrix(turn: float, shear: float, zoom: Floats) -> Floats:
    """Compute the (2, 2) matrix of Keras' `apply_affine_transform`, which maps output to input positions.

    Args:
        turn: radians.
        shear: radians.
        zoom: (2,) factors along rows and columns; above 1 the image shrinks.

    Returns:
        (2, 2) for positions in the order row, column.
    """
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    sheared = rotation @ np.array([[1.0, -np.sin(shear)], [0.0, np.cos(shear)]])
    return np.asarray(sheared @ np.diag(zoom), np.float32)


def move_as_keras(pixels: Image, matrix: Floats) -> Image:
    """Warp an image (H, W, C) by a (2, 2) matrix about its centre, bilinearly (`fill_mode="nearest"`)."""
    height, width = pixels.shape[:2]
    across = matrix[::-1, ::-1].astype(np.float64)  # OpenCV uses the order column, row
    middle = np.array([width, height]) / 2 - 0.5
    moved = np.column_stack([across, middle - across @ middle])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    shown = cv2.warpAffine(pixels, moved, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(shown, np.uint8).reshape(pixels.shape)

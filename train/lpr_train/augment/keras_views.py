"""Pictures varied as Keras' ImageDataGenerator does it, for the article's experiment."""

import cv2
import numpy as np

from lpr_edge.contract.arrays import Floats, Image

ROTATION, SHEAR, ZOOM = 10.0, 0.2, 0.2
"""The article's `rotation_range`, `shear_range` and `zoom_range`.

Keras takes the first two as degrees, so its shear of 0.2 is next to nothing; most likely 0.2 of the height was meant.
"""


def keras_view(pixels: Image, rng: np.random.Generator) -> Image:
    """Turn, shear and zoom a picture (H, W, C) about its middle; what lay outside repeats the edge."""
    turn, shear = np.deg2rad(rng.uniform((-ROTATION, -SHEAR), (ROTATION, SHEAR)))
    zoom = np.asarray(rng.uniform(1 - ZOOM, 1 + ZOOM, 2), np.float32)
    return move_as_keras(pixels, keras_matrix(float(turn), float(shear), zoom))


def keras_matrix(turn: float, shear: float, zoom: Floats) -> Floats:
    """The (2, 2) matrix of `apply_affine_transform`, from places in the result to places in the source.

    Args:
        turn: radians.
        shear: radians.
        zoom: along rows and columns, apart from each other; above 1 shrinks what is shown.

    Returns:
        For places as row and column.
    """
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    sheared = rotation @ np.array([[1.0, -np.sin(shear)], [0.0, np.cos(shear)]])
    return np.asarray(sheared @ np.diag(zoom), np.float32)


def move_as_keras(pixels: Image, matrix: Floats) -> Image:
    """Show each place of the result as `matrix` says, about the middle, bilinearly (`fill_mode="nearest"`)."""
    height, width = pixels.shape[:2]
    across = matrix[::-1, ::-1].astype(np.float64)  # OpenCV counts columns first
    middle = np.array([width, height]) / 2 - 0.5
    moved = np.column_stack([across, middle - across @ middle])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    shown = cv2.warpAffine(pixels, moved, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(shown, np.uint8).reshape(pixels.shape)

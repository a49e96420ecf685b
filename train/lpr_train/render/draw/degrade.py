"""Augmentation: random effects of light and cameras, one after the other, as street cameras have them."""

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import Image
from lpr_train.render.draw.effects import (
    Effect,
    blotches,
    blur,
    cast,
    glare,
    gradient,
    haze,
    jpeg,
    low_light,
    low_resolution,
    motion,
    night,
    noise,
    pale,
    shadow,
    sharpen,
    tone,
)

LIGHT: tuple[tuple[Effect, float], ...] = (
    (gradient, 0.35),
    (shadow, 0.25),
    (glare, 0.18),
    (tone, 0.7),
    (cast, 0.5),
    (pale, 0.2),
    (haze, 0.22),
    (night, 0.15),
)
"""Effects of light, each with how often it happens, in the order in which they do."""
CAMERA: tuple[tuple[Effect, float], ...] = (
    (blur, 0.35),
    (motion, 0.15),
    (low_light, 0.18),
    (low_resolution, 0.5),
    (sharpen, 0.18),
    (noise, 0.35),
    (blotches, 0.12),
    (jpeg, 0.35),
)
"""Effects of the camera, in the order in which they happen."""
FAINTEST = 4.0
"""Grey levels of contrast below which no effect may bring a plate."""
SCENE_SHARE: dict[Effect, float] = {blur: 0.2, motion: 0.25, low_resolution: 0.75, sharpen: 0.5}
"""How much of their strength blurring effects keep on a scene."""


def degrade(image: Image, rng: np.random.Generator, strength: float = 0.6) -> Image:
    """Apply random effects of street light and of a cheap camera to a clean image.

    Args:
        image: (H, W, 3) uint8.
        rng: the source of chance.
        strength: 0 leaves it as it is; 1 makes some pictures hard to read for people.
    """
    contrast = _contrast(image)
    for effect, share in (*LIGHT, *CAMERA):
        if rng.random() < share:
            changed = effect(image, rng, strength)
            # Don't let effects add up until nothing is left to see.
            if (left := _contrast(changed)) > min(FAINTEST, 0.9 * contrast):
                image, contrast = changed, left
    return image


def degrade_scene(image: Image, rng: np.random.Generator, strength: float = 0.6) -> Image:
    """`degrade` for a whole scene, whose plates are small: the same light, but less blur.

    Args:
        image: (H, W, 3) uint8.
        rng: the source of chance.
        strength: as for `degrade`.
    """
    for effect, share in LIGHT:
        if rng.random() < share * 0.6:
            image = effect(image, rng, strength)
    for effect, share in CAMERA:
        if rng.random() < share * 0.55:
            image = effect(image, rng, strength * SCENE_SHARE.get(effect, 1.0))
    return image


def _contrast(image: Image) -> float:
    """Standard deviation of the brightness around its local mean, at low resolution so that noise doesn't count."""
    coarse = cv2.resize(image, (48, 24), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(coarse, cv2.COLOR_BGR2GRAY)
    return float(cv2.meanStdDev(cv2.subtract(grey, cv2.blur(grey, (13, 13)), dtype=cv2.CV_32F))[1][0, 0])

"""Noise from cached fields: random numbers are the most expensive part of a synthetic image."""

from functools import lru_cache

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import AnyArray, Floats, Image

SIZE = 1024
"""Side of the stored fields; larger cuts are enlarged."""
FRACTALS = 6
GRAIN_SPREAD = 30
"""Standard deviation of the stored grain, in grey levels."""


@lru_cache(maxsize=1)
def _white() -> Floats:
    """Cached standard normal numbers (SIZE, SIZE, 3)."""
    return np.random.default_rng(20540).standard_normal((SIZE, SIZE, 3), np.float32)


@lru_cache(maxsize=1)
def _fractals() -> tuple[Floats, ...]:
    rng = np.random.default_rng(20541)
    return tuple(_fractal(rng) for _ in range(FRACTALS))


def _fractal(rng: np.random.Generator) -> Floats:
    """Fractal noise (SIZE, SIZE), 0..1: octaves of enlarged random grids."""
    field = np.zeros((SIZE, SIZE), np.float32)
    for octave in range(2, 9):
        cells = rng.standard_normal((2**octave, 2**octave), np.float32)
        field += cv2.resize(cells, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC) * 0.62**octave
    return np.asarray((field - field.min()) / np.ptp(field), np.float32)


def white_noise(rng: np.random.Generator, size_hw: tuple[int, int], channels: int = 3) -> Floats:
    """Standard normal numbers, (H, W, channels); channels is 1 or 3."""
    cut = _cut(_white(), rng, size_hw)
    return cut[..., :channels]


def cloud_noise(rng: np.random.Generator, size_hw: tuple[int, int], zoom: float = 1.0) -> Floats:
    """Fractal noise (H, W), 0..1; its structures grow with `zoom`."""
    field = _fractals()[int(rng.integers(FRACTALS))]
    height, width = max(2, int(size_hw[0] / zoom)), max(2, int(size_hw[1] / zoom))
    cut = _cut(field, rng, (height, width))
    if cut.shape[:2] == size_hw:
        return cut
    return np.asarray(cv2.resize(cut, (size_hw[1], size_hw[0]), interpolation=cv2.INTER_LINEAR), np.float32)


def cloud_bytes(rng: np.random.Generator, size_hw: tuple[int, int], zoom: float = 1.0) -> Image:
    """`cloud_noise` as uint8 0..255: several times faster on large pictures."""
    field = _fractal_bytes()[int(rng.integers(FRACTALS))]
    height, width = max(2, int(size_hw[0] / zoom)), max(2, int(size_hw[1] / zoom))
    cut = _cut(field, rng, (min(height, SIZE), min(width, SIZE)))
    return np.asarray(cv2.resize(cut, (size_hw[1], size_hw[0]), interpolation=cv2.INTER_LINEAR), np.uint8)


def grain(image: Image, rng: np.random.Generator, amount: float) -> Image:
    """Add grey noise of a standard deviation to an image (H, W, 3)."""
    cut = _cut(_grain_bytes(), rng, (min(image.shape[0], SIZE), min(image.shape[1], SIZE)))
    cut = cut if cut.shape == image.shape else cv2.resize(cut, image.shape[1::-1])
    share = amount / GRAIN_SPREAD
    return np.asarray(cv2.addWeighted(image, 1.0, cut, share, -128 * share), np.uint8)


@lru_cache(maxsize=1)
def _fractal_bytes() -> tuple[Image, ...]:
    return tuple((field * 255).astype(np.uint8) for field in _fractals())


@lru_cache(maxsize=1)
def _grain_bytes() -> Image:
    grey = np.clip(_white()[..., :1] * GRAIN_SPREAD + 128, 0, 255).astype(np.uint8)
    return np.ascontiguousarray(grey.repeat(3, axis=2))


def _cut(field: AnyArray, rng: np.random.Generator, size_hw: tuple[int, int]) -> AnyArray:
    """Crop a random window from a field; a window larger than the field is the enlarged field."""
    height, width = min(size_hw[0], SIZE), min(size_hw[1], SIZE)
    top, left = int(rng.integers(SIZE - height + 1)), int(rng.integers(SIZE - width + 1))
    cut = field[top : top + height, left : left + width]
    return cut if (height, width) == size_hw else np.asarray(cv2.resize(cut, (size_hw[1], size_hw[0])))

"""Noise that is drawn once and then only cut from: random numbers are the dearest part of a synthetic picture."""

from functools import lru_cache

import cv2
import numpy as np

from lpr_edge.contract.arrays import Floats

SIZE = 1024
"""Side of the stored fields; larger cuts are enlarged."""
FRACTALS = 6


@lru_cache(maxsize=1)
def _white() -> Floats:
    """(SIZE, SIZE, 3) standard normal numbers."""
    return np.random.default_rng(20540).standard_normal((SIZE, SIZE, 3), np.float32)


@lru_cache(maxsize=1)
def _fractals() -> tuple[Floats, ...]:
    rng = np.random.default_rng(20541)
    return tuple(_fractal(rng) for _ in range(FRACTALS))


def _fractal(rng: np.random.Generator) -> Floats:
    """(SIZE, SIZE) cloudy noise, 0..1: octaves of enlarged random grids."""
    field = np.zeros((SIZE, SIZE), np.float32)
    for octave in range(2, 9):
        cells = rng.standard_normal((2**octave, 2**octave), np.float32)
        field += cv2.resize(cells, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC) * 0.62**octave
    return np.asarray(cv2.normalize(field, None, 0, 1, cv2.NORM_MINMAX), np.float32)


def white_noise(rng: np.random.Generator, size_hw: tuple[int, int], channels: int = 3) -> Floats:
    """Standard normal numbers, (H, W, channels); channels is 1 or 3."""
    cut = _cut(_white(), rng, size_hw)
    return cut[..., :channels]


def cloud_noise(rng: np.random.Generator, size_hw: tuple[int, int], zoom: float = 1.0) -> Floats:
    """Cloudy noise 0..1, (H, W); the clouds grow with `zoom`."""
    field = _fractals()[int(rng.integers(FRACTALS))]
    height, width = max(2, int(size_hw[0] / zoom)), max(2, int(size_hw[1] / zoom))
    cut = _cut(field, rng, (height, width))
    if cut.shape[:2] == size_hw:
        return cut
    return np.asarray(cv2.resize(cut, (size_hw[1], size_hw[0]), interpolation=cv2.INTER_LINEAR), np.float32)


def _cut(field: Floats, rng: np.random.Generator, size_hw: tuple[int, int]) -> Floats:
    """A random window of the field; a window larger than the field is cut whole and enlarged."""
    height, width = min(size_hw[0], SIZE), min(size_hw[1], SIZE)
    top, left = int(rng.integers(SIZE - height + 1)), int(rng.integers(SIZE - width + 1))
    cut = field[top : top + height, left : left + width]
    if (height, width) == size_hw:
        return cut
    return np.asarray(cv2.resize(cut, (size_hw[1], size_hw[0])), np.float32)

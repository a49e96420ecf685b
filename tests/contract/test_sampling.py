"""Bilinear samples that are the same to the bit everywhere."""

import zlib

import cv2
import numpy as np
import pytest

from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.geometry import rectify
from lpr_edge.contract.sampling import Doubles, sample_affine, sample_perspective

LEANING = np.array([[0.9, 0.2, 4.3], [-0.1, 0.8, 9.6], [0.0011, -0.0007, 1.0]])
GREY = (114, 114, 114)
SAME = [3977581789, 3900655545, 1530607433, 1362305974]
"""CRC-32 of the pictures below."""


@pytest.fixture
def image() -> Image:
    """Noise: each pixel that is sampled elsewhere shows."""
    return np.random.default_rng(7).integers(0, 256, (90, 120, 3), np.uint8)


def by_hand(image: Image, x: float, y: float) -> Doubles:
    """A bilinear sample at a position rounded to 1/32 pixel, within the image."""
    left, top = int(np.floor(x)), int(np.floor(y))
    right, down = np.rint((x - left) * 32) / 32, np.rint((y - top) * 32) / 32
    square = image[top : top + 2, left : left + 2].astype(float)
    across = square[:, 0] * (1 - right) + square[:, 1] * right
    return np.asarray(across[0] * (1 - down) + across[1] * down)


@pytest.mark.parametrize("matrix", [LEANING, np.vstack((LEANING[:2], [0, 0, 1]))], ids=["leaning", "flat"])
def test_samples_are_bilinear(image: Image, matrix: Doubles) -> None:
    """A pixel is the mean of four, weighted by where its position lies between them, to half a step."""
    shown = sample_perspective(image, matrix, (40, 50), cv2.BORDER_REPLICATE)
    for x, y in ((0, 0), (49, 39), (13, 27), (30, 5)):
        there = matrix @ (x, y, 1)
        assert np.abs(shown[y, x] - by_hand(image, *(there[:2] / there[2]))).max() <= 0.5 + 1e-9


def test_affine_is_a_perspective_without_depth(image: Image) -> None:
    """Both ways give the same picture, but for positions that lie between two thirty-seconds of a pixel."""
    affine = np.vstack((LEANING[:2], [0, 0, 1]))
    far = sample_perspective(image, affine, (40, 50), cv2.BORDER_CONSTANT)
    near = sample_affine(image, affine[:2], (40, 50), (0, 0, 0))
    assert np.abs(far.astype(int) - near).mean() < 1


def test_outside_is_the_border(image: Image) -> None:
    """Beyond the image its edge is repeated, or a colour stands; positions of any size are allowed."""
    moved = np.array([[1.0, 0, -1e12], [0, 1, 0], [0, 0, 1]])
    edge = sample_perspective(image, moved, (5, 6), cv2.BORDER_REPLICATE)
    assert np.array_equal(edge, np.repeat(image[:5, :1], 6, axis=1))
    assert np.array_equal(sample_affine(image, moved[:2], (2, 3), GREY), np.full((2, 3, 3), 114))


def test_horizon_is_no_error(image: Image) -> None:
    """Where a perspective has no depth, some pixel is given and nothing warns."""
    flat = np.array([[1.0, 0, 0], [0, 1, 0], [0, 0.5, -1]])
    assert sample_perspective(image, flat, (4, 4), cv2.BORDER_REPLICATE).shape == (4, 4, 3)


def test_large_pictures_are_done_in_parts(image: Image) -> None:
    """A picture of more rows than are computed at a time is that of one row after the other."""
    edge = cv2.BORDER_REPLICATE
    below = [LEANING @ np.array([[1.0, 0, 0], [0, 1, y], [0, 0, 1]]) for y in range(90)]
    rows = np.vstack([sample_perspective(image, matrix, (1, 600), edge) for matrix in below])
    assert np.abs(sample_perspective(image, LEANING, (90, 600), edge).astype(int) - rows).mean() < 0.01


def test_same_bits_everywhere(image: Image) -> None:
    """OpenCV 4 and 5, x86 and ARM give the same pixels to the bit, of which networks make the same texts."""
    quad = np.array([[20.3, 11.2], [101.7, 24.9], [95.2, 71.4], [14.6, 60.8]], np.float32)
    pictures = (
        rectify(image, quad, (48, 96)),
        rectify(image, quad, (16, 24)),
        rectify(image[..., 1], quad, (48, 96)),
        sample_affine(image, LEANING[:2], (60, 80), GREY),
    )
    assert [zlib.crc32(picture.tobytes()) for picture in pictures] == SAME

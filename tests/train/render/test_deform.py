"""Changes to the shape of a plate's characters."""

import cv2
import numpy as np
import pytest

from lpr_edge.contract.base.arrays import Image
from lpr_train.render.draw.deform import deform, ripple, strokes


def barred() -> Image:
    """White bars on black, 12 pixels wide, as strokes of a plate that takes half of the picture."""
    image = np.zeros((300, 640, 3), np.uint8)
    image[60:240, 160:480:40] = 255
    return np.asarray(cv2.dilate(image, np.ones((1, 12))), np.uint8)


def test_strokes_become_thicker_or_thinner() -> None:
    """Over some seeds, white strokes cover more in some pictures and less in others."""
    area = barred().mean()
    changes = [strokes(barred(), np.random.default_rng(seed), 0.8).mean() - area for seed in range(12)]
    assert min(changes) < -1 < 1 < max(changes)


@pytest.mark.parametrize("seed", range(5))
def test_ripple_moves_no_stroke_far(seed: int) -> None:
    """Each bar stays within a hundredth of the width or so of its place, and something moves."""
    before, after = barred(), ripple(barred(), np.random.default_rng(seed), 0.8)
    assert not np.array_equal(before, after)
    row_before, row_after = (image[150, :, 0].astype(float) for image in (before, after))
    for x in range(160, 480, 40):
        place = np.arange(x - 20, x + 20)
        centres = [(place * row[place]).sum() / row[place].sum() for row in (row_before, row_after)]
        assert abs(centres[0] - centres[1]) < 0.016 * 640


def test_deform_depends_on_the_seed_alone() -> None:
    """The same seed gives the same picture; strength 0 moves nothing and keeps strokes within a pixel."""
    one, other = (deform(barred(), np.random.default_rng(3), 0.6) for _ in range(2))
    np.testing.assert_array_equal(one, other)
    plain = ripple(barred(), np.random.default_rng(3), 0.0)
    np.testing.assert_array_equal(plain, barred())

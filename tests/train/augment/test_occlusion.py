"""Plates hidden in part, and burnt out."""

import numpy as np

from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.geometry import places_on_quad
from lpr_train.augment.occlusion import occlude_plates

QUAD = np.array([[60, 50], [160, 60], [158, 110], [58, 100]], np.float32)


def street() -> Image:
    """A dark plate in a grey street."""
    image = np.full((180, 240, 3), 120, np.uint8)
    image[50:111, 58:161] = 30
    return image


def test_a_part_of_a_plate_changes_and_never_all_of_the_picture() -> None:
    """What is far from the plate stays, something on the plate doesn't."""
    for seed in range(40):
        image = np.random.default_rng(99).integers(0, 200, (180, 240, 3)).astype(np.uint8)
        before = image.copy()
        found = occlude_plates(image, [QUAD], 1.0, np.random.default_rng(seed))
        np.testing.assert_array_equal(image, before)
        np.testing.assert_array_equal(found[:20], image[:20])
        np.testing.assert_array_equal(found[160:], image[160:])
        assert (found[55:100, 65:155] != image[55:100, 65:155]).any()


def test_more_than_a_third_of_a_hidden_plate_is_still_seen() -> None:
    """Or burnt out: then all of it is lighter, and none of it is covered."""
    inside = np.stack(np.meshgrid(np.linspace(0.02, 0.98, 40), np.linspace(0.02, 0.98, 20)), axis=-1).reshape(-1, 2)
    places = places_on_quad(QUAD, inside).round().astype(int)
    for seed in range(40):
        found = occlude_plates(street(), [QUAD], 1.0, np.random.default_rng(seed))
        on_plate = found[places[:, 1], places[:, 0]].astype(int)
        is_burnt = bool((on_plate > 60).mean() > 0.95) and on_plate.std() < 40
        assert is_burnt or (on_plate == 30).all(axis=1).mean() > 0.33


def test_no_share_troubles_nothing() -> None:
    """The picture itself comes back."""
    image = street()
    assert occlude_plates(image, [QUAD], 0.0, np.random.default_rng(0)) is image

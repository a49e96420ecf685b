"""Crops of single characters."""

import numpy as np
import pytest
from tests.support.islands import islands

from lpr_edge.contract.base.arrays import Floats
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.countries import load_country
from lpr_train.render.plate.characters import CharacterRenderer


@pytest.fixture(scope="module")
def renderer() -> CharacterRenderer:
    """Draws Nepal's characters."""
    return CharacterRenderer(load_country("nepal"))


def test_every_class_of_the_data_set_is_rendered(renderer: CharacterRenderer) -> None:
    """Each of the twelve classes gives colour crops that aren't blank."""
    rng = np.random.default_rng(1)
    for label in renderer.country.characters.values():
        crops = [renderer.render(label, rng) for _ in range(5)]
        assert all(crop.dtype == np.uint8 and crop.ndim == 3 and crop.shape[2] == 3 for crop in crops)
        assert all(min(crop.shape[:2]) >= 12 for crop in crops)
        assert np.median([crop.std() for crop in crops]) > 10


def test_same_seed_same_crop(renderer: CharacterRenderer) -> None:
    """A crop is a function of label and generator."""
    one, two = (renderer.render("५", np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(one, two)
    assert np.array_equal(renderer.clutter(np.random.default_rng(3)), renderer.clutter(np.random.default_rng(3)))


def test_labels_differ_from_each_other_and_from_clutter(renderer: CharacterRenderer) -> None:
    """The mean pictures of two classes differ: the label is what is in the middle, not its neighbours."""
    clean = CharacterRenderer(renderer.country, renderer.glyphs, strength=0.0)
    rng = np.random.default_rng(4)

    def mean_picture(label: str) -> Floats:
        crops = [clean.render(label, rng).mean(axis=2) for _ in range(40)]
        grey = [np.abs(crop - np.median(crop)) for crop in crops]
        return np.asarray(
            np.mean([g[np.ix_(*(np.linspace(0, n - 1, 16).astype(int) for n in g.shape))] for g in grey], axis=0),
            np.float32,
        )

    zero, one = mean_picture("०"), mean_picture("८")
    assert np.abs(zero - one).max() > 25


def test_clutter_is_of_many_kinds(renderer: CharacterRenderer) -> None:
    """Crops without a character are drawn in many brightnesses and sizes."""
    rng = np.random.default_rng(5)
    crops = [renderer.clutter(rng) for _ in range(40)]
    assert all(crop.dtype == np.uint8 and crop.shape[2] == 3 for crop in crops)
    assert np.ptp([crop.mean() for crop in crops]) > 60
    assert len({crop.shape for crop in crops}) > 20


def test_latin_characters_render() -> None:
    """A country without Devanagari has its own characters."""
    renderer = CharacterRenderer(islands())
    assert renderer.render("A", np.random.default_rng(1)).std() > 5


def test_unknown_label_is_a_clear_error(renderer: CharacterRenderer) -> None:
    """A label that no font has is named."""
    with pytest.raises(LprError, match="中"):
        renderer.render("中", np.random.default_rng(1))

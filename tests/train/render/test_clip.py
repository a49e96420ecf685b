"""The film of the demo: usual plates, and a ground truth that readings can match."""

import numpy as np

from lpr_edge.contract.countries import load_country
from lpr_train.render.plate.composing import compose
from lpr_train.render.plate.plates import PlateRenderer
from lpr_train.render.scene.clip import registration


def test_a_twin_in_latin_letters_is_no_part_of_the_truth() -> None:
    """A bilingual plate's registration is its own script's; a Latin plate's is all of it."""
    renderer = PlateRenderer(load_country())
    rng = np.random.default_rng(0)
    assert registration(renderer.render(rng, text=("ग१य", "९७१", "GA1YA971"))) == ("ग१य", "९७१")
    assert registration(renderer.render(rng, text="BAB0105")) == ("BAB0105",)


def test_letters_come_as_often_as_on_the_road() -> None:
    """Without even shares rare letters stay rare: the class that a third of all plates have is on a third."""
    country, rng = load_country(), np.random.default_rng(0)
    zonal = [compose(country, rng, "zonal", even_share=0.0) for _ in range(600)]
    two_wheelers = sum(any("प" in row for row in wording.labels) for wording in zonal) / len(zonal)
    share = country.shares["class"]
    assert abs(two_wheelers - share["प"] / sum(share.values())) < 0.06

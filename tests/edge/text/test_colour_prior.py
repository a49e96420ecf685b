"""A plate's colour weighs in where its class letter is doubtful."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.countries import load_country
from lpr_edge.contract.geometry import rectangle
from lpr_edge.contract.rows import Character, Rows
from lpr_edge.text.colour_prior import with_colour_prior
from lpr_edge.text.decoding import text_of
from lpr_edge.text.grammar import Grammar
from lpr_edge.vision.plate_colour import measure_colour

NEPAL = load_country("nepal")
GRAMMAR = Grammar(NEPAL)
COLOURS = {colour.name: colour for colour in NEPAL.colours}
SIZE = (60, 180)


def painted(name: str) -> Image:
    """A plate of a colour of the country's, with bars for characters."""
    colour = COLOURS[name]
    image = np.full((*SIZE, 3), colour.plate_rgb[::-1], np.uint8)
    image[15:45, 20:160:20] = image[15:45, 24:160:20] = colour.text_rgb[::-1]
    return image


def reading(text: list[str], doubtful: dict[str, float]) -> Rows:
    """One row with these labels, of which the third may be others too."""
    row = []
    for index, label in enumerate(text):
        scores = np.full(len(NEPAL.labels), 1e-5, np.float32)
        for other, score in (doubtful if index == 2 else {label: 0.99}).items():
            scores[NEPAL.labels.index(other)] = score
        own = float(scores[NEPAL.labels.index(label)])
        row.append(Character(label, own, 0.9, (index + 0.5) / len(text), 0.5, 0.1, 0.5, scores))
    return (tuple(row),)


def weighed(rows: Rows, colour: str) -> Rows:
    measure = partial(measure_colour, painted(colour), rectangle(SIZE), NEPAL)
    return with_colour_prior(rows, NEPAL.labels, GRAMMAR, measure)


@pytest.mark.parametrize(("colour", "text"), [("red", "बा१च२३"), ("black", "बा१ख२३"), ("white", "बा१च२३")])
def test_colour_decides_between_class_letters(colour: str, text: str) -> None:
    """Of two about equally likely letters the one of the plate's colour stands; a colour of neither decides nothing."""
    plate = weighed(reading(["बा", "१", "च", "२", "३"], {"च": 0.5, "ख": 0.4, "झ": 0.01}), colour)
    assert text_of(plate) == text


def test_colour_confirms_a_class_letter() -> None:
    """What colour and shape agree on is surer; the other characters stay."""
    before = reading(["बा", "१", "च", "२", "३"], {"च": 0.6, "ख": 0.3})
    after = weighed(before, "red")
    assert after[0][2].score > 0.9 > before[0][2].score
    assert after[0][2].scores.sum() == pytest.approx(1.0)
    assert after[0][1] is before[0][1]


def test_certain_letters_and_other_texts_stay() -> None:
    """A certain class letter isn't questioned, whatever the colour, nor is what no form allows."""
    certain = reading(["बा", "१", "च", "२", "३"], {"च": 0.98})
    assert weighed(certain, "black") is certain
    strange = reading(["१", "२", "च", "बा"], {"च": 0.5, "ख": 0.4})
    assert weighed(strange, "black") is strange


def test_zone_letters_have_no_colour() -> None:
    """A doubtful letter that is no class keeps its probabilities."""
    row = reading(["बा", "१", "च", "२", "३"], {"च": 0.98})[0]
    doubtful = ((replace(row[0], score=0.5), *row[1:]),)
    assert weighed(doubtful, "black") is doubtful


def test_grey_pictures_have_no_colour() -> None:
    """In a picture of one channel, as the reader's own input is, nothing is measured and nothing changes."""
    rows = reading(["बा", "१", "च", "२", "३"], {"च": 0.5, "ख": 0.4})
    grey = painted("black")[..., :1]
    assert measure_colour(grey, rectangle(SIZE), NEPAL) == ""
    assert with_colour_prior(rows, NEPAL.labels, GRAMMAR, lambda: measure_colour(grey, rectangle(SIZE), NEPAL)) is rows

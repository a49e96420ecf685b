"""Plates that say their registration in two scripts."""

from dataclasses import replace

import numpy as np
import pytest

from lpr_edge.contract.base.arrays import Quad
from lpr_edge.contract.countries import load_country
from lpr_edge.contract.rows import Character
from lpr_edge.text.decoding import PlateDecoder, decode_plate
from lpr_edge.text.grammar import Grammar
from lpr_edge.vision.corner_refinement import refined_corners
from lpr_edge.vision.plates import Reading
from lpr_edge.vision.voting import PlateVoter

NEPAL = load_country()
DECODER = PlateDecoder(NEPAL.labels, Grammar(NEPAL))
QUAD: Quad = np.array([[0, 0], [200, 0], [200, 100], [0, 100]], np.float32)


def _row(text: str, y: float, score: float = 0.95) -> list[Character]:
    labels = NEPAL.tokenize(text)
    found = []
    for i, label in enumerate(labels):
        scores = np.full(len(NEPAL.labels), 1e-4, np.float32)
        scores[NEPAL.labels.index(label)] = score
        found.append(Character(label, score, 0.9, (i + 0.5) / len(labels), y, 0.08, 0.25, scores))
    return found


@pytest.mark.parametrize("own_first", [True, False])
def test_the_text_is_the_own_script_and_the_twin_a_field(own_first: bool) -> None:
    """Whichever of the two stands above."""
    own, twin = _row("ग१य९७१", 0.25 if own_first else 0.75), _row("GA1YA971", 0.75 if own_first else 0.25)
    plate = decode_plate(DECODER, [*own, *twin], 0.35)
    assert [c.label for row in plate.rows for c in row] == ["ग", "१", "य", "९", "७", "१"]
    assert plate.parsed.valid
    assert plate.parsed.fields["latin_twin"] == "GA1YA971"
    assert plate.parsed.fields["zone_name"] == "Gandaki"
    assert len(plate.twin) == 1


def test_a_twin_that_cannot_be_read_is_no_field() -> None:
    """The registration stands all the same."""
    plate = decode_plate(DECODER, [*_row("बा१प१३४१", 0.25), *_row("XQ", 0.75)], 0.35)
    assert plate.parsed.valid
    assert "latin_twin" not in plate.parsed.fields


def test_plates_in_one_script_have_no_twin() -> None:
    """Devanagari plates, embossed ones, and what no form allows in either script stay whole."""
    for rows in (["बा१प", "१३४१"], ["BAA", "4701"], ["बा", "QX"]):
        found = [c for i, row in enumerate(rows) for c in _row(row, 0.25 + 0.5 * i)]
        plate = decode_plate(DECODER, found, 0.35)
        assert "".join(c.label for row in plate.rows for c in row) == "".join(rows)
        assert plate.twin == ()


def test_corners_and_votes_keep_the_twin() -> None:
    """The twin's row is a part of the plate, and a vote doesn't lose the field."""
    decoded = decode_plate(DECODER, [*_row("ग१य९७१", 0.3), *_row("GA1YA971", 0.7)], 0.35)
    reading = Reading(decoded.rows, decoded.parsed, QUAD, twin=decoded.twin)
    whole, part = refined_corners(reading), refined_corners(replace(reading, twin=()))
    assert whole is not None
    assert part is not None
    assert whole[2, 1] > part[2, 1] + 10
    voter = PlateVoter()
    voter.add(reading)
    assert voter.result(DECODER).parsed.fields["latin_twin"] == "GA1YA971"

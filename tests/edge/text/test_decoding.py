"""The likeliest reading that the grammar allows."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpr_edge.contract.countries import load_country
from lpr_edge.contract.rows import Character
from lpr_edge.text.decoding import EVEN_PEAK, PlateDecoder, existence
from lpr_edge.text.grammar import Grammar

NEPAL = load_country()
GRAMMAR = Grammar(NEPAL)
THRESHOLDS = {"peak": 0.35}


def seen(x: float, peak: float = 0.95, **shares: float) -> Character:
    """A character whose labels have these shares; the first named is what was read."""
    scores = np.full(len(NEPAL.labels), 1e-4, np.float32)
    for label, share in shares.items():
        scores[NEPAL.labels.index(label)] = share
    best = NEPAL.labels[int(scores.argmax())]
    return Character(best, float(scores.max()), peak, x, 0.5, 0.08, 0.5, scores)


def text_of(characters: list[Character]) -> tuple[str, bool]:
    """What is decided, and whether it is valid."""
    rows, parsed = PlateDecoder(NEPAL.labels, GRAMMAR).decode(characters, THRESHOLDS["peak"])
    return "".join(c.label for row in rows for c in row), parsed.valid


def spaced(*characters: dict[str, float]) -> list[Character]:
    """A row of characters, given by their labels' shares."""
    return [seen(0.05 + 0.1 * i, **shares) for i, shares in enumerate(characters)]


def test_a_valid_plain_reading_stands() -> None:
    """Nothing is bent that the country allows as it was read."""
    assert text_of(spaced({"बा": 0.6, "ब": 0.4}, {"२": 0.9}, {"प": 0.9}, {"५": 0.9})) == ("बा२प५", True)


def test_a_digit_never_stands_where_a_class_letter_must() -> None:
    """The likelier digit gives way to the letter, with the letter's own low confidence."""
    characters = spaced(
        {"बा": 0.9}, {"२": 0.9}, {"३": 0.9}, {"१": 0.6, "प": 0.35}, {"५": 0.9}, {"६": 0.9}, {"७": 0.9}, {"८": 0.9}
    )
    assert text_of(characters) == ("बा२३प५६७८", True)
    rows, _ = PlateDecoder(NEPAL.labels, GRAMMAR).decode(characters, THRESHOLDS["peak"])
    assert rows[0][3].score == pytest.approx(0.35)


def test_a_dot_taken_for_a_digit_goes() -> None:
    """A faint peak that the grammar has no place for is no character."""
    dot = seen(0.11, peak=0.4, **{"०": 0.7})
    rest = spaced({"को": 0.9}, {"१": 0.9}, {"२": 0.9}, {"प": 0.9}, {"५": 0.9}, {"६": 0.9}, {"७": 0.9}, {"८": 0.9})
    assert text_of([*rest, dot]) == ("को१२प५६७८", True)


def test_clear_characters_are_not_left_out_to_reach_a_shorter_form() -> None:
    """A provincial plate isn't cut down to a zonal one: peaks of a usual height are characters, and one is misread."""
    labels = ("बा", "प्र", "०", "३", "०", "०", "३", "५", "४", "५", "४", "५")
    characters = [seen(0.03 + 0.08 * i, peak=0.62, **{label: 0.97}) for i, label in enumerate(labels)]
    characters[7] = seen(0.03 + 0.08 * 7, peak=0.62, **{"५": 0.6, "प": 0.3})
    assert text_of(characters) == ("बाप्र०३००३प४५४५", True)


def test_the_probability_of_a_character_rises_with_its_peak() -> None:
    """Even at `EVEN_PEAK`, near certain at a usual peak, and never outside 0..1."""
    assert existence(EVEN_PEAK) == pytest.approx(0.5)
    assert existence(0.6) > 0.95
    heights = [existence(peak) for peak in (0.0, 0.1, 0.2, 0.4, 1.0)]
    assert heights == sorted(heights)
    assert heights[0] >= 0.0
    assert heights[-1] <= 1.0


def test_a_faint_peak_fills_the_place_that_the_grammar_lacks() -> None:
    """Below the threshold a peak counts where a form needs it."""
    characters = spaced({"ज": 0.9}, {"२": 0.9}, {"३": 0.9}, {"प": 0.9}, {"५": 0.9})
    faint = [seen(c.x, peak=0.2, प=0.9) if c.label == "प" else c for c in characters]
    assert text_of(faint) == ("ज२३प५", True)


def test_what_no_form_is_near_comes_through_as_it_was_read() -> None:
    """A strange plate isn't forced into a form, and is marked as not valid."""
    assert text_of(spaced({"१": 0.99}, {"२": 0.99}, {"३": 0.99})) == ("१२३", False)


def test_nothing_seen_is_nothing_read() -> None:
    """No candidates, or faint ones alone, make no reading."""
    assert text_of([]) == ("", False)
    assert text_of([seen(0.1, peak=0.2, बा=0.9)]) == ("", False)


valid_plates = st.tuples(
    st.sampled_from(sorted(NEPAL.table("zones"))),
    st.text("०१२३४५६७८९", min_size=1, max_size=2),
    st.sampled_from(sorted(NEPAL.table("classes"))),
    st.text("०१२३४५६७८९", min_size=1, max_size=4),
).map("".join)


@given(valid_plates, st.data())
def test_whatever_is_decided_is_valid_or_as_it_was_read(text: str, data: st.DataObject) -> None:
    """With any one character misread, the result is a valid reading or the plain one marked invalid."""
    labels = NEPAL.tokenize(text)
    wrong = data.draw(st.integers(0, len(labels) - 1))
    other = data.draw(st.sampled_from(NEPAL.labels))
    shares = [{label: 0.9} for label in labels]
    shares[wrong] = {labels[wrong]: 0.4, other: 0.55} if other != labels[wrong] else shares[wrong]
    characters = [seen(0.02 + 0.1 * i, **s) for i, s in enumerate(shares)]
    assert all(a.x < b.x for a, b in pairwise(characters))
    plain = "".join(c.label for c in characters)
    found, valid = text_of(characters)
    assert valid == GRAMMAR.parse(NEPAL.tokenize(found)).valid
    assert valid or found == plain

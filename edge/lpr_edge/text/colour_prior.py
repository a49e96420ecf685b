"""A plate's colour as evidence for its class letter: private plates are red, public ones black, and so on."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from lpr_edge.contract.country import Colour
from lpr_edge.contract.rows import Character, Rows, labels_of
from lpr_edge.text.grammar import Grammar

CLASS_FIELD = "class"
"""Field of a registration whose letters the country's colours name."""
LIKELIHOOD_RATIO = 8.0
"""How much likelier a measured colour is on a plate of its own classes than on another, counted on training plates:
paint fades, and light misleads."""
CERTAIN = 0.97
"""Probability of a class letter from which the colour isn't measured."""


def with_colour_prior(rows: Rows, labels: Sequence[str], grammar: Grammar, measure: Callable[[], str]) -> Rows:
    """Weigh a plate's colour in where its class letter has low confidence.

    Args:
        rows: the characters of a registration that the grammar allows.
        labels: of the reader's classes, in the order of `Character.scores`.
        grammar: the country's.
        measure: gives the plate's colour by its name in the country's file; called only where it matters.

    Returns:
        The rows, with the class letter's probabilities multiplied by those of the colour (Bayes' rule), and another
        class letter where that is likelier now; the same rows where the letter is certain, or the colour says nothing.
    """
    place = _low_confidence_class(rows, grammar)
    if place is None:
        return rows
    name = measure()
    worn = next((colour for colour in grammar.country.colours if colour.name == name and colour.classes), None)
    if worn is None:
        return rows
    changed = _weighed(place, worn, labels, grammar.country.colours)
    return tuple(tuple(changed if character is place else character for character in row) for row in rows)


def _low_confidence_class(rows: Rows, grammar: Grammar) -> Character | None:
    """The class letter, where there is one and it isn't certain."""
    characters = [character for row in rows for character in row]
    if all(character.score >= CERTAIN for character in characters):
        return None
    fields = grammar.fields_of(labels_of(rows)) or ()
    letters = [c for c, field in zip(characters, fields, strict=False) if field == CLASS_FIELD]
    return letters[0] if len(letters) == 1 and letters[0].score < CERTAIN else None


def _weighed(place: Character, worn: Colour, labels: Sequence[str], colours: Sequence[Colour]) -> Character:
    """The class letter at `place`, chosen again on a plate of the colour `worn`."""
    index = {label: number for number, label in enumerate(labels)}
    letters = [label for colour in colours for label in colour.classes if label in index]
    ratios = np.ones(len(index), np.float32)
    ratios[[index[label] for label in worn.classes if label in index]] = LIKELIHOOD_RATIO
    scores = np.asarray(place.scores * ratios / (place.scores * ratios).sum(), np.float32)
    label = max(letters, key=lambda letter: float(scores[index[letter]]))
    return replace(place, label=label, score=float(scores[index[label]]), scores=scores)

"""Plates that a doubtful reading may be, too."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lpr_edge.contract.outputs import Character
from lpr_edge.grammar import Grammar, State
from lpr_edge.reader import Reading

LEAST_SHARE = 0.05
"""In a reading that is a valid plate, a doubtful character may only be another that the network gives this share."""


@dataclass(frozen=True)
class Nearness:
    """How far a plate may be from what was read, and still be meant."""

    edits: int = 0
    """Characters that may be wrong, missing or too many."""
    doubt: float = 0.8
    """A character of a valid reading may be wrong only where the network is less sure of it than this."""


def nearby(
    reading: Reading, labels: Sequence[str], grammar: Grammar, nearness: Nearness
) -> Iterator[tuple[tuple[str, ...], int]]:
    """The plates that the grammar allows around a reading, each with how many characters differ, at least one.

    A valid reading's characters are only doubted where the network itself does; of one that isn't valid, something
    must be wrong, so any character may be, and one may be missing.

    Args:
        reading: as the votes have it.
        labels: of the reader's classes, in the order of `Character.scores`.
        grammar: of the country.
        nearness: how far to go.
    """
    characters = [character for row in reading.characters for character in row]
    valid = reading.parsed.valid
    ways: list[tuple[int, State, tuple[str, ...], int]] = [(0, grammar.start, (), 0)]
    while ways:
        place, state, text, edits = ways.pop()
        if place == len(characters) and edits and grammar.accepts(state):
            yield text, edits
        steps = _steps(characters[place], labels, valid, nearness.doubt) if place < len(characters) else {}
        if edits < nearness.edits and None in steps:
            ways.append((place + 1, state, text, edits + 1))
        for label in grammar.allowed(state):
            after, longer = grammar.successors(state, label), (*text, label)
            if label in steps and edits + steps[label] <= nearness.edits:
                ways.append((place + 1, after, longer, edits + steps[label]))
            if not valid and edits < nearness.edits:
                ways.append((place, after, longer, edits + 1))


def _steps(character: Character, labels: Sequence[str], valid: bool, doubt: float) -> dict[str | None, int]:
    """What may stand in a character's place, and what each costs; None is no character at all."""
    steps: dict[str | None, int] = {}
    if not valid:
        steps = dict.fromkeys(labels, 1)
    elif character.score < doubt:
        steps = {label: 1 for label, share in zip(labels, character.scores, strict=True) if share >= LEAST_SHARE}
    if not valid or character.peak < doubt:
        steps[None] = 1
    return steps | {character.label: 0}

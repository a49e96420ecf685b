"""Fuzzy matching: the plates that a low-confidence reading may stand for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from lpr_edge.contract.records import ReadText
from lpr_edge.contract.rows import Character
from lpr_edge.text.grammar import Grammar, State

MIN_SHARE = 0.05
"""Minimum score of an alternative for a low-confidence character."""


@dataclass(frozen=True)
class FuzzyMatching:
    """Limits of fuzzy matching."""

    edits: int = 0
    """Maximum number of wrong, missing or additional characters."""
    edits_below: float = 0.8
    """A character of a valid reading may be wrong only where its confidence is lower than this."""


def fuzzy_variants(
    reading: ReadText, labels: Sequence[str], grammar: Grammar, fuzzy: FuzzyMatching
) -> Iterator[tuple[tuple[str, ...], int]]:
    """Yield the valid plates similar to a reading, each with its number of different characters, at least one.

    A character may differ where the network gives it a low confidence. In a reading that isn't valid, something must be
    wrong: one character may be wrong, missing or too many, however sure the network is.

    Args:
        reading: as the votes have it.
        labels: of the reader's classes, in the order of `Character.scores`.
        grammar: of the country.
        fuzzy: how far to go.
    """
    characters = [character for row in reading.characters for character in row]
    alternatives = [_alternatives(character, labels, fuzzy.edits_below) for character in characters]
    ways: list[_SearchState] = [_SearchState(0, grammar.start, (), 0, not reading.is_valid)]
    while ways:
        way = ways.pop()
        if way.place == len(characters):
            if way.edits and grammar.accepts(way.state):
                yield way.text, way.edits
        else:
            ways += _steps(way, characters[way.place].label, alternatives[way.place], grammar, fuzzy.edits)
        if way.free and way.edits < fuzzy.edits:  # one more than was read
            ways += [way.go(0, label, grammar, 1, free=False) for label in grammar.allowed(way.state)]


class _SearchState(NamedTuple):
    """State of the search."""

    place: int
    """Characters of the reading that are accounted for."""
    state: State
    text: tuple[str, ...]
    edits: int
    free: bool
    """Whether a character may still be wrong although its confidence is high."""

    def go(self, steps: int, label: str | None, grammar: Grammar, edits: int, free: bool) -> "_SearchState":
        """The state after one more label, or after none."""
        state = self.state if label is None else grammar.successors(self.state, label)
        text = self.text if label is None else (*self.text, label)
        return _SearchState(self.place + steps, state, text, self.edits + edits, free)


def _steps(
    way: _SearchState, read: str, alternatives: set[str | None], grammar: Grammar, most: int
) -> Iterator[_SearchState]:
    """The states that follow one character of the reading."""
    allowed = grammar.allowed(way.state)
    if read in allowed:
        yield way.go(1, read, grammar, 0, way.free)
    if way.edits == most:
        return
    others: set[str | None] = {*allowed, None} if way.free else alternatives & {*allowed, None}
    for label in others - {read}:
        yield way.go(1, label, grammar, 1, way.free and label in alternatives)


def _alternatives(character: Character, labels: Sequence[str], edits_below: float) -> set[str | None]:
    """Other labels that the network considers for a character; None stands for no character."""
    alternatives: set[str | None] = set()
    if character.score < edits_below:
        alternatives |= {label for label, share in zip(labels, character.scores, strict=True) if share >= MIN_SHARE}
    if character.peak < edits_below:
        alternatives.add(None)
    return alternatives

"""Listed plates with wildcards, for lines with `match = wildcard`: `?` is one character, `*` any number of them."""

import re
import unicodedata
from collections.abc import Iterable

from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.country import Country
from lpr_edge.text.bare_text import bare
from lpr_edge.text.grammar import Grammar, State
from lpr_edge.watchlist.plate_spelling import Labels, check_signs, plain_key

ONE = "?"
ANY = "*"
VIRAMA = 9
"""Unicode's combining class of the sign that joins two letters into one."""


class Wildcard:
    """A pattern of plates."""

    def __init__(self, text: str, grammar: Grammar) -> None:
        """Parse a pattern as a list writes it.

        Raises:
            LprError: a sign that no plate has, or no letter or digit at all: such a line would mean every vehicle.
        """
        self._country = grammar.country
        self._grammar = grammar
        self._pattern = "".join(
            part if part in (ONE, ANY) else _literal(part, grammar.country) for part in re.split(r"([?*])", text)
        )
        """Letters and digits in Latin, ONE and ANY."""
        if not self._pattern.strip(ONE + ANY):
            raise LprError(f"{text!r} fits every plate: a wildcard needs a letter or a digit next to it")
        self.is_possible = self._finds_plate(grammar)
        """Whether the grammar allows a plate that fits."""

    def fits(self, labels: Labels) -> bool:
        """Whether a reading's labels, in either script, match the pattern.

        Decoration that the list leaves out may stand in the reading. One that no form allows fits none.
        """
        fields = self._grammar.fields_of(labels)
        if fields is None:
            return False
        places = self._with_any([0])
        for label, field in zip(labels, fields, strict=True):
            places = self._advance(places, label, field is None)
        return len(self._pattern) in places

    def _advance(self, places: Iterable[int], label: str, is_decoration: bool) -> set[int]:
        """Positions in the pattern after one more label."""
        spelling = self._country.transliterate((label,)).upper()
        after: set[int] = set()
        for place in places:
            sign = self._pattern[place : place + 1]
            if sign == ANY or is_decoration:
                after.add(place)
            if sign == ONE and _is_one_sign(label):
                after.add(place + 1)
            if self._pattern.startswith(spelling, place):
                after.add(place + len(spelling))
        return self._with_any(after)

    def _with_any(self, places: Iterable[int]) -> set[int]:
        """The positions, and those after each ANY that follows, since it may match nothing."""
        reached = set(places)
        for place, sign in enumerate(self._pattern):
            if place in reached and sign == ANY:
                reached.add(place + 1)
        return reached

    def _finds_plate(self, grammar: Grammar) -> bool:
        ways: list[tuple[State, int]] = [(grammar.start, place) for place in self._with_any([0])]
        seen = set(ways)
        while ways:
            state, place = ways.pop()
            if place == len(self._pattern) and grammar.accepts(state):
                return True
            for label, is_decoration, following in grammar.steps(state):
                new = {(following, after) for after in self._advance([place], label, is_decoration)} - seen
                seen |= new
                ways += new
        return False


def _literal(part: str, country: Country) -> str:
    """The text between wildcards, in Latin letters."""
    check_signs(part, country)
    return plain_key(bare(part), country)


def _is_one_sign(label: str) -> bool:
    """Whether a label is one character for a person: vowel signs and conjuncts are, words aren't."""
    letters = 0
    joined = False
    for sign in label:
        letters += unicodedata.category(sign)[0] in "LN" and not joined
        joined = unicodedata.combining(sign) == VIRAMA
    return letters == 1

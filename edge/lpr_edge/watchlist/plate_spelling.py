"""Spellings of plates: in their own script or in Latin letters, with spaces, hyphens, dots and rows."""

import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.country import Country
from lpr_edge.text.bare_text import bare
from lpr_edge.text.grammar import Grammar, State

LONGEST = 64
"""Signs of a plate's text, more than any country's has."""

SEPARATORS = ".·•"
"""Signs between the parts of a plate, in addition to spaces and hyphens."""
ROW_SEPARATORS = "|/"
"""Signs between rows; only with a space on each side, as `12/13` is two plates or a mistake."""

Labels = tuple[str, ...]


def check_signs(text: str, country: Country) -> None:
    """Reject characters that are no part of a plate: to ignore one would result in another plate.

    Raises:
        LprError: a sign that is neither a letter, a digit, nor a separator. The message doesn't show the plate.
    """
    text = unicodedata.normalize("NFC", text)
    own = set("".join(country.labels))
    for place, sign in enumerate(text):
        if not (unicodedata.category(sign)[0] in "LMN" or sign in own or _separates(text, place)):
            raise LprError(
                f"{sign!r} is no letter, digit or separator of a plate: leave it out"
                + (", or write `wildcard` in a column `match`" if sign in "?*" else "")
            )


def _separates(text: str, place: int) -> bool:
    """Whether a character separates parts of a plate, or is invisible."""
    sign = text[place]
    if sign in ROW_SEPARATORS:
        return f" {text} "[place].isspace() and f" {text} "[place + 2].isspace()
    return sign.isspace() or sign in SEPARATORS or unicodedata.category(sign) in ("Pd", "Cf")


def plate_key(text: str, grammar: Grammar) -> str:
    """The key that all spellings of a plate share: its fields in Latin letters, without decoration.

    Args:
        text: labels as a reading joins them.
        grammar: of the country. A text that it doesn't allow is taken whole.
    """
    try:
        labels = grammar.country.tokenize(text)
    except LprError:  # a sign that is no label, or labels that run into one another
        return bare(text)
    return labels_key(labels, grammar)


def labels_key(labels: Labels, grammar: Grammar) -> str:
    """The key of a text that is already divided into labels, see `plate_key`."""
    country, parsed = grammar.country, grammar.parse(labels)
    if not parsed.valid:
        return parsed.latin.upper()
    form = next(form for form in country.forms if form.name == parsed.form)
    fields = dict.fromkeys(element.field for element in form.elements if element.field in parsed.fields)
    return "".join(country.transliterate(country.tokenize(parsed.fields[str(field)])) for field in fields).upper()


def written_keys(text: str, grammar: Grammar) -> tuple[tuple[str, ...], bool]:
    """Keys of the plates that a typed text can mean, and whether the grammar allows one.

    Raises:
        LprError: no plate can say that.
    """
    signs = plate_signs(text, grammar.country)
    found = sorted({labels_key(labels, grammar) for labels in _walk(signs, grammar)})
    if found:
        return tuple(found), True
    return (plain_key(signs, grammar.country),), False


def written_plate(text: str, grammar: Grammar) -> tuple[str, str]:
    """The plate that a typed text means: its text as in a reading, and in Latin letters.

    If a text can mean several plates, the one with the smallest number of labels is chosen: for BA 1 PA 2345 the one in
    Devanagari. A text that the grammar doesn't allow is used as typed.

    Raises:
        LprError: no plate can say that.
    """
    country = grammar.country
    signs = plate_signs(text, country)
    found = sorted(set(_walk(signs, grammar)), key=lambda labels: (len(labels), "".join(labels) != signs, labels))
    if not found:
        return signs, plain_key(signs, country)
    labels = found[0]
    return "".join(labels), country.transliterate(labels)


def plate_signs(text: str, country: Country) -> str:
    """A typed text without separators, in capitals.

    Raises:
        LprError: no plate can say that.
    """
    check_signs(text, country)
    signs = bare(text)
    if not signs or len(signs) > LONGEST:
        raise LprError(f"{text!r} is no plate: expected 1 to {LONGEST} letters and digits")
    return signs


def _walk(signs: str, grammar: Grammar) -> Iterator[Labels]:
    """All valid readings that typed characters can mean; decoration that people omit is added."""
    seen: set[tuple[str, State, Labels]] = set()
    ways: list[tuple[str, State, Labels]] = [(signs, grammar.start, ())]
    while ways:
        way = ways.pop()
        if way in seen:
            continue
        seen.add(way)
        rest, state, labels = way
        if not rest and grammar.accepts(state):
            yield labels
        for label, is_decoration, after in grammar.steps(state):
            for spelling in _spellings(label, grammar.country.latin.get(label, label)):
                if rest.startswith(spelling):
                    ways += [(rest[len(spelling) :], after, (*labels, label))]
            if is_decoration and rest:
                ways += [(rest, after, (*labels, label))]


@lru_cache(maxsize=1024)
def _spellings(label: str, latin: str) -> frozenset[str]:
    """A label as painted, and in Latin letters."""
    return frozenset((bare(label), bare(latin)))


def plain_key(signs: str, country: Country) -> str:
    """Key of a text that no form allows: its labels one by one.

    Raises:
        LprError: a sign that no label begins with.
    """
    by_spelling = {
        spelling: label for label in country.labels for spelling in _spellings(label, country.latin.get(label, label))
    }
    longest_first = sorted(by_spelling, key=len, reverse=True)
    key = ""
    while signs:
        spelling = next((spelling for spelling in longest_first if signs.startswith(spelling)), None)
        if spelling is None:
            raise LprError(f"{signs[0]!r} is on no plate of {country.name}")
        key += country.transliterate((by_spelling[spelling],)).upper()
        signs = signs[len(spelling) :]
    return key

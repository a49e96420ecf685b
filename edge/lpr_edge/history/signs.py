"""Plates as strings of signs, the same for both scripts: one character stands for one sign, `बा` and `BA` included."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import islice

from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.country import Country
from lpr_edge.text.bare_text import bare

FIRST_CODE = 0x4E00
"""Signs of more than one letter are stored as characters from here on: FTS5's tokenizer takes them for letters."""
MAX_CODES = 20_000
UNKNOWN = chr(FIRST_CODE + MAX_CODES)
"""Stands in a query for a sign that no stored plate has."""
MAX_SIGNS = 64
"""Signs of a text that are indexed; the longest plates have about 20."""
MAX_CUTS = 4
"""Ways to cut a typed text into signs that are searched, and that into single letters."""

Signs = tuple[str, ...]
"""Each in Latin capitals, as `("BA", "1", "PA", "7")`."""


def signs_of(text: str, country: Country) -> Signs:
    """Signs of a text as read, label by label; characters that are no label are one sign each."""
    try:
        labels = country.tokenize(text)
    except LprError:
        return next(cuts_of(text, country), ())[:MAX_SIGNS]
    return tuple(bare(country.latin.get(label, label)) for label in labels)[:MAX_SIGNS]


def cuts_of(typed: str, country: Country) -> Iterator[Signs]:
    """Ways to divide a typed text into signs, long signs first; `BA` may be `बा`, or the letters B and A.

    Args:
        typed: part of a plate in either script, with any spaces and separators.
        country: knows the signs and their spelling in Latin letters.
    """
    spellings = _spellings(country)
    latin = "".join(_latin_parts(bare(typed), spellings))
    found = dict.fromkeys(islice(_cuts(latin, _latin_signs(spellings)), MAX_CUTS))
    yield from found | {tuple(latin): None}


def _cuts(latin: str, known: Sequence[str]) -> Iterator[Signs]:
    ways: list[tuple[str, Signs]] = [(latin, ())]
    while ways:
        rest, signs = ways.pop()
        if not rest:
            yield signs
            continue
        fits = [sign for sign in known if rest.startswith(sign)] or [rest[0]]
        ways += [(rest[len(sign) :], (*signs, sign)) for sign in reversed(fits)]


def _latin_parts(text: str, spellings: tuple[tuple[str, str], ...]) -> Iterator[str]:
    """The text in Latin capitals; a sign that begins no label is kept."""
    while text:
        written, latin = next((pair for pair in spellings if text.startswith(pair[0])), (text[0], text[0]))
        yield latin
        text = text[len(written) :]


@lru_cache(maxsize=4)
def _latin_signs(spellings: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    return tuple(sorted({latin for _, latin in spellings}, key=len, reverse=True))


def _spellings(country: Country) -> tuple[tuple[str, str], ...]:
    """Each label as painted, and in Latin letters; the longest first.

    A Latin variant such as KH stands for itself: it is how some plates are painted.
    """
    pairs = [(bare(label), bare(country.latin.get(label, label))) for label in country.labels]
    return tuple(sorted(pairs, key=lambda pair: len(pair[0]), reverse=True))


class SignCodes:
    """Codes of signs: a letter or digit is its own code, any other sign has a character of its own."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._codes = dict(connection.execute("SELECT sign, code FROM signs"))

    def key(self, signs: Signs) -> str:
        """The signs as one string for the index; new signs get a code."""
        return "".join(self._character(sign, self._add) for sign in signs)

    def query_key(self, signs: Signs) -> str:
        """The signs as one string for a search, which adds no codes."""
        return "".join(self._character(sign, lambda _: None) for sign in signs)

    def _character(self, sign: str, missing: Callable[[str], int | None]) -> str:
        if len(sign) == 1 and sign.isascii() and sign.isalnum():
            return sign
        code = self._codes.get(sign)
        if code is None:
            code = missing(sign)
        return UNKNOWN if code is None else chr(FIRST_CODE + code)

    def _add(self, sign: str) -> int | None:
        code = len(self._codes)
        if code >= MAX_CODES:
            return None
        self._connection.execute("INSERT INTO signs VALUES (?, ?)", (code, sign))
        self._codes[sign] = code
        return code


def is_hashed(text: str) -> bool:
    """Whether a stored text is a keyed hash instead of a plate (`--hash-plates`)."""
    return text.startswith("#")

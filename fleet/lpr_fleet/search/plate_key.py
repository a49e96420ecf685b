"""Search keys of a plate: the same for both scripts, one character for each sign."""

from functools import lru_cache
from typing import NamedTuple
from zlib import crc32

from lpr_edge.contract.countries import load_country
from lpr_edge.contract.country import Country
from lpr_edge.history.grams import PIECE, pieces_of
from lpr_edge.history.signs import FIRST_CODE, MAX_CODES, Signs, cuts_of, is_hashed, signs_of

LONGEST_KEY = 64
MARK = chr(FIRST_CODE + MAX_CODES + 1)
"""Stands between two signs in the last word of `grams`; no sign has it, and PostgreSQL takes it for a letter."""


class PlateKey(NamedTuple):
    """A plate as columns of the database."""

    signs: str
    """One character for each sign."""
    grams: str
    """The signs, then the pieces that find a part with one sign wrong: see `lpr_edge.history.grams`."""


class PlateKeys:
    """Makes the keys of a country's plates."""

    def __init__(self, country: Country) -> None:
        self._country = country
        self.of = lru_cache(maxsize=10_000)(self._of)
        """Text of a plate in either script, or a keyed hash -> its key."""

    def parts_of(self, typed: str) -> list[str]:
        """What a typed part of a plate can mean, as signs; a hash stands for itself."""
        if is_hashed(typed):
            return [typed]
        return list(dict.fromkeys(key_of(signs) for signs in cuts_of(typed, self._country) if signs))

    def _of(self, text: str) -> PlateKey:
        if is_hashed(text):
            return PlateKey(text[:LONGEST_KEY], text[:LONGEST_KEY])
        signs = key_of(signs_of(text, self._country))
        return PlateKey(signs, grams_of(signs))


def plate_keys(country: str) -> PlateKeys:
    """The keys of a country's plates, by its name or file."""
    return PlateKeys(load_country(country))


def key_of(signs: Signs) -> str:
    """Signs as one string: a letter or digit is itself, a longer sign a character that depends on nothing else."""
    return "".join(map(_character, signs))[:LONGEST_KEY]


def _character(sign: str) -> str:
    if len(sign) == 1 and sign.isascii() and sign.isalnum():
        return sign
    return chr(FIRST_CODE + crc32(sign.encode()) % MAX_CODES)


def grams_of(signs: str) -> str:
    """What the trigram index holds of a key.

    The key and, as words, its pieces that aren't parts of it; then the signs with marks between them, so that one sign
    and two side by side are trigrams, too.
    """
    pieces = sorted(piece for piece in pieces_of(signs) if len(piece) == PIECE and piece not in signs)
    return " ".join([signs, *pieces, marked(signs)])


def marked(signs: str) -> str:
    """The signs with marks around them: `ABC` as `-A-B-C-`."""
    return f"{MARK}{MARK.join(signs)}{MARK}" if signs else ""

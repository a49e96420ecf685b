"""The index of a plate's parts: short pieces of it, such that a part with one wrong sign is still found.

A text is indexed by its pieces of one to three signs, and by those of four with one of the inner two left out. A part
is searched as it is and with each of its signs left out (symmetric deletion, as in SymSpell): a wrong, missing or
additional sign leaves one of these variants whole. What the index finds is then compared sign by sign.
"""

import re
from collections.abc import Iterable

PIECE = 3
"""Signs of the longest piece."""
SHORTEST_INEXACT = 4
"""A shorter part is searched as it is: with one sign wrong, a part of three would fit nearly every plate."""


def pieces_of(key: str) -> set[str]:
    """Pieces of a text for the index.

    Args:
        key: one character for each sign.
    """
    pieces = {key[at : at + size] for size in range(1, PIECE + 1) for at in range(len(key) - size + 1)}
    for at in range(len(key) - PIECE):
        window = key[at : at + PIECE + 1]
        pieces |= {window[0] + window[2:], window[:2] + window[3]}
    return pieces


def match_expression(part: str, is_exact: bool) -> str:
    """FTS5 expression that matches every text with this part, and few others.

    Args:
        part: one character for each sign, at least one.
        is_exact: whether no sign may be wrong.
    """
    if len(part) <= PIECE:
        return _quoted(part)
    if is_exact and len(part) > PIECE + 1:
        return _all_of(part)
    if is_exact:
        # Those with a sign left out, too: else most of the texts that the index finds have another sign in between.
        return " AND ".join(_quoted(piece) for piece in sorted(pieces_of(part)) if len(piece) == PIECE)
    variants = {part}
    if len(part) >= SHORTEST_INEXACT:
        variants |= {part[:at] + part[at + 1 :] for at in range(len(part))}
    return " OR ".join(f"({_all_of(variant)})" for variant in sorted(variants))


def _all_of(variant: str) -> str:
    """Pieces side by side and the last one: together they hold every sign, and fewer are faster to look up."""
    last = len(variant) - PIECE
    pieces = (variant[at : at + PIECE] for at in (*range(0, last, PIECE), last))
    return " AND ".join(_quoted(piece) for piece in dict.fromkeys(pieces))


def _quoted(token: str) -> str:
    return f'"{token}"'


def near_pattern(part: str, is_exact: bool) -> re.Pattern[str]:
    """Regular expression that finds a part in a text's key, with one wrong, missing or additional sign unless exact."""
    if is_exact or len(part) < SHORTEST_INEXACT:
        return re.compile(re.escape(part))
    forms: Iterable[str] = (
        form
        for at in range(len(part))
        for before, after in [(re.escape(part[:at]), re.escape(part[at + 1 :]))]
        for form in (f"{before}{after}", f"{before}.{after}", f"{before}.{re.escape(part[at:])}")
    )
    return re.compile("|".join(dict.fromkeys(forms)))

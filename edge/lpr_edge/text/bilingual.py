"""Plates that say their registration twice: in the country's own script, and its twin in Latin letters."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lpr_edge.contract.outputs import Character, group_rows
from lpr_edge.text.decoding import PlateDecoder, Rows
from lpr_edge.text.parsed import Parsed

TWIN_FIELD = "latin_twin"
"""The field that holds what a bilingual plate says in Latin letters."""


@dataclass(frozen=True)
class DecodedPlate:
    """The characters of a plate's registration, and its twin's."""

    rows: Rows
    """The registration, row by row from the top."""
    parsed: Parsed
    twin: Rows = ()
    """The rows of its twin in Latin letters; none on most plates."""


def decode_plate(decoder: PlateDecoder, candidates: Sequence[Character], peak: float = 0.0) -> DecodedPlate:
    """Choose the characters of a plate that may be bilingual.

    Args:
        decoder: the reader's and the country's.
        candidates: every peak of the reader, faint ones included.
        peak: threshold from which a peak counts as a character by itself, 0..1.

    Returns:
        Where the plate has rows in both scripts, and those in the own one are a registration: these, the others as
        its twin, told in the field `latin_twin` where they are a registration too. Else all of its rows.
    """
    rows, parsed = decoder.decode(candidates, peak)
    if parsed.valid:
        return DecodedPlate(rows, parsed)
    all_rows = group_rows(candidates)
    own = [character for row in all_rows if not _is_latin(row) for character in row]
    if not own or len(own) == len(candidates):
        return DecodedPlate(rows, parsed)
    own_rows, own_parsed = decoder.decode(own, peak)
    if not own_parsed.valid:
        return DecodedPlate(rows, parsed)
    twin_rows, twin_parsed = decoder.decode([c for row in all_rows if _is_latin(row) for c in row], peak)
    return DecodedPlate(own_rows, with_twin(own_parsed, text_of(twin_rows) if twin_parsed.valid else ""), twin_rows)


def with_twin(parsed: Parsed, twin: str) -> Parsed:
    """A registration's fields and, where it has one, its twin."""
    return replace(parsed, fields=parsed.fields | {TWIN_FIELD: twin}) if twin else parsed


def text_of(rows: Rows) -> str:
    """The labels of all rows, joined."""
    return "".join(character.label for row in rows for character in row)


def _is_latin(row: Sequence[Character]) -> bool:
    """Whether most of a row, by how likely its characters are there, is in ASCII."""
    latin = sum(character.peak for character in row if character.label.isascii())
    return latin > 0.5 * sum(character.peak for character in row)

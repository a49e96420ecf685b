"""Convert a typed text, in the plate's own script or transliterated, to rows."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.country import UNREADABLE, Country, Element
from lpr_train.labels.texts import ROW_ENDS, cut_by_shape, kind_of, legibility

ROW_END = "|"
LONGEST = 64
"""Signs of a typed text, more than any plate has."""
DECORATION = frozenset(" .-·_\u200b\ufeff")

Labels = tuple[str, ...]


@dataclass(frozen=True)
class TypedPlate:
    """A plate's text in labels."""

    rows: tuple[str, ...]
    legible: str
    """`full`, `partial` or `none`."""
    kind: str
    """Its script."""
    form: str
    """The country's form that allows the text; empty where none does."""


class Speller:
    """Parses typed texts by a country's forms and transliteration."""

    def __init__(self, country: Country) -> None:
        """Use a country."""
        self._country = country

    def read(self, text: str, rows_before: Sequence[str], size_wh: tuple[float, float]) -> TypedPlate:
        """Parse a text; rows end at `|`, `/` or `+`.

        Small letters are transliterated (`ba 1 pa 1234`); a text with capitals is Latin as it is painted, if a form
        allows that.

        Args:
            text: as it was typed; `?` for a character that nobody can read.
            rows_before: the plate's rows so far: a text of as many characters without a row's end is cut likewise.
            size_wh: the plate's width and height in pixels.

        Raises:
            LprError: a sign that the country's plates don't have, or no sign at all.
        """
        signs = _signs(text)
        if not signs.strip(ROW_END):
            raise LprError("no character yet: type ? for a plate that nobody can read")
        if len(signs) > LONGEST:
            raise LprError(f"a plate has no more than {LONGEST} characters")
        is_painted = any("A" <= sign <= "Z" for sign in signs)
        form, labels = "", None
        for exact in (True, False) if is_painted else (False,):
            form, labels = self._by_forms(signs, exact)
            if labels is not None:
                break
        rows = _rows(labels if labels is not None else self._one_by_one(signs, is_painted))
        if len(rows) == 1 and ROW_END not in signs:
            rows = self._cut(rows[0], rows_before, size_wh)
        texts = tuple("".join(row) for row in rows)
        return TypedPlate(texts, legibility(texts), kind_of(texts, self._country), form)

    def _by_forms(self, signs: str, exact: bool) -> tuple[str, Labels | None]:
        """The first form that can say the signs, and its labels with rows' ends among them."""
        for form in self._country.forms:
            found = next(self._ways(signs, form.elements, 0, exact), None)
            if found is not None:
                return form.name, found
        return "", None

    def _ways(self, signs: str, elements: Sequence[Element], used: int, exact: bool) -> Iterator[Labels]:
        """The ways in which elements can say all of the signs; of the first one `used` options are said already."""
        if signs.startswith(ROW_END):
            for labels in self._ways(signs[1:], elements, used, exact):
                yield (ROW_END, *labels)
            return
        if not elements:
            if not signs:
                yield ()
            return
        least, most = elements[0].count
        if used < most and signs:
            for option in elements[0].options:
                for length, said in self._beginnings(signs, option, exact):
                    for labels in self._ways(signs[length:], elements, used + 1, exact):
                        yield (*said, *labels)
        if used >= least:
            yield from self._ways(signs, elements[1:], 0, exact)

    def _beginnings(self, signs: str, option: Labels, exact: bool) -> Iterator[tuple[int, Labels]]:
        """How an option can begin the signs: the number of signs, and the labels that they say."""
        if signs[0] == UNREADABLE:
            yield 1, (UNREADABLE,)
        painted = "".join(option)
        spelt = "".join(self._country.latin.get(label, label) for label in option).lower()
        spellings = {painted} if exact else {painted, spelt}
        if len(option) == 1 and not exact:
            spellings |= {spelling.lower() for spelling in self._country.latin_spellings(option[0])}
        for spelling in sorted(spellings, key=len, reverse=True):
            if signs.startswith(spelling) or (not exact and signs.lower().startswith(spelling)):
                yield len(spelling), option

    def _one_by_one(self, signs: str, is_painted: bool) -> Labels:
        """Labels without a form, the longest spelling first."""
        found: list[str] = []
        while signs:
            label, length = self._longest(signs, is_painted)
            found.append(label)
            signs = signs[length:]
        return tuple(found)

    def _longest(self, signs: str, is_painted: bool) -> tuple[str, int]:
        if signs[0] in (ROW_END, UNREADABLE):
            return signs[0], 1
        best = ("", 0)
        for label in self._country.labels:
            spelt = [] if is_painted else [s.lower() for s in self._country.latin_spellings(label)]
            for spelling in (label, *spelt):
                if len(spelling) > best[1] and signs.startswith(spelling):
                    best = (label, len(spelling))
        if not best[1]:
            raise LprError(f"{signs[0]!r} is on no plate of {self._country.values.get('title', self._country.name)}")
        return best

    def _cut(self, row: Labels, rows_before: Sequence[str], size_wh: tuple[float, float]) -> list[Labels]:
        """Rows of a text that was typed in one, as the plate's rows were so far, or by its shape."""
        try:
            lengths = [len(self._country.tokenize(before)) for before in rows_before]
        except LprError:
            lengths = []
        if sum(lengths) == len(row) and min(lengths) > 1:
            ends = [sum(lengths[: n + 1]) for n in range(len(lengths))]
            return [row[end - length : end] for end, length in zip(ends, lengths, strict=True)]
        return [tuple(self._country.tokenize(part)) for part in cut_by_shape(row, size_wh, self._country)]


def _signs(text: str) -> str:
    """The signs without decoration, each row's end as `|`, none at the ends or twice."""
    composed = unicodedata.normalize("NFC", text).replace("？", UNREADABLE)
    rows = ("".join(sign for sign in row if sign not in DECORATION) for row in ROW_ENDS.split(composed))
    ends = ROW_END if composed.rstrip().endswith(ROW_END) else ""
    return ROW_END.join(filter(None, rows)) + ends


def _rows(labels: Labels) -> list[Labels]:
    rows: list[list[str]] = [[]]
    for label in labels:
        if label == ROW_END:
            rows.append([])
        else:
            rows[-1].append(label)
    return [tuple(row) for row in rows if row]

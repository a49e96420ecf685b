"""Wording of a rendered plate: a form, its labels by their frequencies, and its rows."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lpr_edge.contract.country import Colour, Country, Element, Form, Layout
from lpr_train.render.draw.chance import pick

EVEN_SHARE = 0.3
"""How often a label is drawn without regard to shares, so that rare ones are learned."""
FULL_COUNT = 0.7
"""How often an element of varying length has its greatest length: old registrations have fewer digits."""
MARKS = " .-·"
SMALL_SHARE = 0.45
"""How often Latin spellings are painted with small letters, as in `Ba 1 Kha`."""


@dataclass(frozen=True)
class Sign:
    """One painted character of a row: a label, or a mark that no reading contains."""

    text: str
    is_label: bool
    shown: str = ""
    """What is painted in place of the text, such as a small letter; nothing for the text itself."""

    @property
    def painted(self) -> str:
        """The text that is painted."""
        return self.shown or self.text


Row = tuple[Sign, ...]


@dataclass(frozen=True)
class Wording:
    """A plate's text and its layout."""

    form: str
    rows: tuple[Row, ...]
    scale: tuple[float, ...]
    """Each row's height relative to the tallest."""

    @property
    def labels(self) -> tuple[tuple[str, ...], ...]:
        """The labels row by row."""
        return tuple(tuple(sign.text for sign in row if sign.is_label) for row in self.rows)


def compose(
    country: Country, rng: np.random.Generator, form: str | None = None, even_share: float = EVEN_SHARE
) -> Wording:
    """Sample a wording by the country's frequencies.

    Args:
        country: its forms, layouts and shares.
        rng: the source of chance.
        form: only layouts of this form.
        even_share: how often a label is drawn without regard to the frequencies.

    Raises:
        ValueError: the country has no layout of that form.
    """
    layouts = [layout for layout in country.layouts if form in (None, layout.form)]
    if not layouts:
        raise ValueError(
            f"{country.name} has no layout for {form!r}; it has {sorted({x.form for x in country.layouts})}"
        )
    layout = pick(rng, layouts, [layout.weight for layout in layouts])
    chosen = next(known for known in country.forms if known.name == layout.form)
    values = [_element_labels(country, element, rng, even_share) for element in chosen.elements]
    is_small = rng.random() < SMALL_SHARE
    rows = tuple(_fill(country, template, chosen, values, is_small) for template in layout.rows)
    return _without_empty(Wording(layout.form, rows, layout.scale), layout)


def word(country: Country, text: str | Sequence[str]) -> Wording:
    """Make a wording of a given text: rows in a sequence, or one string with line breaks; marks are kept.

    Raises:
        LprError: a character that no label of the country begins with.
    """
    lines = text.splitlines() if isinstance(text, str) else list(text)
    rows = tuple(_signs(country, line) for line in lines)
    return Wording("given", rows, (1.0,) if len(rows) == 1 else (0.7, *(1.0 for _ in rows[1:])))


def choose_colour(country: Country, wording: Wording, rng: np.random.Generator) -> Colour:
    """Choose a colour that form and class letter allow; sometimes another one, as on real plates."""
    bound = [colour for colour in country.colours if wording.form in colour.forms]
    free = [colour for colour in country.colours if not colour.forms]
    candidates = bound or free or list(country.colours)
    labels = {label for row in wording.labels for label in row[1:]} | {row[0] for row in wording.labels[1:] if row}
    worn = [colour for colour in candidates if _wears(country, colour, labels)]
    if worn and rng.random() < 0.9:
        candidates = worn
    return pick(rng, candidates, [colour.weight for colour in candidates])


def _wears(country: Country, colour: Colour, labels: set[str]) -> bool:
    return any(label in labels or country.latin.get(label, label) in labels for label in colour.classes)


def _element_labels(country: Country, element: Element, rng: np.random.Generator, even_share: float) -> tuple[str, ...]:
    """Sample the labels of one element of a form."""
    count = _count(element, rng)
    weights = _weights(country, element)
    if rng.random() < even_share:
        weights = [1.0] * len(weights)
    drawn = (pick(rng, element.options, weights) for _ in range(count))
    return tuple(label for option in drawn for label in option)


def _count(element: Element, rng: np.random.Generator) -> int:
    """Number of labels: mostly the maximum, sometimes one less."""
    least, most = element.count
    luck = rng.random()
    if luck < FULL_COUNT or least == most:
        return most
    return most - 1 if luck < 0.9 else int(rng.integers(least, most))


def _weights(country: Country, element: Element) -> list[float]:
    """Frequencies of an element's options; options that aren't listed share the rest."""
    listed = dict(country.shares.get(element.field or "", {}))
    rest = listed.pop("rest", 0.0 if listed else 1.0)
    latin = {country.latin.get(label, label): share for label, share in listed.items()}
    known = [listed.get(name, latin.get(name)) for name in element.names]
    unlisted = max(1, known.count(None))
    return [rest / unlisted if share is None else share for share in known]


def _fill(
    country: Country, template: str, form: Form, values: Sequence[tuple[str, ...]], is_small: bool = False
) -> Row:
    """Insert labels into a row's template, such as `{zone}.{lot} {class}`.

    A number names an element by its place; `{series[0:1]} {series[1:]}` parts one of several labels; `{zone:latin}`
    writes it in Latin letters; if `is_small`, those after a syllable's first are painted small: `Ba 1 Kha`.
    """
    signs: list[Sign] = []
    for name, first, last, twin, mark in re.findall(r"\{(\w+)(?:\[(\d*):(\d*)\])?(:latin)?\}|(.)", template):
        if mark:
            signs.append(Sign(mark, False))
        else:
            part = slice(int(first or 0), int(last) if last else None)
            place = _place(form, name)
            labels = values[place][part]
            labels = country.tokenize(country.transliterate(labels)) if twin else labels
            is_one = form.elements[place].count[1] == 1
            signs.extend(_syllable(labels, is_small and is_one))
    return tuple(signs)


def _syllable(labels: Sequence[str], is_small: bool) -> list[Sign]:
    """Characters of one syllable; in Latin letters the later ones may be small."""
    return [
        Sign(label, True, label.lower() if is_small and i > 0 and label.isascii() else "")
        for i, label in enumerate(labels)
    ]


def _place(form: Form, name: str) -> int:
    if name.isdecimal():
        return int(name)
    return [element.field for element in form.elements].index(name)


def _without_empty(wording: Wording, layout: Layout) -> Wording:
    """Remove rows whose elements are all empty."""
    keep = [i for i, row in enumerate(wording.rows) if any(sign.is_label for sign in row)]
    return Wording(wording.form, tuple(wording.rows[i] for i in keep), tuple(layout.scale[i] for i in keep))


def _signs(country: Country, line: str) -> Row:
    pieces = re.findall(rf"[{re.escape(MARKS)}]|[^{re.escape(MARKS)}]+", line)
    return tuple(sign for piece in pieces for sign in _piece_signs(country, piece))


def _piece_signs(country: Country, piece: str) -> Row:
    if piece in MARKS:
        return (Sign(piece, False),)
    return tuple(Sign(label, True) for label in country.tokenize(piece))


def vary_marks(row: Row, rng: np.random.Generator) -> Row:
    """Drop, exchange and add marks as painters do: `बा. ७ प`, `बा-७प`, `·बा.७ प·`."""
    signs = [sign if sign.is_label else _varied(sign, rng) for sign in row]
    if rng.random() < 0.06:
        signs.insert(int(rng.integers(len(signs) + 1)), Sign(pick(rng, MARKS), False))
    if rng.random() < 0.04:
        signs = [Sign("·", False), *signs, Sign("·", False)]
    return tuple(sign for sign in signs if sign.text)


def _varied(sign: Sign, rng: np.random.Generator) -> Sign:
    if rng.random() > 0.3:
        return sign
    return Sign(pick(rng, ["", " ", ".", "-", "·"], [0.3, 0.35, 0.2, 0.1, 0.05]), False)

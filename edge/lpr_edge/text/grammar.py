"""What a plate can say: a small automaton over a country's labels, and the reading as fields.

The automaton is the set of all places of all forms that the labels so far can have reached (Thompson's subset
simulation of a nondeterministic automaton). A search over a network's scores walks it label by label with
`successors`; `parse` walks it with the labels that were read.
"""

import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from lpr_edge.contract.country import Country, Element, Form
from lpr_edge.text.parsed import Parsed


class Place(NamedTuple):
    """A position in one of the country's forms."""

    form: int
    element: int
    repeats: int
    """How many times the element has been filled."""
    option: int
    """Which of the element's options is being spelt; -1 between options."""
    spelt: int
    """How many of that option's labels have been read."""


State = frozenset[Place]
"""All places that a reading may have reached; empty where no form allows it."""


class Step(NamedTuple):
    """A label that may follow, and the field that it belongs to."""

    label: str
    is_decoration: bool
    """Whether it fills no field."""
    after: State


Paths = dict[Place, tuple[str | None, ...]]
"""To each place that was reached, the field of every label on the way."""


class Grammar:
    """The automaton of a country's forms."""

    def __init__(self, country: Country) -> None:
        self.country = country
        self._steps: dict[tuple[Place, str], list[Place]] = {}
        self._allowed: dict[State, frozenset[str]] = {}
        self._after: dict[tuple[State, str], State] = {}
        self._branches: dict[State, list[Step]] = {}
        self._meanings: dict[str, dict[str, str]] = {}
        self.shortest = min(_least_labels(form) for form in country.forms)
        """Labels of the shortest reading."""
        self.start: State = frozenset(
            place for form in range(len(country.forms)) for place in self._settle(Place(form, 0, 0, -1, 0))
        )

    def successors(self, state: State, label: str) -> State:
        """State after one more label; empty if no form allows the label there."""
        key = (state, label)
        if key not in self._after:  # a search asks the same again and again
            self._after[key] = frozenset(after for place in state for after in self._step(place, label))
        return self._after[key]

    def allowed(self, state: State) -> frozenset[str]:
        """The labels that can follow."""
        if state not in self._allowed:
            self._allowed[state] = frozenset(label for place in state for label, _ in self._arcs(place))
        return self._allowed[state]

    def steps(self, state: State) -> list["Step"]:
        """Steps that may follow. One label may give two: a zero before a province is decoration or part of a field."""
        if state not in self._branches:
            after: dict[tuple[str, bool], set[Place]] = {}
            for place in state:
                for label, _ in self._arcs(place):
                    key = (label, self._element(place).field is None)
                    after.setdefault(key, set()).update(self._step(place, label))
            self._branches[state] = [Step(*key, frozenset(places)) for key, places in after.items()]
        return self._branches[state]

    def accepts(self, state: State) -> bool:
        """Whether a reading may end here."""
        return any(self._ends_form(place) for place in state)

    def parse(self, labels: Sequence[str]) -> Parsed:
        """Match a whole reading; if several forms allow it, the first in the country's file is used."""
        paths = self._paths(labels)
        latin = self.country.transliterate(tuple(labels))
        end = self._end_of(paths)
        if end is None:
            return Parsed(None, False, {}, latin)
        form = self.country.forms[end.form]
        texts = _join_fields(paths[end], labels)
        return Parsed(form.name, True, self._explain(form, texts), latin)

    def fields_of(self, labels: Sequence[str]) -> tuple[str | None, ...] | None:
        """Name the field of each label, None for decoration; the result is None if no form allows the reading."""
        paths = self._paths(labels)
        end = self._end_of(paths)
        return None if end is None else paths[end]

    def _end_of(self, paths: Paths) -> Place | None:
        """Where a reading ends: of several forms, in the first of the country's file; None if it ends none."""
        return min((place for place in paths if self._ends_form(place)), default=None)

    def _paths(self, labels: Sequence[str]) -> Paths:
        """Every position that a reading reaches, with the fields on the way there."""
        paths: Paths = dict.fromkeys(sorted(self.start), ())
        for label in labels:
            paths = self._advance(paths, label)
        return paths

    def _advance(self, paths: Paths, label: str) -> Paths:
        """Extend every path by one label and its field; the first path to a position is kept."""
        moved: Paths = {}
        for place, path in paths.items():
            field = self._element(place).field if not self._ends_form(place) else None
            for after in self._step(place, label):
                moved.setdefault(after, (*path, field))
        return moved

    def _explain(self, form: Form, texts: dict[str, str]) -> dict[str, str]:
        """Add `<field>_name` for each field whose meaning a table of the country gives."""
        fields: dict[str, str] = {}
        for element in form.elements:
            if element.field is None or element.field not in texts or element.field in fields:
                continue
            fields[element.field] = texts[element.field]
            meaning = self._meanings_of(element.table).get(texts[element.field])
            if meaning is not None:
                fields[f"{element.field}_name"] = meaning
        return fields

    def _meanings_of(self, table: str | None) -> dict[str, str]:
        """What each text in a table of the country means, in the table's own labels or transliterated; cached."""
        name = table or ""
        if name not in self._meanings:
            meanings: dict[str, str] = {}
            for label, meaning in self.country.table(name).items():
                for text in (label, *self.country.latin_spellings(label)):
                    meanings.setdefault(text, meaning)
            self._meanings[name] = meanings
        return self._meanings[name]

    def _arcs(self, place: Place) -> list[tuple[str, Place]]:
        """Labels that may follow a position, with the position that each leads to (before `_settle`)."""
        if self._ends_form(place):
            return []
        options = self._element(place).options
        spelling = range(len(options)) if place.option < 0 else (place.option,)
        return [(options[i][place.spelt], place._replace(option=i, spelt=place.spelt + 1)) for i in spelling]

    def _step(self, place: Place, label: str) -> list[Place]:
        """Positions after one more label, in the order of the forms; cached."""
        found = self._steps.get((place, label))
        if found is None:
            arcs = [after for arc, after in self._arcs(place) if arc == label]
            found = self._steps[place, label] = [
                settled for after in arcs for settled in self._settle(self._close(after))
            ]
        return found

    def _close(self, place: Place) -> Place:
        """Count an option that is complete."""
        if place.spelt < len(self._element(place).options[place.option]):
            return place
        return Place(place.form, place.element, place.repeats + 1, -1, 0)

    def _settle(self, place: Place) -> list[Place]:
        """The position and those that follow when elements with enough labels are left."""
        if place.option >= 0 or self._ends_form(place):
            return [place]
        least, most = self._element(place).count
        here = [place] if place.repeats < most else []
        further = self._settle(Place(place.form, place.element + 1, 0, -1, 0)) if place.repeats >= least else []
        return here + further

    def _element(self, place: Place) -> Element:
        return self.country.forms[place.form].elements[place.element]

    def _ends_form(self, place: Place) -> bool:
        return place.element == len(self.country.forms[place.form].elements)


def parse(rows: Sequence[Sequence[str]], country: Country) -> Parsed:
    """Parse one reading, given as rows of labels; for many readings, create one `Grammar` and reuse it."""
    return Grammar(country).parse([label for row in rows for label in row])


def _least_labels(form: Form) -> int:
    return sum(element.count[0] * min(len(option) for option in element.options) for element in form.elements)


def _join_fields(path: Sequence[str | None], labels: Sequence[str]) -> dict[str, str]:
    texts: dict[str, str] = {}
    for field, label in zip(path, labels, strict=True):
        if field is not None:
            texts[field] = texts.get(field, "") + label
    return {field: unicodedata.normalize("NFC", text) for field, text in texts.items()}

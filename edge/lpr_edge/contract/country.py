"""A country's plates as data: what they can say and how they look, read from one TOML file."""

import unicodedata
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from lpr_edge.contract.base.errors import LprError

UNREADABLE = "?"
"""Stands in labelled text for a character that nobody can read."""


@dataclass(frozen=True)
class Element:
    """One element of a form: its labels, and how many of them it has."""

    field: str | None
    """The field that it fills; None for decoration."""
    options: tuple[tuple[str, ...], ...]
    """Each a sequence of labels."""
    count: tuple[int, int]
    """The least and the most repetitions."""
    names: tuple[str, ...]
    """What each option is called: "प" or, transliterated, "PA"."""
    table: str | None
    """The country's table that explains the option (`zones`, `classes`), where there is one."""


@dataclass(frozen=True)
class Form:
    """A sequence of elements that is a valid registration."""

    name: str
    elements: tuple[Element, ...]


@dataclass(frozen=True)
class Layout:
    """How a form is painted: a template per row, and the rows' heights relative to the tallest."""

    form: str
    weight: float
    rows: tuple[str, ...]
    scale: tuple[float, ...]


@dataclass(frozen=True)
class Colour:
    """A combination of plate colours, and the vehicles that use it."""

    name: str
    plate_rgb: tuple[int, int, int]
    text_rgb: tuple[int, int, int]
    weight: float
    classes: tuple[str, ...]
    """Class letters with this colour; empty for any."""
    forms: tuple[str, ...]
    """Forms with this colour; empty for any."""
    is_pressed: bool = False
    """Whether such plates are embossed, not painted."""


@dataclass(frozen=True)
class Country:
    """All data of one country's plates."""

    values: dict[str, Any]
    """The TOML file's content; the properties below are views of it."""

    def to_dict(self) -> dict[str, Any]:
        """The file's content, for a manifest."""
        return self.values

    @property
    def name(self) -> str:
        """Short name, the argument of `load_country`."""
        return str(self.values["name"])

    @property
    def language(self) -> str:
        """BCP 47 tag, for shaping text."""
        return str(self.values.get("language", "und"))

    @property
    def script(self) -> str | None:
        """The `kind` of labelled plates whose readings are scored; None for all."""
        return self.values.get("script")

    @cached_property
    def groups(self) -> dict[str, tuple[str, ...]]:
        """Label groups (`digits`, `letters`, `words`, …) in the file's order."""
        return {group: tuple(map(_nfc, labels)) for group, labels in self.values["labels"].items()}

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """Every label that a reader distinguishes, in the order of its outputs."""
        return tuple(label for group in self.groups.values() for label in group)

    @cached_property
    def characters(self) -> dict[str, str]:
        """Folder name -> label of the single-character data set, in the order of a classifier's outputs."""
        return {folder: _nfc(label) for folder, label in self.values.get("characters", {}).items()}

    @cached_property
    def wide_characters(self) -> tuple[str, ...]:
        """Labels of the wider classifier: those of `characters`, then those that only the glyphs' data set has."""
        glyphs = self.values.get("glyphs", {}).get("labels", [])
        return (*self.characters.values(), *map(_nfc, glyphs))

    @cached_property
    def latin(self) -> dict[str, str]:
        """Label -> its transliteration."""
        return {_nfc(label): latin for label, latin in self.values.get("latin", {}).items()}

    @cached_property
    def latin_variants(self) -> dict[str, tuple[str, ...]]:
        """Label -> other Latin spellings in addition to its transliteration."""
        return {_nfc(label): tuple(others) for label, others in self.values.get("latin_variants", {}).items()}

    def table(self, name: str) -> dict[str, str]:
        """A table from labels to meanings: `zones`, `provinces`, `classes`; empty if the country has none."""
        return {_nfc(label): meaning for label, meaning in self.values.get(name, {}).items()}

    @cached_property
    def forms(self) -> tuple[Form, ...]:
        """The valid forms."""
        return tuple(
            Form(form["name"], tuple(self._element(e) for e in form["elements"])) for form in self.values["forms"]
        )

    @cached_property
    def layouts(self) -> tuple[Layout, ...]:
        """Layouts of the forms, with their frequencies."""
        return tuple(
            Layout(layout["form"], float(layout["weight"]), tuple(layout["rows"]), tuple(map(float, layout["scale"])))
            for layout in self.values["layouts"]
        )

    @cached_property
    def colours(self) -> tuple[Colour, ...]:
        """Plate colours, with their frequencies."""
        return tuple(
            Colour(
                colour["name"],
                tuple(colour["plate"]),
                tuple(colour["text"]),
                float(colour["weight"]),
                tuple(map(_nfc, colour.get("classes", ()))),
                tuple(colour.get("forms", ())),
                bool(colour.get("pressed", False)),
            )
            for colour in self.values["colours"]
        )

    @property
    def shares(self) -> dict[str, dict[str, float]]:
        """Field -> label -> frequency, for labels that aren't equally common; `rest` is shared by all others."""
        return dict(self.values.get("shares", {}))

    def tokenize(self, text: str) -> tuple[str, ...]:
        """Divide a text into labels, longest first; spaces, `.`, `-` and `·` are decoration, `?` is kept.

        Raises:
            LprError: a character that no label begins with.
        """
        rest = "".join(c for c in _nfc(text) if not c.isspace() and c not in ".-·")
        found: list[str] = []
        while rest:
            label = next((label for label in self._longest_first if rest.startswith(label)), None)
            if label is None:
                raise LprError(
                    f"{text!r} has {rest[0]!r} at its {len(found) + 1}. place, which is no label of {self.name}"
                )
            found.append(label)
            rest = rest[len(label) :]
        return tuple(found)

    def transliterate(self, labels: tuple[str, ...]) -> str:
        """The labels in Latin letters, joined."""
        return "".join(self.latin.get(label, label) for label in labels)

    def latin_spellings(self, label: str) -> tuple[str, ...]:
        """Latin spellings of a label: its transliteration, and the variants that painters use."""
        return (self.latin.get(label, label), *self.latin_variants.get(label, ()))

    @cached_property
    def _longest_first(self) -> tuple[str, ...]:
        return tuple(sorted((*self.labels, UNREADABLE), key=len, reverse=True))

    def _element(self, values: dict[str, Any]) -> Element:
        source = values.get("from", "")
        texts = [_nfc(text) for text in values.get("any_of", self.groups.get(source) or self.table(source))]
        if not texts:
            raise LprError(
                f"{self.name}: an element of a form takes its labels from {source!r}, which the file doesn't define"
            )
        if values.get("latin"):
            texts = list(dict.fromkeys(latin for text in texts for latin in self.latin_spellings(text)))
        least, most = values.get("count", (1, 1))
        table = source if self.table(source) else None
        return Element(values.get("field"), tuple(map(self.tokenize, texts)), (least, most), tuple(texts), table)


def country_from_dict(values: dict[str, Any]) -> Country:
    """Make a country from the content of a file or manifest, and check that it is consistent.

    Raises:
        LprError: a part is missing, or a label stands twice.
    """
    missing = [part for part in ("name", "labels", "forms") if part not in values]
    if missing:
        raise LprError(f"a country's file needs {', '.join(missing)}; see plates/nepal.toml for an example")
    country = Country(values)
    twice = {label for label in country.labels if country.labels.count(label) > 1}
    if twice:
        raise LprError(
            f"{country.name}: the labels {', '.join(sorted(twice))} occur twice; a reader's outputs must differ"
        )
    _ = country.forms
    return country


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)

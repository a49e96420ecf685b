"""A plate's text from its label: rows, legibility and script."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.country import UNREADABLE, Country
from lpr_edge.contract.data.label_file import BOTH, FOREIGN
from lpr_train.labels.formats.records import Notes, SourcePlate

TEXT_KEYS = (
    "text", "plate_text", "transcription", "plate", "plate_number", "number_plate", "license_plate",
    "licence_plate", "registration", "registration_number", "number", "ocr", "ocr_text", "utf8_string", "caption",
    "description", "value", "lp", "lp_number",
)  # fmt: skip
"""Attributes that hold a plate's text, the likeliest first; spaces and hyphens read as `_`."""
PLATE_WORDS = re.compile(r"plate|licen[cs]e|registration|(?<![a-z])(lp|np|anpr|alpr|lpr)(?![a-z])|प्लेट", re.IGNORECASE)
"""In the name of a class of plates."""
ROW_ENDS = re.compile(r"\\n|[\n\r|/+;]")
"""Between rows in one text; after its only row it says that there is no other."""
ILLEGIBLE = frozenset(
    {"unreadable", "illegible", "unclear", "none", "null", "n/a", "na", "unknown", "###", "***", "xxx"}
)
"""Texts that say that nobody can read the plate."""
WILDCARDS = str.maketrans({"*": UNREADABLE, "#": UNREADABLE, "？": UNREADABLE})
"""Signs that stand for an unreadable character."""
DECORATION = ".-·_"
"""Signs that no row has, in addition to spaces."""
TALL = 2.3
"""Width over height up to which a plate is taken to have two rows."""
LEGIBLE = ("full", "partial", "none")

NO_TEXT = "no text is given: the plate is to be found, not read"
ROWS_GUESSED = "a text in one row on a plate of two rows' shape: its last number is taken for the second row"
NOT_IN_ALPHABET = "a text that isn't in the country's alphabet: the plate is taken without it"


@dataclass(frozen=True)
class PlateText:
    """The text on a plate."""

    rows: tuple[str, ...]
    legible: str
    kind: str
    vehicle: str = ""
    number_rows: tuple[str, ...] | None = None


@dataclass(frozen=True)
class TextRules:
    """Rules for finding and parsing texts."""

    country: Country
    key: str = ""
    """The one attribute that holds texts; empty for any of `TEXT_KEYS`."""
    plate_classes: frozenset[str] = field(default_factory=frozenset)
    """Classes that are plates."""

    def read(self, plate: SourcePlate, size_wh: tuple[float, float], where: str, notes: Notes) -> PlateText:
        """Parse a label's text; size_wh is the plate's width and height in pixels."""
        attributes = {_key(name): value for name, value in plate.attributes.items() if value not in (None, "")}
        given = _rows_given(attributes) or self._text(attributes, plate.class_name)
        rows = tuple(filter(None, (self.normal(row) for row in given)))
        if rows and self._unknown_sign(rows):
            notes.left_out(where, NOT_IN_ALPHABET, self._unknown_sign(rows))
            rows = ()
        elif not rows:
            notes.guessed(where, NO_TEXT)
        if len(rows) == len(given) == 1 and "rows" not in attributes:
            rows = self._in_two_rows(rows[0], size_wh, where, notes)
        kind = str(attributes.get("kind", "")) or kind_of(rows, self.country)
        number = tuple(map(self.normal, attributes.get("number_rows", ()))) or None
        rows, legible = rows or (UNREADABLE,), _legible(rows, attributes)
        return PlateText(rows, legible, kind, str(attributes.get("vehicle", "")), number)

    def _text(self, attributes: Mapping[str, Any], class_name: str) -> tuple[str, ...]:
        keys = (_key(self.key),) if self.key else TEXT_KEYS
        found = next((str(attributes[key]).strip() for key in keys if str(attributes.get(key, "")).strip()), "")
        if not found and not self.key:
            found = self._only_text([*map(str, attributes.values())]) or self._only_text([class_name])
        if found.casefold() in ILLEGIBLE or (found and not found.strip("*#?？")):
            return (UNREADABLE,)
        return tuple(ROW_ENDS.split(found))

    def _only_text(self, values: Sequence[str]) -> str:
        """The one of some values that is a text."""
        texts = [value for value in values if self.is_text(value)]
        return texts[0] if len(texts) == 1 else ""

    def normal(self, row: str) -> str:
        """Normalise a row for `labels.jsonl`: NFC, capitals, no decoration, `?` for illegible characters."""
        composed = unicodedata.normalize("NFC", str(row)).translate(WILDCARDS)
        kept = "".join(
            sign for sign in composed if not sign.isspace() and sign not in DECORATION and self._is_seen(sign)
        )
        return kept.upper() if kept.isascii() else kept

    def _is_seen(self, sign: str) -> bool:
        """Whether a sign can be seen, or the country's labels need it."""
        return unicodedata.category(sign) != "Cf" or any(sign in label for label in self.country.labels)

    def is_text(self, name: str) -> bool:
        """Whether a class name is a plate's text: in the alphabet, two or more characters, at least one digit."""
        row = self.normal("".join(ROW_ENDS.split(name)))
        has_digit = any(sign.isdecimal() for sign in row)
        return has_digit and not self._unknown_sign((row,)) and len(self.country.tokenize(row)) > 1

    def _unknown_sign(self, rows: Sequence[str]) -> str:
        try:
            for row in rows:
                self.country.tokenize(row)
        except LprError as error:
            return str(error)
        return ""

    def _in_two_rows(self, row: str, size_wh: tuple[float, float], where: str, notes: Notes) -> tuple[str, ...]:
        """Cut a row before its last number, where the plate's shape is that of two rows and the country has such."""
        rows = cut_by_shape(self.country.tokenize(row), size_wh, self.country)
        if len(rows) > 1:
            notes.guessed(where, ROWS_GUESSED)
        return rows


def cut_by_shape(labels: Sequence[str], size_wh: tuple[float, float], country: Country) -> tuple[str, ...]:
    """Cut a text before its last number, where the plate's shape is that of two rows and the country has such."""
    number = len(labels)
    most = max((form.elements[-1].count[1] for form in country.forms if form.elements), default=0)
    while number and (labels[number - 1].isdecimal() or (labels[number - 1] == UNREADABLE and most > 0)):
        number -= 1
        most -= 1
    has_rows = any(len(layout["rows"]) > 1 for layout in country.values.get("layouts", ()))
    if not has_rows or size_wh[0] > TALL * size_wh[1] or not 0 < number < len(labels):
        return ("".join(labels),)
    return "".join(labels[:number]), "".join(labels[number:])


def kind_of(rows: Sequence[str], country: Country) -> str:
    """Script of the rows, by their characters; the country's own if they don't show it."""
    own = country.script or ""
    if all(label.isascii() for label in country.labels):
        return own
    signs = [row.replace(UNREADABLE, "") for row in rows]
    latin = [sign.isascii() for sign in signs if sign]
    if own and any(latin):
        return "latin" if all(latin) else BOTH
    return own


def legibility(rows: Sequence[str]) -> str:
    """Legibility of a plate, by the `?` in its rows."""
    text = "".join(rows)
    if UNREADABLE not in text:
        return "full"
    return "partial" if text.strip(UNREADABLE) else "none"


def plate_classes(names: Iterable[str], rules: TextRules, forced: Sequence[str] = ()) -> tuple[frozenset[str], bool]:
    """Classes of plates among all classes of a data set.

    Args:
        names: of all classes; an empty one is a plate, as of formats that have none.
        rules: which labels a text may have.
        forced: the only ones that are plates.

    Returns:
        Their names, and whether that is a guess: the only class, whatever it is called.
    """
    found = frozenset(names)
    if forced:
        return frozenset(name for name in found if _key(name) in set(map(_key, forced))), False
    plates = frozenset(name for name in found if not name or PLATE_WORDS.search(name) or rules.is_text(name))
    plates |= {name for name in found if _key(name) == FOREIGN}
    return (plates, False) if plates or len(found) != 1 else (found, True)


def _key(name: object) -> str:
    return str(name).strip().casefold().replace(" ", "_").replace("-", "_")


def _rows_given(attributes: Mapping[str, Any]) -> tuple[str, ...]:
    """Rows that are already a list, as in lpr's own export."""
    rows = attributes.get("rows")
    return tuple(map(str, rows)) if isinstance(rows, list) else ()


def _legible(rows: Sequence[str], attributes: Mapping[str, Any]) -> str:
    text = "".join(rows)
    if not text:
        return "none" if attributes.get("legible") == "none" else "partial"
    said = attributes.get("legible")
    if UNREADABLE not in text:
        return said if said in LEGIBLE else "full"
    if said in LEGIBLE and said != "full":
        return str(said)
    return legibility(rows)

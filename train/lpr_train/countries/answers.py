"""Questions about a new country, and the parsing of each answer."""

import re
import unicodedata
from dataclasses import dataclass

from lpr_edge.contract.base.errors import LprError

Rgb = tuple[int, int, int]
NAME = re.compile(r"[a-z][a-z0-9_-]*")
FIELD = re.compile(r"\{(\w+):(A+|9+)(?:-(A+|9+))?\}")
MARKS = " .-·"
COLOURS: dict[str, Rgb] = {
    "white": (238, 238, 234),
    "black": (25, 25, 28),
    "yellow": (240, 195, 40),
    "red": (190, 30, 40),
    "green": (30, 120, 60),
    "blue": (30, 70, 160),
}
"""Names for the usual paints."""


@dataclass(frozen=True)
class Script:
    """Characters of a script, and the fonts that draw them."""

    language: str
    """BCP 47 tag of the fonts' shapes."""
    digits: tuple[str, ...]
    letters: tuple[str, ...]
    fonts: tuple[str, ...]
    """As `--font` has them."""


SCRIPTS = {
    "latin": Script(
        "en",
        tuple("0123456789"),
        tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
        ("Noto Sans:600:75", "Noto Sans:800", "Roboto Slab:800", "Barlow Condensed:600"),
    ),
    "devanagari": Script(
        "hi",
        tuple("०१२३४५६७८९"),
        tuple("कखगघचछजझटठडतथदधनपफबभमयरलवशसह"),
        ("Noto Sans Devanagari:600", "Noto Sans Devanagari:900", "Mukta:700", "Baloo 2:600"),
    ),
}


@dataclass(frozen=True)
class Field:
    """A field of a form: letters or digits, with a minimum and a maximum number."""

    name: str
    group: str
    """`letters` or `digits`."""
    count: tuple[int, int]


@dataclass(frozen=True)
class PlateForm:
    """A form and its layout, from a text such as `{state:AA} {district:99}|{number:9999}`."""

    fields: tuple[Field, ...]
    rows: tuple[str, ...]
    """Templates of the rows, fields by name in braces."""


@dataclass(frozen=True)
class PlateColour:
    """Colours of a plate, from a text such as `white:black:9` or `#f0f0eb:#101014`."""

    name: str
    plate: Rgb
    text: Rgb
    weight: float


@dataclass(frozen=True)
class Answers:
    """All answers from which a country's file is written."""

    name: str
    title: str
    language: str
    digits: tuple[str, ...]
    letters: tuple[str, ...]
    forms: tuple[PlateForm, ...]
    colours: tuple[PlateColour, ...]
    fonts: tuple[tuple[str, int, int], ...]
    """Family, weight, width."""


def read_name(text: str) -> str:
    """Parse a country's name: lower case, as for `--country`.

    Raises:
        LprError: it has other characters.
    """
    if not NAME.fullmatch(text):
        raise LprError(f"{text!r} can't be a country's name: give lower-case letters, digits, - and _, such as india")
    return text


def read_script(text: str) -> Script:
    """Find a script by its name.

    Raises:
        LprError: it isn't known.
    """
    if text not in SCRIPTS:
        known = ", ".join(SCRIPTS)
        raise LprError(
            f"no script {text!r}: known are {known}; for another take the nearest, and give --letters and --digits"
        )
    return SCRIPTS[text]


def read_signs(text: str) -> tuple[str, ...]:
    """Parse characters: separated by spaces, or each character of a text without spaces.

    Raises:
        LprError: one stands twice, or there is none.
    """
    signs = tuple(unicodedata.normalize("NFC", sign) for sign in (text.split() if " " in text.strip() else text))
    if not signs or len(set(signs)) < len(signs):
        raise LprError(f"{text!r} holds no sign, or one twice: give each once, such as ABCDEFGH or 'क ख गा'")
    return signs


def read_form(text: str) -> PlateForm:
    """Parse a form: fields in braces with A for a letter and 9 for a digit, `|` between rows.

    Raises:
        LprError: something in it is neither a field nor a mark, or a field stands twice.
    """
    fields: list[Field] = []
    for name, first, last in FIELD.findall(text):
        group = "letters" if first[0] == "A" else "digits"
        if last and (last[0] != first[0] or len(last) < len(first)):
            raise LprError(f"the field {{{name}:{first}-{last}}} goes from more to fewer: write {name}:A-AA or 9-9999")
        fields.append(Field(name, group, (len(first), len(last or first))))
    rest = FIELD.sub("", text).replace("|", "").strip(MARKS)
    names = [field.name for field in fields]
    if rest.strip(MARKS) or not fields or len(set(names)) < len(names):
        raise LprError(
            f"the form {text!r} can't be read: give each field once, as {{name:AA}} for letters or {{name:9-9999}} for "
            "digits, with spaces, points or hyphens between them, and | between rows"
        )
    rows = tuple(FIELD.sub(r"{\1}", row).strip() for row in text.split("|"))
    return PlateForm(tuple(fields), rows)


def read_colour(text: str) -> PlateColour:
    """Parse `PLATE:TEXT` or `PLATE:TEXT:WEIGHT`; colours are names or #rrggbb.

    Raises:
        LprError: it can't be read.
    """
    plate, _, rest = text.partition(":")
    ink, _, weight = rest.partition(":")
    try:
        return PlateColour(plate.lstrip("#"), _rgb(plate), _rgb(ink), float(weight or 1))
    except ValueError as error:
        raise LprError(
            f"the colour {text!r} can't be read: give PLATE:TEXT or PLATE:TEXT:WEIGHT with #rrggbb or one of "
            f"{', '.join(COLOURS)}, such as white:black:9"
        ) from error


def read_font(text: str) -> tuple[str, int, int]:
    """Parse `FAMILY:WEIGHT` or `FAMILY:WEIGHT:WIDTH`.

    Raises:
        LprError: it can't be read.
    """
    family, _, rest = text.partition(":")
    weight, _, width = rest.partition(":")
    try:
        return family, int(weight or 400), int(width or 100)
    except ValueError as error:
        raise LprError(f"the font {text!r} can't be read: give FAMILY:WEIGHT, such as 'Noto Sans:700'") from error


def _rgb(text: str) -> Rgb:
    if text in COLOURS:
        return COLOURS[text]
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        raise ValueError(text)
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)

"""Style of a country's renderer: fonts, a painted alphabet, stickers and headers, from the country's file."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.country import Country

Rgb = tuple[int, int, int]


@dataclass(frozen=True)
class Area:
    """The part of a plate for the text, in pixels."""

    x: float
    y: float
    w: float
    h: float


@dataclass(frozen=True)
class Face:
    """A font's file in one weight and width."""

    family: str
    weight: int
    width: int = 100
    localised: bool = True
    """Shape in the country's language: Nepali forms of ५, ८ and झ differ from Hindi ones."""
    rounded: bool = False
    """Also draw it as a plate shop's block face, with thicker strokes and round corners."""


@dataclass(frozen=True)
class Emblem:
    """A shape on a sticker, such as a flag's."""

    points: tuple[tuple[float, float], ...]
    """(n, 2) corners in a unit box, y down."""
    weight: float


@dataclass(frozen=True)
class Sticker:
    """An emblem next to the text of plates with two or more rows."""

    share: float
    """Of such plates, 0 to 1."""
    grounds: tuple[Rgb, ...]
    inks: tuple[Rgb, ...]
    emblems: tuple[Emblem, ...]


@dataclass(frozen=True)
class Header:
    """Small print on embossed plates in addition to the registration."""

    tables: tuple[str, ...]
    """The country's tables of which a meaning may stand above the text, as its title may."""
    hologram_share: float
    """Of pressed plates, 0 to 1."""


@dataclass(frozen=True)
class PlateStyle:
    """A country's table `[render]`, or its defaults."""

    fonts: tuple[Face, ...]
    alphabet: str | None
    """A sign painter's alphabet that lpr-train has, or the path of one's TOML file."""
    sticker: Sticker | None
    header: Header | None
    hard_negatives: tuple[Rgb, Rgb]
    """The darkest and the brightest colour of boxes that look like plates and aren't."""


LATIN_FONTS = (
    Face("Noto Sans", 600, 75),
    Face("Noto Sans", 800),
    Face("Alfa Slab One", 400),
    Face("Arvo", 700),
    Face("Roboto Slab", 800),
    Face("Barlow Condensed", 600),
)
"""For a country that names no fonts."""
NEAR = 45
"""How far a hard_negatives's colour may be from the country's most common plate, in each channel."""


def style_of(country: Country) -> PlateStyle:
    """Parse a country's `[render]`.

    Raises:
        LprError: a key is unknown, or a part is missing.
    """
    values = country.values.get("render", {})
    _check_keys(country, "render", values, ("fonts", "alphabet", "sticker", "header", "hard_negatives"))
    try:
        return PlateStyle(
            tuple(Face(**font) for font in values.get("fonts", ())) or LATIN_FONTS,
            values.get("alphabet"),
            _sticker(country, values["sticker"]) if "sticker" in values else None,
            _header(country, values["header"]) if "header" in values else None,
            _hard_negatives(country, values.get("hard_negatives")),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise LprError(
            f"[render] of the country {country.name} can't be used ({type(error).__name__}: {error}): "
            "see docs/new-country.md for what it holds"
        ) from error


def _sticker(country: Country, values: Mapping[str, Any]) -> Sticker:
    _check_keys(country, "render.sticker", values, ("share", "grounds", "inks", "emblems"))
    emblems = tuple(
        Emblem(tuple((float(x), float(y)) for x, y in emblem["points"]), float(emblem["weight"]))
        for emblem in values["emblems"]
    )
    return Sticker(float(values["share"]), _colours(values["grounds"]), _colours(values["inks"]), emblems)


def _header(country: Country, values: Mapping[str, Any]) -> Header:
    _check_keys(country, "render.header", values, ("tables", "hologram_share"))
    return Header(tuple(values.get("tables", ())), float(values.get("hologram_share", 0)))


def _hard_negatives(country: Country, values: Mapping[str, Any] | None) -> tuple[Rgb, Rgb]:
    if values is not None:
        low, high = _colours((values["low"], values["high"]))
        return low, high
    common = max(country.colours, key=lambda colour: colour.weight, default=None)
    red, green, blue = common.plate_rgb if common else (128, 128, 128)
    low = max(0, red - NEAR), max(0, green - NEAR), max(0, blue - NEAR)
    high = min(255, red + NEAR), min(255, green + NEAR), min(255, blue + NEAR)
    return low, high


def _colours(values: Iterable[Iterable[int]]) -> tuple[Rgb, ...]:
    return tuple((int(red), int(green), int(blue)) for red, green, blue in values)


def _check_keys(country: Country, table: str, values: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for key in values:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
            remedy = f"Did you mean `{near[0]}`?" if near else f"Known keys: {', '.join(known)}."
            raise LprError(f"[{table}] of the country {country.name} has the unknown key `{key}`. {remedy}")

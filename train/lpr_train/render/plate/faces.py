"""Typefaces: fonts of pip packages, the labels that they support, and their shapes."""

import threading
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont, features

from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.country import Country
from lpr_train.render.draw.shapes import Glyph, tight
from lpr_train.render.plate.style import Face

FONT_SIZE = 128
BODY_LABELS = 12
"""How many labels are drawn to measure a face."""
TITLE_FACE = Face("Noto Sans", 800, 75)
"""Of small print."""
UNASSIGNED = "\U0010fffd"
"""No font has it, so its shape is the font's shape for whatever it lacks."""
PILLOW = threading.Lock()
"""FreeType's faces may be used by one thread at a time."""


class FontSource:
    """Shapes from one typeface.

    Args:
        face: which font.
        country: its labels set the height of a row's body, its language the forms.
    """

    weight = 1.0
    variants = 1

    def __init__(self, face: Face, country: Country) -> None:
        self.face = face
        self.country = country
        self.language = country.language if face.localised else None

    def draws(self, label: str) -> bool:
        """Whether the font has every code point, with a shape of its own."""
        return all(_has(self.face, character) for character in label)

    def glyph(self, label: str, variant: int = 0) -> Glyph:  # noqa: ARG002 - a font has one variant
        """Draw the label; a font has one variant."""
        mask, top = draw_text(self.face, label, self.language)
        body_top, body_bottom = self._body(_is_number(label), label.isascii())
        height = body_bottom - body_top
        return Glyph(mask, (top - body_top) / height, (top + mask.shape[0] - body_top) / height)

    @lru_cache(maxsize=8)  # noqa: B019 - a source lives as long as its glyph book
    def _body(self, is_number: bool, is_ascii: bool) -> tuple[float, float]:
        """Top and bottom of digits, or of letters, in this typeface: the medians over the country's labels."""
        alike = [x for x in self.country.labels if _is_number(x) == is_number and x.isascii() == is_ascii]
        drawn = [draw_text(self.face, label, self.language) for label in alike[:BODY_LABELS] if self.draws(label)]
        tops = [top for _, top in drawn]
        bottoms = [top + mask.shape[0] for mask, top in drawn]
        return float(np.median(tops)), float(np.median(bottoms))


def font_sources(country: Country, faces: Sequence[Face]) -> list[FontSource]:
    """Make a source for each typeface.

    Raises:
        LprError: a font's package isn't installed.
    """
    for face in faces:
        load_font(face)
    return [FontSource(face, country) for face in faces]


@lru_cache(maxsize=64)
def load_font(face: Face) -> ImageFont.FreeTypeFont:
    """Open a font of a `fontpkg-*` package.

    Raises:
        LprError: the package isn't installed, or Pillow can't shape text.
    """
    if not features.check("raqm"):
        raise LprError("this Pillow was built without Raqm, so it can't shape Devanagari: pip install --upgrade pillow")
    path, is_variable = _font_file(face)
    font = ImageFont.truetype(str(path), FONT_SIZE, layout_engine=ImageFont.Layout.RAQM)
    if is_variable:
        _set_axes(font, face)
    return font


def _font_file(face: Face) -> tuple[Path, bool]:
    missing = LprError(f"the font {face.family!r} is not installed: pip install 'lpr[train]', or its fontpkg-* package")
    try:
        import fontpkg
    except ImportError as error:
        raise missing from error
    try:
        family = fontpkg.family(face.family)
        chosen = fontpkg.select_file(family, face.weight, "normal", True)
    except fontpkg.FontpkgError as error:
        raise missing from error
    return Path(chosen.path), bool(chosen.variable)


def _set_axes(font: ImageFont.FreeTypeFont, face: Face) -> None:
    wanted = {"weight": face.weight, "width": face.width}
    font.set_variation_by_axes([_axis_value(axis, wanted) for axis in font.get_variation_axes()])


def _axis_value(axis: Any, values: dict[str, int]) -> float:
    name = axis["name"]
    name = name.decode() if isinstance(name, bytes) else str(name)
    value = values.get(name.lower(), axis["default"])
    return float(min(max(value, axis["minimum"]), axis["maximum"]))


@lru_cache(maxsize=8192)
def draw_text(face: Face, text: str, language: str | None = None) -> tuple[Image, int]:
    """Draw text in white on black.

    Returns:
        The mask (h, w) uint8, cut tight, and its top in pixels from the base line: negative, as y points down.
        Drawn once and then kept: the mask is read-only.

    Raises:
        ValueError: the text leaves no mark.
    """
    font = load_font(face)
    with PILLOW:
        left, top, right, bottom = (int(edge) for edge in font.getbbox(text, anchor="ls", language=language))
        canvas = PillowImage.new("L", (right - left + 4, bottom - top + 4))
        ImageDraw.Draw(canvas).text((2 - left, 2 - top), text, 255, font, anchor="ls", language=language)
    mask, cut = tight(np.asarray(canvas, np.uint8))
    mask.flags.writeable = False
    return mask, cut + top - 2


@lru_cache(maxsize=4096)
def _has(face: Face, character: str) -> bool:
    """Whether a font has a character, and doesn't only draw a Latin digit for it."""
    if np.array_equal(_shape(face, character), _shape(face, UNASSIGNED)):
        return False
    stands_for = unicodedata.decimal(character, None)
    return stands_for is None or character.isascii() or not _shows_latin_digits(face, ord(character) - stands_for)


@lru_cache(maxsize=256)
def _shows_latin_digits(face: Face, zero: int) -> bool:
    """Whether most digits from code point `zero` on look like Latin ones; then all digits of the script are missing."""
    return sum(_alike(_shape(face, chr(zero + digit)), _shape(face, str(digit))) for digit in range(1, 10)) > 4


def _alike(one: Image, other: Image) -> bool:
    """Whether two shapes differ in less than a tenth of their box."""
    sizes = (cv2.resize(one, (24, 24)).astype(np.float32), cv2.resize(other, (24, 24)).astype(np.float32))
    return float(np.abs(sizes[0] - sizes[1]).mean()) < 25


def _shape(face: Face, character: str) -> Image:
    """The character's mask; one black pixel for an invisible character."""
    try:
        return draw_text(face, character)[0]
    except ValueError:
        return np.zeros((1, 1), np.uint8)


def _is_number(label: str) -> bool:
    return all(character.isdecimal() for character in label)


@lru_cache(maxsize=64)
def title_glyph(text: str, face: Face = TITLE_FACE) -> Glyph | None:
    """A word in small print; None if the font doesn't support it."""
    if not all(_has(face, character) or character.isspace() for character in text):
        return None
    mask, _ = draw_text(face, text)
    return Glyph(mask)

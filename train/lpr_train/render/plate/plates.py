"""Whole upright plates: a wording, painted or embossed on a sheet, with wear."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import Floats, Image
from lpr_edge.contract.country import Colour, Country
from lpr_train.render.draw import wear
from lpr_train.render.draw.chance import pick
from lpr_train.render.plate import blanks
from lpr_train.render.plate.composing import EVEN_SHARE, Wording, choose_colour, compose, vary_marks, word
from lpr_train.render.plate.faces import title_glyph
from lpr_train.render.plate.glyphs import GlyphBook
from lpr_train.render.plate.lettering import CharacterBox, letter, move_box, move_mask, shake_field, stroke_weight
from lpr_train.render.plate.style import Area, Header, style_of

SHORTEST, TALLEST = 56, 150
"""Heights of rendered plates in pixels."""


@dataclass(frozen=True)
class RenderedPlate:
    """A rendered plate in frontal view."""

    image_bgr: Image
    """(h, w, 3); what lies outside the plate's round corners shows its surroundings."""
    rows: tuple[tuple[str, ...], ...]
    """Labels row by row, left to right."""
    boxes: tuple[CharacterBox, ...]
    """A box for each label, in the order of `rows`."""
    form: str
    """The country's form; `given` where the text was given."""
    colour: str
    alpha: Image
    """(h, w): 255 where the plate is, 0 outside its corners."""


@dataclass
class _Work:
    """An unfinished plate."""

    paint: Floats
    """(h, w) 0..1: where the text's colour goes."""
    boxes: list[CharacterBox]
    frame: Image
    sticker: Area | None
    radius: float


class PlateRenderer:
    """Renders plates of a country.

    Args:
        country: what plates say and look like.
        glyphs: the shapes of its labels.
    """

    def __init__(self, country: Country, glyphs: GlyphBook | None = None) -> None:
        self.country = country
        self.glyphs = glyphs or GlyphBook(country)
        self._title = str(country.values.get("title", country.name))
        self._style = style_of(country)

    def render(
        self,
        rng: np.random.Generator,
        form: str | None = None,
        text: str | Sequence[str] | None = None,
        even_share: float = EVEN_SHARE,
    ) -> RenderedPlate:
        """Render a plate.

        Args:
            rng: the source of chance: the same state gives the same plate.
            form: only this form of the country's; any by its share otherwise.
            text: exactly this text, rows in a sequence or divided by line ends; `form` is then not looked at.
            even_share: see `compose`; 0 gives labels as often as they are on the road.

        Raises:
            LprError: the text has something that is no label of the country.
            ValueError: the country has no layout of that form.
        """
        wording = word(self.country, text) if text is not None else self._compose(rng, form, even_share)
        colour = choose_colour(self.country, wording, rng)
        is_pressed = colour.is_pressed
        size_hw = _size(len(wording.rows), max(len(row) for row in wording.labels), rng)
        work = self._letter(wording, size_hw, is_pressed, rng)
        image = self._paint(work, colour, size_hw, is_pressed, rng)
        alpha = blanks.rounded(size_hw, 0, work.radius)
        image = _with_surroundings(image, alpha, rng)
        return RenderedPlate(image, wording.labels, tuple(work.boxes), wording.form, colour.name, alpha)

    def _compose(self, rng: np.random.Generator, form: str | None, even_share: float) -> Wording:
        wording = compose(self.country, rng, form, even_share)
        rows = tuple(vary_marks(row, rng) for row in wording.rows)
        return Wording(wording.form, rows, wording.scale)

    def _letter(self, wording: Wording, size_hw: tuple[int, int], is_pressed: bool, rng: np.random.Generator) -> _Work:
        height = size_hw[0]
        radius = height * pick(rng, [0.0, rng.uniform(0.02, 0.16)], [0.2, 0.8])
        frame, taken = blanks.frame(size_hw, radius, rng)
        area = _text_area(size_hw, taken, self._style.header if is_pressed else None, rng)
        sticker_share = self._style.sticker.share if self._style.sticker else 0.0
        has_sticker = len(wording.rows) > 1 and rng.random() < sticker_share
        sticker, area = _split_off_sticker(area, rng) if has_sticker else (None, area)
        hand = self.glyphs.print_hand(rng) if is_pressed or rng.random() < 0.1 else self.glyphs.hand(rng)
        mask, boxes = letter(size_hw, area, wording.rows, wording.scale, self.glyphs, hand, rng)
        if not is_pressed:
            field = shake_field(size_hw, rng)
            mask, boxes = move_mask(mask, field), [move_box(box, field) for box in boxes]
        mask = np.maximum(mask, _between_rows(size_hw, boxes, rng)) if rng.random() < 0.13 else mask
        return _Work(stroke_weight(mask, rng), boxes, frame, sticker, radius)

    def _paint(
        self, work: _Work, colour: Colour, size_hw: tuple[int, int], is_pressed: bool, rng: np.random.Generator
    ) -> Image:
        ground = blanks.sheet(size_hw, blanks.vary_colour(colour.plate_rgb, rng), rng)
        ink = blanks.vary_colour(colour.text_rgb, rng, 0.5)
        years = float(rng.beta(1.2, 2.5))
        ground = _over(ground, work.frame, _frame_ink(ink, rng))
        paint = wear.chip(work.paint, rng, years) if rng.random() < 0.25 else work.paint
        paint = wear.thin(paint, rng, years) if rng.random() < 0.35 else paint
        image = ground + (ink - ground) * paint[..., None]
        image = _emboss(image, work.paint, rng) if is_pressed or rng.random() < 0.06 else image
        finished = np.clip(image, 0, 255).astype(np.uint8)
        self._fit_out(finished, work, is_pressed, rng)
        return wear.wear_down(finished, rng, years)

    def _fit_out(self, image: Image, work: _Work, is_pressed: bool, rng: np.random.Generator) -> None:
        """Add bolts, stickers and prints, in place."""
        if work.sticker is not None and self._style.sticker:
            blanks.draw_sticker(image, work.sticker, self._style.sticker, title_glyph(self._title.upper()), rng)
        if is_pressed and self._style.header:
            self._print_header(image, self._style.header, rng)
        if rng.random() < 0.6:
            blanks.draw_bolts(image, rng)

    def _print_header(self, image: Image, header: Header, rng: np.random.Generator) -> None:
        """Print an embossed plate's small line of text above the number, and its hologram on the left, in place."""
        height, width = image.shape[:2]
        names = [*(name for table in header.tables for name in self.country.table(table).values()), self._title]
        title = title_glyph(pick(rng, names).upper())
        tone = rng.uniform(40, 130, 3).astype(np.float32)
        if title is not None:
            tall = max(3, round(height * rng.uniform(0.07, 0.12)))
            long = min(width // 2, max(8, round(tall * title.aspect)))
            letters = cv2.resize(title.mask, (long, tall), interpolation=cv2.INTER_AREA)
            left, top = (width - long) // 2, round(height * rng.uniform(0.04, 0.08))
            blanks.blend(image[top : top + tall, left : left + long], letters, tone)
        if rng.random() < header.hologram_share:
            _draw_hologram(image, tone, rng)


def _size(rows: int, longest: int, rng: np.random.Generator) -> tuple[int, int]:
    """Height and width in pixels for plates with one, two or more rows."""
    low, high = {1: (3.0, 5.8), 2: (1.3, 2.3)}.get(rows, (1.15, 1.9))
    if rows == 1 and longest < 6:
        low, high = 1.8, 3.5
    height = int(np.exp(rng.uniform(np.log(SHORTEST), np.log(TALLEST if rows > 1 else 96))))
    return height, int(height * rng.uniform(low, high))


def _text_area(size_hw: tuple[int, int], taken: float, header: Header | None, rng: np.random.Generator) -> Area:
    height, width = size_hw
    left, right = (taken + width * abs(rng.normal(0.015, 0.03)) for _ in range(2))
    top, bottom = (taken + height * abs(rng.normal(0.03, 0.04)) for _ in range(2))
    if header:
        top, left = max(top, height * 0.2), max(left, width * rng.uniform(0.1, 0.16))
    left, right = min(left, width * 0.18), min(right, width * 0.18)
    top, bottom = min(top, height * 0.22), min(bottom, height * 0.2)
    return Area(left, top, width - left - right, height - top - bottom)


def _split_off_sticker(area: Area, rng: np.random.Generator) -> tuple[Area, Area]:
    share = area.w * rng.uniform(0.18, 0.27)
    return Area(area.x, area.y, share * 0.95, area.h), Area(area.x + share, area.y, area.w - share, area.h)


def _between_rows(size_hw: tuple[int, int], boxes: list[CharacterBox], rng: np.random.Generator) -> Image:
    """An ornament below the first row; none on a plate with one row."""
    bottoms = [box.y + box.h for box in boxes if box.row == 0]
    tops = [box.y for box in boxes if box.row == 1]
    if not tops:
        return np.zeros(size_hw, np.uint8)
    return blanks.ornament(size_hw, float(np.median(bottoms) + np.median(tops)) / 2, rng)


def _frame_ink(ink: Floats, rng: np.random.Generator) -> Floats:
    if rng.random() < 0.75:
        return ink
    return np.array(pick(rng, [(30, 170, 230), (240, 240, 240), (20, 20, 20), (40, 200, 250)]), np.float32)


def _over(ground: Floats, mask: Image, colour_bgr: Floats) -> Floats:
    if not mask.any():
        return ground
    share = mask[..., None].astype(np.float32) / 255
    return np.asarray(ground + (colour_bgr - ground) * share, np.float32)


def _emboss(image: Floats, paint: Floats, rng: np.random.Generator) -> Floats:
    """Light the edges of embossed characters from above."""
    slope = cv2.Sobel(cv2.GaussianBlur(paint, (0, 0), 1.0), cv2.CV_32F, 0, 1, ksize=3)
    return np.asarray(image + slope[..., None] * rng.uniform(8, 28), np.float32)


def _draw_hologram(image: Image, tone: Floats, rng: np.random.Generator) -> None:
    """Small marks along the left edge, in place."""
    height, width = image.shape[:2]
    x = round(width * rng.uniform(0.02, 0.05))
    side = max(2, round(height * rng.uniform(0.06, 0.12)))
    for y in np.linspace(height * 0.2, height * 0.75, int(rng.integers(2, 6))):
        colour = tuple(float(v) for v in np.clip(tone + rng.uniform(0, 90), 0, 255))
        cv2.rectangle(image, (x, round(y)), (x + side, round(y) + side), colour, pick(rng, [-1, 1]), cv2.LINE_AA)


def _with_surroundings(image: Image, alpha: Image, rng: np.random.Generator) -> Image:
    """Draw a dull background behind the plate's corners."""
    outside = np.nonzero(alpha < 255)
    behind = rng.uniform(10, 150) + rng.normal(0, 8, 3)
    share = alpha[outside][:, None].astype(np.float32) / 255
    image[outside] = np.clip(image[outside] * share + behind * (1 - share), 0, 255).astype(np.uint8)
    return image

"""Rendered crops of single characters, as people crop them from photographs, and crops without any."""

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import Floats, Image
from lpr_edge.contract.country import Colour, Country
from lpr_edge.contract.geometry import rectangle
from lpr_train.render.draw import wear
from lpr_train.render.draw.chance import pick
from lpr_train.render.draw.degrade import degrade
from lpr_train.render.draw.noise import cloud_noise
from lpr_train.render.draw.shapes import Glyph
from lpr_train.render.draw.warp import homography, random_corners, warp_picture
from lpr_train.render.plate import blanks
from lpr_train.render.plate.glyphs import GlyphBook, Hand
from lpr_train.render.plate.lettering import move_mask, shake_field, stamp_cut, stroke_weight


class CharacterRenderer:
    """Renders single characters of a country's plates.

    Args:
        country: its labels and colours.
        glyphs: the shapes of its labels.
        strength: of what light and cameras do, 0..1.
    """

    def __init__(self, country: Country, glyphs: GlyphBook | None = None, strength: float = 0.6) -> None:
        self.country = country
        self.glyphs = glyphs or GlyphBook(country)
        self.strength = strength
        self._neighbours = [label for label in country.labels if label.isascii() == country.labels[0].isascii()]

    def render(self, label: str, rng: np.random.Generator) -> Image:
        """Render a crop of a label: (h, w, 3) uint8, about 30 to 110 pixels high.

        Raises:
            LprError: no font has the label.
        """
        hand = self.glyphs.hand(rng)
        glyph = self.glyphs.sample(label, rng, hand)
        height = round(float(np.exp(rng.uniform(np.log(28), np.log(84)))))
        width = float(np.clip(glyph.aspect * rng.uniform(0.75, 1.5), 0.3, 1.8)) * height
        left, right, top, bottom = _margins(rng) * height
        mask = np.zeros((max(12, round(height + top + bottom)), max(12, round(width + left + right))), np.uint8)
        stamp_cut(mask, glyph.mask, left, top, width, height)
        self._add_neighbours(mask, (left, top, width, height), hand, rng)
        return self._photograph(self._paint(mask, rng), rng)

    def clutter(self, rng: np.random.Generator) -> Image:
        """Render a crop without a character: plain plate, bolts, frames, gaps between characters, the street."""
        size_hw = int(rng.integers(28, 100)), int(rng.integers(24, 100))
        if rng.random() < 0.25:
            return self._photograph(_street(size_hw, rng), rng)
        mask = np.zeros(size_hw, np.uint8)
        kind = pick(rng, ["bare", "gap", "line", "dots"], [0.3, 0.35, 0.15, 0.2])
        if kind == "gap":
            self._draw_gap(mask, rng)
        elif kind == "line":
            mask = _line(size_hw, rng)
        elif kind == "dots":
            _draw_dots(mask, rng)
        image = self._paint(mask, rng)
        if rng.random() < 0.3:
            blanks.draw_bolts(image, rng)
        return self._photograph(image, rng)

    def _add_neighbours(
        self, mask: Image, box: tuple[float, float, float, float], hand: Hand, rng: np.random.Generator
    ) -> None:
        """Draw parts of neighbouring characters at the crop's edges, in place."""
        x, y, width, height = box
        gap = height * abs(rng.normal(0.12, 0.1))
        if rng.random() < 0.7:
            glyph = self._neighbour(hand, rng)
            across = glyph.aspect * height
            stamp_cut(mask, glyph.mask, x - gap - across, y + rng.normal(0, 0.04) * height, across, height)
        if rng.random() < 0.7:
            glyph = self._neighbour(hand, rng)
            stamp_cut(
                mask, glyph.mask, x + width + gap, y + rng.normal(0, 0.04) * height, glyph.aspect * height, height
            )
        if rng.random() < 0.25:
            glyph = self._neighbour(hand, rng)
            above = rng.random() < 0.5
            start = y - gap - height if above else y + height + gap
            stamp_cut(mask, glyph.mask, x + rng.normal(0, 0.4) * width, start, glyph.aspect * height, height)
        if rng.random() < 0.12:
            foot = round(x + width + gap * 0.3), round(y + height * 0.9)
            cv2.circle(mask, foot, max(1, round(height * 0.07)), (255.0,), -1, cv2.LINE_AA)

    def _neighbour(self, hand: Hand, rng: np.random.Generator) -> Glyph:
        label = pick(rng, self._neighbours)
        return self.glyphs.sample(label, rng, hand)

    def _draw_gap(self, mask: Image, rng: np.random.Generator) -> None:
        """Draw less than a third of one or two characters at the edges, in place."""
        height, width = mask.shape
        hand = self.glyphs.hand(rng)
        for side in (-1, 1):
            glyph = self._neighbour(hand, rng)
            across = max(4.0, glyph.aspect * height)
            shown = across * rng.uniform(0, 0.3)
            left = shown - across if side < 0 else width - shown
            stamp_cut(mask, glyph.mask, left, rng.normal(0, 0.15) * height, across, height)

    def _paint(self, mask: Image, rng: np.random.Generator) -> Image:
        """Turn a mask into painted metal."""
        size_hw = mask.shape[0], mask.shape[1]
        colour = self._colour(rng)
        paint = stroke_weight(move_mask(mask, shake_field(size_hw, rng)), rng)
        years = float(rng.beta(1.2, 2.5))
        if rng.random() < 0.2:
            paint = wear.chip(paint, rng, years * 0.6)
        if rng.random() < 0.25:
            paint = wear.thin(paint, rng, years)
        ground = blanks.sheet(size_hw, blanks.vary_colour(colour.plate_rgb, rng), rng)
        ink = blanks.vary_colour(colour.text_rgb, rng, 0.5)
        image = np.clip(ground + (ink - ground) * paint[..., None], 0, 255).astype(np.uint8)
        if rng.random() < 0.12:
            _draw_frame_edge(image, ink, rng)
        return wear.wear_down(image, rng, years * 0.7)

    def _colour(self, rng: np.random.Generator) -> Colour:
        return pick(rng, self.country.colours, [colour.weight for colour in self.country.colours])

    def _photograph(self, image: Image, rng: np.random.Generator) -> Image:
        size_hw = image.shape[0], image.shape[1]
        corners = random_corners(rng, size_hw, 0.5 * self.strength)
        return degrade(warp_picture(image, homography(corners, rectangle(size_hw)), size_hw), rng, self.strength)


def _margins(rng: np.random.Generator) -> Floats:
    """Left, right, top and bottom margin in heights; slightly negative if the crop cuts the character."""
    common = rng.uniform(0.0, 0.22)
    return np.asarray(np.clip(common + rng.normal(0, 0.06, 4), -0.05, 0.4), np.float32)


def _street(size_hw: tuple[int, int], rng: np.random.Generator) -> Image:
    clouds = cloud_noise(rng, size_hw, rng.uniform(0.1, 2))[..., None]
    dark, bright = rng.uniform(0, 255, (2, 3)).astype(np.float32)
    image = np.ascontiguousarray((dark + (bright - dark) * clouds).astype(np.uint8))
    for _ in range(int(rng.integers(0, 3))):
        points = (rng.uniform(-0.2, 1.2, (4, 2)) * size_hw[::-1]).astype(np.int32)
        cv2.fillPoly(image, [points], tuple(float(v) for v in rng.uniform(0, 255, 3)), cv2.LINE_AA)
    return image


def _line(size_hw: tuple[int, int], rng: np.random.Generator) -> Image:
    """A piece of a frame, of a dash, or an ornament."""
    if rng.random() < 0.5:
        return blanks.ornament(size_hw, size_hw[0] * rng.uniform(0.2, 0.8), rng)
    thickness = max(1, round(size_hw[0] * rng.uniform(0.03, 0.12)))
    return blanks.rounded(size_hw, -size_hw[0] * rng.uniform(-0.1, 0.3), size_hw[0] * rng.uniform(0, 0.4), thickness)


def _draw_dots(mask: Image, rng: np.random.Generator) -> None:
    """Draw dots and dashes, in place: what stands between signs and is none."""
    height, width = mask.shape
    for _ in range(int(rng.integers(1, 3))):
        centre = int(rng.uniform(0.15, 0.85) * width), int(rng.uniform(0.15, 0.85) * height)
        axes = max(1, int(height * rng.uniform(0.04, 0.2))), max(1, int(height * rng.uniform(0.04, 0.12)))
        cv2.ellipse(mask, centre, axes, 0, 0, 360, (255.0,), -1, cv2.LINE_AA)


def _draw_frame_edge(image: Image, ink: Floats, rng: np.random.Generator) -> None:
    """Draw a piece of a plate's frame along one edge, in place."""
    height, width = image.shape[:2]
    offset = rng.uniform(0, 0.08)
    x, y = round(width * offset), round(height * offset)
    lines = (
        ((0, y), (width, y)),
        ((0, height - y), (width, height - y)),
        ((x, 0), (x, height)),
        ((width - x, 0), (width - x, height)),
    )
    start, end = lines[int(rng.integers(4))]
    thickness = max(1, round(height * rng.uniform(0.02, 0.07)))
    cv2.line(image, start, end, tuple(float(v) for v in ink), thickness, cv2.LINE_AA)

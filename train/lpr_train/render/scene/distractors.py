"""Distractors that a detector must not confuse with plates: boards, stickers, captions, lamps and red boxes."""

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import AnyArray, Image, Quad
from lpr_edge.contract.country import Country
from lpr_train.render.draw.chance import pick
from lpr_train.render.draw.sketch import Sketch, paste, scalar
from lpr_train.render.plate.faces import draw_text, font_sources
from lpr_train.render.plate.style import Face, Rgb, style_of
from lpr_train.render.scene.vehicles import paint

WORDS = 240
"""How many different words a bank has."""
LATIN = "ABCDEFGHIKLMNOPRSTUVY0123456789"


class WordBank:
    """Random words in a country's letters and in Latin ones, cached as masks.

    Args:
        country: its labels are the syllables.
    """

    def __init__(self, country: Country) -> None:
        self.country = country
        self._faces = style_of(country).fonts
        self._sources = font_sources(country, self._faces)
        own = [label for label in country.labels if not label.isascii() and not label.isdecimal()]
        self._syllables = own or [label for label in country.labels if not label.isdecimal()]
        self._kept: dict[int, Image] = {}

    def word(self, rng: np.random.Generator) -> Image:
        """A word's mask (h, w) uint8."""
        index = int(rng.integers(WORDS))
        if index not in self._kept:
            self._kept[index] = self._draw(np.random.default_rng([2054, index]))
        return self._kept[index]

    def _draw(self, rng: np.random.Generator) -> Image:
        text = self._text(rng)
        sources = [source for source in self._sources if all(source.draws(c) for c in text if not c.isspace())]
        face: Face = sources[int(rng.integers(len(sources)))].face if sources else self._faces[-1]
        return draw_text(face, text, self.country.language)[0]

    def _text(self, rng: np.random.Generator) -> str:
        if rng.random() < 0.25:
            return "".join(pick(rng, LATIN) for _ in range(int(rng.integers(3, 10))))
        syllables = [pick(rng, self._syllables) for _ in range(int(rng.integers(2, 8)))]
        if rng.random() < 0.5 and len(syllables) > 3:
            syllables.insert(len(syllables) // 2, " ")
        return "".join(syllables)


def write(canvas: Image, words: WordBank, quad_xy: Quad, colour: tuple[float, ...], rng: np.random.Generator) -> None:
    """Write a word into a quad, in place; its width follows from its height, within the quad."""
    mask = words.word(rng)
    height = float(np.linalg.norm(quad_xy[3] - quad_xy[0]))
    width = float(np.linalg.norm(quad_xy[1] - quad_xy[0]))
    share = min(1.0, height * mask.shape[1] / mask.shape[0] / max(1.0, width))
    middle = (1 - share) / 2
    top, bottom = quad_xy[1] - quad_xy[0], quad_xy[2] - quad_xy[3]
    inner = [
        quad_xy[0] + top * middle,
        quad_xy[1] - top * middle,
        quad_xy[2] - bottom * middle,
        quad_xy[3] + bottom * middle,
    ]
    paste(canvas, colour, mask, np.asarray(inner, np.float32))


def board(canvas: Image, words: WordBank, rng: np.random.Generator, largest: float = 0.6) -> None:
    """Draw a shop's board, poster or sticker with one to four lines of text, in place."""
    height, width = canvas.shape[:2]
    wide = width * float(np.exp(rng.uniform(np.log(0.06), np.log(largest))))
    high = wide * rng.uniform(0.18, 0.9)
    origin = rng.uniform(-0.1, 1) * width, rng.uniform(-0.1, 0.95) * height
    sketch = Sketch(canvas, origin, (wide, high), rng.normal(0, 5))
    ground, ink = _sign_colours(rng)
    if rng.random() < 0.9:
        sketch.box(0, 0, 1, 1, ground)
    lines = int(rng.integers(1, 5))
    for line in range(lines):
        top, bottom = (line + 0.15) / lines, (line + 0.85) / lines
        quad = sketch.pixels([[0.06, top], [0.94, top], [0.94, bottom], [0.06, bottom]])
        write(canvas, words, quad, scalar(ink), rng)
    sketch.shade(rng, 30)


def _sign_colours(rng: np.random.Generator) -> tuple[AnyArray, AnyArray]:
    """Background and text colour with sufficient contrast."""
    ground = paint(rng) if rng.random() < 0.5 else rng.uniform(20, 250, 3)
    ink = rng.uniform(0, 255, 3)
    if abs(float(ground.mean()) - float(ink.mean())) < 80:
        ink = np.full(3, 240.0) if ground.mean() < 128 else rng.uniform(0, 60, 3)
    return ground, ink


def slogan(sketch: Sketch, words: WordBank, rng: np.random.Generator) -> None:
    """Write text on a vehicle's body, in place."""
    high, wide = rng.uniform(0.03, 0.09), rng.uniform(0.25, 0.8)
    x, y = rng.uniform(0.05, 0.95 - wide), rng.uniform(0.05, 0.85)
    if rng.random() < 0.4:
        sketch.box(x - 0.02, y - 0.01, x + wide + 0.02, y + high + 0.01, paint(rng))
    quad = sketch.pixels([[x, y], [x + wide, y], [x + wide, y + high], [x, y + high]])
    write(sketch.canvas, words, quad, scalar(rng.uniform(0, 255, 3)), rng)


def plain_box(canvas: Image, hard_negatives: tuple[Rgb, Rgb], rng: np.random.Generator) -> None:
    """Draw a box with a plate's colour and shape but without text, in place: a reflector, a lamp, a cloth."""
    height, width = canvas.shape[:2]
    wide = width * float(np.exp(rng.uniform(np.log(0.03), np.log(0.35))))
    sketch = Sketch(
        canvas,
        (rng.uniform(0, 0.95) * width, rng.uniform(0, 0.95) * height),
        (wide, wide * rng.uniform(0.2, 0.8)),
        rng.normal(0, 12),
    )
    low, high = hard_negatives
    plate_like = np.array([rng.uniform(low[channel], high[channel]) for channel in (2, 1, 0)])
    colour = plate_like if rng.random() < 0.6 else paint(rng)
    sketch.box(0, 0, 1, 1, colour)
    if rng.random() < 0.4:
        sketch.box(0.05, 0.08, 0.95, 0.92, np.full(3, 235.0))
        sketch.box(0.08, 0.14, 0.92, 0.86, colour)
    if rng.random() < 0.3:
        sketch.oval(0.5, 0.5, 0.3, 0.35, np.clip(colour * 1.4 + 20, 0, 255))
    sketch.shade(rng, 40)


def shape(canvas: Image, rng: np.random.Generator) -> None:
    """Draw a polygon of any colour, in place: a leg, a bag, a stone, a shadow."""
    height, width = canvas.shape[:2]
    reach = width * float(np.exp(rng.uniform(np.log(0.03), np.log(0.4))))
    centre = rng.uniform(0, 1, 2) * (width, height)
    angles = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(3, 8))))
    points = centre + reach * rng.uniform(0.3, 1, (len(angles), 1)) * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    cv2.fillPoly(canvas, [np.round(points).astype(np.int32)], scalar(paint(rng)), cv2.LINE_AA)


def caption(canvas: Image, words: WordBank, rng: np.random.Generator) -> None:
    """Write a camera's caption, such as date and place, in place."""
    height, width = canvas.shape[:2]
    day = f"{rng.integers(2012, 2030)}-{rng.integers(1, 13):02d}-{rng.integers(1, 29):02d}"
    text = f"{day} {rng.integers(24):02d}:{rng.integers(60):02d}"
    scale = height / 480 * rng.uniform(0.5, 2.2)
    place = int(rng.uniform(0, 0.5) * width), int(pick(rng, [0.07, 0.95]) * height)
    tone = (rng.uniform(200, 255),) * 3
    cv2.putText(canvas, text, place, cv2.FONT_HERSHEY_PLAIN, scale, tone, max(1, round(scale)), cv2.LINE_AA)
    if rng.random() < 0.3:
        y, high = height * rng.uniform(0, 0.85), height * rng.uniform(0.03, 0.14)
        quad = np.array([[width * 0.3, y], [width, y], [width, y + high], [width * 0.3, y + high]], np.float32)
        write(canvas, words, quad, tone, rng)

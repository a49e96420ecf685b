"""Sources of a country's shapes: fonts, painted strokes, cut-outs of real plates."""

from dataclasses import dataclass

import numpy as np

from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.country import Country
from lpr_train.render.draw.chance import pick, weighted_order
from lpr_train.render.draw.shapes import Glyph, ShapeSource
from lpr_train.render.plate.cutouts import CutoutSource, likely
from lpr_train.render.plate.faces import font_sources
from lpr_train.render.plate.painted import painted_sources
from lpr_train.render.plate.rounded import rounded_sources
from lpr_train.render.plate.style import style_of


@dataclass(frozen=True)
class Hand:
    """One painter's choice of shapes: mostly the same ones over a whole plate."""

    order: tuple[int, ...]
    """Sources, the favourite first."""
    variant: int
    """The shape that this hand gives each label."""
    whim: float
    """How often a sign is drawn in some other way."""


class GlyphBook:
    """Shapes of every label of a country, cached once drawn.

    Args:
        country: whose labels to draw.
        cutouts: real shapes to mix in; the country's fonts and its painted alphabet are always there.

    Raises:
        LprError: a font's package isn't installed.
    """

    def __init__(self, country: Country, cutouts: CutoutSource | None = None) -> None:
        self.country = country
        style = style_of(country)
        self._fonts = tuple(font_sources(country, style.fonts))
        painted = painted_sources(style.alphabet) if style.alphabet else []
        drawn: tuple[ShapeSource, ...] = (*self._fonts, *rounded_sources(country, style.fonts), *painted)
        self._sources = drawn if cutouts is None else (*drawn, likely(cutouts, drawn))
        self._weights = [source.weight for source in self._sources]
        self._drawers: dict[str, tuple[int, ...]] = {}
        self._kept: dict[tuple[int, str, int], Glyph] = {}

    def hand(self, rng: np.random.Generator) -> Hand:
        """Choose a painter for one plate."""
        order = weighted_order(rng, self._weights)
        whim = pick(rng, [0.0, 0.1, 0.5], [0.5, 0.35, 0.15])
        return Hand(order, int(rng.integers(1 << 16)), whim)

    def print_hand(self, rng: np.random.Generator) -> Hand:
        """Choose one font for a printed plate."""
        return Hand(tuple(int(index) for index in rng.permutation(len(self._fonts))), 0, 0.0)

    def sample(self, label: str, rng: np.random.Generator, hand: Hand | None = None) -> Glyph:
        """Draw a label by a painter, or by any source.

        Raises:
            LprError: nothing here can draw the label.
        """
        drawers = self.drawers(label)
        if hand is None or rng.random() < hand.whim:
            source, variant = pick(rng, drawers), int(rng.integers(1 << 16))
        else:
            source, variant = next((i for i in hand.order if i in drawers), drawers[0]), hand.variant
        return self._glyph(source, label, variant % self._sources[source].variants)

    def drawers(self, label: str) -> tuple[int, ...]:
        """Sources that have the label.

        Raises:
            LprError: none has.
        """
        if label not in self._drawers:
            found = tuple(i for i, source in enumerate(self._sources) if source.draws(label))
            if not found:
                raise LprError(
                    f"no installed font draws the label {label!r} of {self.country.name}: "
                    "install a fontpkg-* package that does, and name it under `fonts` in [render] of the country's file"
                )
            self._drawers[label] = found
        return self._drawers[label]

    def _glyph(self, source: int, label: str, variant: int) -> Glyph:
        key = (source, label, variant)
        if key not in self._kept:
            self._kept[key] = self._sources[source].glyph(label, variant)
        return self._kept[key]

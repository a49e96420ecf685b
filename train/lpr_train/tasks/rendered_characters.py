"""Rendered crops for a classifier: its own characters, and what it should answer with "I don't know"."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from lpr_edge.contract.arrays import Image
from lpr_edge.contract.country import Country
from lpr_edge.contract.data import CharacterFile
from lpr_train.data.reader_crops import Crop


class RenderedCharacters:
    """Draws a country's single characters, clutter and strangers.

    Args:
        country: whose.
        crops: real ones, whose shapes are drawn with too; never those that judge, or judging by them would be judging
            by what was seen.
        strength: of what light and cameras do, 0..1.
        seed: of `characters` and `unknowns`.
        labels: the classifier's; the country's `characters` without.
    """

    def __init__(
        self, country: Country, crops: Sequence[Crop], strength: float, seed: int, labels: Sequence[str] = ()
    ) -> None:
        self._country, self._crops, self._strength, self._seed = country, crops, strength, seed
        self.labels = tuple(labels) or tuple(country.characters.values())
        self.foreign_labels = foreign_labels(country, self.labels)
        published = set(country.characters.values())
        self.often = (*range(len(self.labels)), *(i for i, label in enumerate(self.labels) if label in published))
        """Numbers of labels to draw from: those of the published data twice as often as the wider one's letters."""

    @cached_property
    def _renderer(self) -> Any:
        from lpr_train.render.plate.characters import CharacterRenderer
        from lpr_train.render.plate.cutouts import load_cutouts
        from lpr_train.render.plate.glyphs import GlyphBook

        cutouts = load_cutouts(CharacterFile(crop.path, crop.label) for crop in self._crops) if self._crops else None
        return CharacterRenderer(self._country, GlyphBook(self._country, cutouts), self._strength)

    def character(self, label: str, rng: np.random.Generator) -> Image:
        """A crop of a label."""
        picture: Image = self._renderer.render(label, rng)
        return picture

    def clutter(self, rng: np.random.Generator) -> Image:
        """A crop that holds no character."""
        picture: Image = self._renderer.clutter(rng)
        return picture

    def foreign_letter(self, rng: np.random.Generator) -> Image:
        """A crop of a letter outside the alphabet; clutter where every letter is in it."""
        if not self.foreign_labels:
            return self.clutter(rng)
        return self.character(self.foreign_labels[rng.integers(len(self.foreign_labels))], rng)

    def characters(self, first: int, count: int) -> tuple[list[Image], tuple[str, ...]]:
        """Crops from index `first` on and their labels, each label as often as the others."""
        labels = tuple(self.labels[number % len(self.labels)] for number in range(count))
        rngs = [np.random.default_rng((self._seed, first + number)) for number in range(count)]
        return [self.character(label, rng) for label, rng in zip(labels, rngs, strict=True)], labels

    def unknowns(self, first: int, count: int) -> dict[str, list[Image]]:
        """So many crops of each kind that is no character of the alphabet, from index `first` on, by kind."""
        kinds: dict[str, Callable[[np.random.Generator], Image]] = {"rendered clutter": self.clutter}
        if self.foreign_labels:
            kinds["rendered letters outside the alphabet"] = self.foreign_letter
        rngs = {
            kind: [np.random.default_rng((self._seed, first + n, place)) for n in range(count)]
            for place, kind in enumerate(kinds)
        }
        return {kind: [draw(rng) for rng in rngs[kind]] for kind, draw in kinds.items()}


def foreign_labels(country: Country, own: Sequence[str] = ()) -> tuple[str, ...]:
    """Labels of the alphabet's script that are no character class, and can't be taken for a piece of one.

    A label that is part of a class's, or has one as its part, shows the same strokes; another script has signs that
    can't be told apart from it at all, as 0 and ०.
    """
    own = tuple(own) or tuple(country.characters.values())
    script = own[0].isascii()
    return tuple(
        label
        for label in country.labels
        if label.isascii() == script and not any(label in mine or mine in label for mine in own)
    )

"""Rendered crops for the classifier: its own characters, clutter, and letters outside its alphabet."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.country import Country
from lpr_edge.contract.data.character_files import CharacterFile
from lpr_train.data.reader_crops import Crop


class RenderedCharacters:
    """Renders a country's single characters, clutter and letters outside the alphabet.

    Args:
        country: the country whose fonts and labels to use.
        crops: real training crops whose shapes are rendered too; held-out ones would make validation optimistic.
        strength: strength of image degradation, 0..1.
        seed: random seed of `characters` and `unknowns`.
        labels: the classifier's labels; by default the country's `characters`.
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
        """Render a crop of a label."""
        picture: Image = self._renderer.render(label, rng)
        return picture

    def clutter(self, rng: np.random.Generator) -> Image:
        """Render a crop without any character."""
        picture: Image = self._renderer.clutter(rng)
        return picture

    def foreign_letter(self, rng: np.random.Generator) -> Image:
        """Render a letter outside the alphabet, or clutter if there is none."""
        if not self.foreign_labels:
            return self.clutter(rng)
        return self.character(self.foreign_labels[rng.integers(len(self.foreign_labels))], rng)

    def characters(self, first: int, count: int) -> tuple[list[Image], tuple[str, ...]]:
        """Render `count` crops from index `first` on; returns images and labels, each label equally often."""
        labels = tuple(self.labels[number % len(self.labels)] for number in range(count))
        rngs = [np.random.default_rng((self._seed, first + number)) for number in range(count)]
        return [self.character(label, rng) for label, rng in zip(labels, rngs, strict=True)], labels

    def unknowns(self, first: int, count: int) -> dict[str, list[Image]]:
        """Render `count` crops from index `first` on of each kind that is outside the alphabet: kind -> images."""
        kinds: dict[str, Callable[[np.random.Generator], Image]] = {"rendered clutter": self.clutter}
        if self.foreign_labels:
            kinds["rendered letters outside the alphabet"] = self.foreign_letter
        rngs = {
            kind: [np.random.default_rng((self._seed, first + n, place)) for n in range(count)]
            for place, kind in enumerate(kinds)
        }
        return {kind: [draw(rng) for rng in rngs[kind]] for kind, draw in kinds.items()}


def foreign_labels(country: Country, own: Sequence[str] = ()) -> tuple[str, ...]:
    """Labels in the script of the alphabet that are no class and can't be mistaken for a part of one.

    A label that contains a class, or is contained in one, has the same strokes. Another script has characters that look
    the same, such as 0 and ०.
    """
    own = tuple(own) or tuple(country.characters.values())
    script = own[0].isascii()
    return tuple(
        label
        for label in country.labels
        if label.isascii() == script and not any(label in mine or mine in label for mine in own)
    )

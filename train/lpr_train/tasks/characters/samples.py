"""Training samples of the character classifier, one class for each recipe."""

from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import Protocol

import numpy as np

from lpr_edge.contract.base.arrays import AnyArray, Floats, Image
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.preprocess import InputSpec, prepare
from lpr_train.augment.keras_views import keras_view
from lpr_train.data.pool import RenewedPool
from lpr_train.data.reader_crops import Crop, vary
from lpr_train.tasks.characters.config import CharactersConfig
from lpr_train.tasks.characters.rendered import RenderedCharacters


class CharacterSamples(Protocol):
    """Training samples by index."""

    @property
    def per_epoch(self) -> int:
        """Number of samples in an epoch."""

    def sample(self, index: int) -> tuple[Image, Floats]:
        """Make a sample: pixels (H, W, 3) uint8, and label probabilities (L,) float32; determined by seed and index."""


class RichSamples:
    """Augmented real crops and rendered ones, with clutter and mixup.

    Each published label is sampled equally often, and for each label its data sets contribute equally.
    """

    def __init__(
        self,
        config: CharactersConfig,
        spec: InputSpec,
        crops: Sequence[Crop],
        rendered: RenderedCharacters,
        strange: Sequence[Crop] = (),
    ) -> None:
        self._config, self._spec, self._rendered = config, spec, rendered
        self._strange = strange
        self._labels = rendered.labels
        self._by_label: dict[str, dict[str, list[Crop]]] = {label: {} for label in self._labels}
        for crop in crops:
            if crop.label in self._by_label:
                self._by_label[crop.label].setdefault(crop.source, []).append(crop)
        self._pictures = [crop.image_bgr for crop in crops]

    @property
    def per_epoch(self) -> int:
        """As in the settings; samples never run out."""
        return self._config.steps_per_epoch * self._config.batch_size

    def sample(self, index: int) -> tuple[Image, Floats]:
        """Make an augmented real crop, a rendered one, an unknown one, or a mixup of two."""
        rng = np.random.default_rng((self._config.seed, index))
        pixels, target = self._example(index, rng)
        if rng.random() < self._config.mixup_share:
            share = np.float32(rng.uniform(0.5, 1.0))
            other, other_target = self._example(index, rng)
            pixels = np.asarray(np.rint(pixels * share + other * (1 - share)), np.uint8)
            target = target * share + other_target * (1 - share)
        smoothing = np.float32(self._config.label_smoothing)
        return pixels, target * (1 - smoothing) + smoothing / len(self._labels)

    def _example(self, index: int, rng: np.random.Generator) -> tuple[Image, Floats]:
        """One image and its label as probabilities; these are uniform for clutter and letters outside the alphabet."""
        unknown = self._unknown(rng)
        if unknown is not None:
            even = np.full(len(self._labels), 1 / len(self._labels), np.float32)
            return prepared(unknown, self._spec), even
        number, picture, strength = self._picture(index, rng)
        target = np.eye(len(self._labels), dtype=np.float32)[number]
        return prepared(vary(picture, self._pictures, rng, strength), self._spec), target

    def _unknown(self, rng: np.random.Generator) -> Image | None:
        """Sometimes clutter, or a letter outside the alphabet."""
        chance = rng.random()
        if chance < self._config.clutter_share:
            return self._rendered.clutter(rng)
        if chance < self._config.clutter_share + self._config.foreign_share:
            return self._foreign_letter(rng)
        return None

    def _foreign_letter(self, rng: np.random.Generator) -> Image:
        """A letter outside the alphabet: real in half of the cases, if there are real ones."""
        if not self._strange or rng.random() < 0.5:
            return self._rendered.foreign_letter(rng)
        picture = self._strange[rng.integers(len(self._strange))].image_bgr
        return vary(picture, self._pictures, rng, self._config.strength * rng.random())

    def _picture(self, index: int, rng: np.random.Generator) -> tuple[int, Image, float]:
        """A real or a rendered crop: label index, image, and augmentation strength."""
        number = int(rng.choice(self._rendered.often))
        sources = list(self._by_label[self._labels[number]].values())
        if sources and rng.random() < self._config.real_share:
            real = sources[rng.integers(len(sources))]
            return number, real[rng.integers(len(real))].image_bgr, self._config.strength * rng.uniform(0.3, 1.0)
        # Rendered crops were degraded already; a little augmentation makes their few uses differ.
        return *self._pool.draw(index, rng), self._config.strength * rng.uniform(0.0, 0.4)

    @cached_property
    def _pool(self) -> RenewedPool[tuple[int, Image]]:
        """Rendered crops and their label indices."""

        def make(rng: np.random.Generator) -> tuple[int, Image]:
            number = int(rng.choice(self._rendered.often))
            return number, self._rendered.character(self._labels[number], rng)

        return RenewedPool(make, self._config.seed, size=3000, uses=4)


class ArticleSamples:
    """Each real crop once in an epoch, in a random order, with the article's augmentation.

    Args:
        config: the run's settings.
        spec: the network's input.
        crops: the training crops.
        labels: all labels of the network.

    Raises:
        LprError: there are crops of fewer than two classes.
    """

    def __init__(self, config: CharactersConfig, spec: InputSpec, crops: Sequence[Crop], labels: Sequence[str]) -> None:
        found = {crop.label for crop in crops}
        if len(found) < 2:
            raise LprError(
                f"The article's recipe trains on real crops alone, and there are crops of {len(found)} classes: "
                "expected 2 or more. Give --data DIR with more classes, or take --recipe rich, which renders the rest."
            )
        self._seed = config.seed
        self._pixels = [prepared(crop.image_bgr, spec) for crop in crops]
        self._targets = np.eye(len(labels), dtype=np.float32)[[labels.index(crop.label) for crop in crops]]

    @property
    def per_epoch(self) -> int:
        """One pass over the crops."""
        return len(self._pixels)

    def sample(self, index: int) -> tuple[Image, Floats]:
        """The next crop of the pass."""
        epoch, place = divmod(index, len(self._pixels))
        number = shuffled(len(self._pixels), self._seed, epoch)[place]
        return keras_view(self._pixels[number], np.random.default_rng((self._seed, index))), self._targets[number]


@lru_cache(maxsize=4)
def shuffled(count: int, seed: int, epoch: int) -> AnyArray:
    """Random order of an epoch, (count,) indices."""
    return np.random.default_rng((seed, 3, epoch)).permutation(count)


def prepared(picture_bgr: Image, spec: InputSpec) -> Image:
    """Preprocess a crop to a network's input (H, W, C) uint8."""
    pixels: Image = prepare(picture_bgr, spec).pixels[0]
    return pixels

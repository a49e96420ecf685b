"""What a classifier of single characters is trained on: one class a recipe."""

from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import Protocol

import numpy as np

from lpr_edge.contract.arrays import AnyArray, Floats, Image
from lpr_edge.contract.errors import LprError
from lpr_edge.contract.preprocess import InputSpec, prepare
from lpr_train.augment.keras_views import keras_view
from lpr_train.data.pool import RenewedPool
from lpr_train.data.reader_crops import Crop, vary
from lpr_train.tasks.characters_config import CharactersConfig
from lpr_train.tasks.rendered_characters import RenderedCharacters


class CharacterSamples(Protocol):
    """Training examples by index."""

    @property
    def per_epoch(self) -> int:
        """How many samples an epoch has."""

    def sample(self, index: int) -> tuple[Image, Floats]:
        """Pixels (H, W, 3) uint8, and the labels' shares (L,) float32; the same for the same seed and index."""


class RichSamples:
    """Real crops varied beside rendered ones, clutter and blends among them.

    Every published label is as frequent as the others, and each data set that shows one gives as many of its crops.
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
        """As the settings say: samples are drawn without end."""
        return self._config.steps_per_epoch * self._config.batch_size

    def sample(self, index: int) -> tuple[Image, Floats]:
        """A varied crop, a rendered one, something unknown, or two of them blended."""
        rng = np.random.default_rng((self._config.seed, index))
        pixels, target = self._example(index, rng)
        if rng.random() < self._config.mix_share:
            share = np.float32(rng.uniform(0.5, 1.0))
            other, other_target = self._example(index, rng)
            pixels = np.asarray(np.rint(pixels * share + other * (1 - share)), np.uint8)
            target = target * share + other_target * (1 - share)
        smoothing = np.float32(self._config.label_smoothing)
        return pixels, target * (1 - smoothing) + smoothing / len(self._labels)

    def _example(self, index: int, rng: np.random.Generator) -> tuple[Image, Floats]:
        """One picture and its label as shares; what is no character of the alphabet has no preference."""
        unknown = self._unknown(rng)
        if unknown is not None:
            even = np.full(len(self._labels), 1 / len(self._labels), np.float32)
            return prepared(unknown, self._spec), even
        number, picture, strength = self._picture(index, rng)
        target = np.eye(len(self._labels), dtype=np.float32)[number]
        return prepared(vary(picture, self._pictures, rng, strength), self._spec), target

    def _unknown(self, rng: np.random.Generator) -> Image | None:
        """Now and then clutter, or a letter outside the alphabet."""
        chance = rng.random()
        if chance < self._config.clutter_share:
            return self._rendered.clutter(rng)
        if chance < self._config.clutter_share + self._config.stranger_share:
            return self._foreign_letter(rng)
        return None

    def _foreign_letter(self, rng: np.random.Generator) -> Image:
        """A letter outside the alphabet: half of the time a real one, where there are some."""
        if not self._strange or rng.random() < 0.5:
            return self._rendered.foreign_letter(rng)
        picture = self._strange[rng.integers(len(self._strange))].image_bgr
        return vary(picture, self._pictures, rng, self._config.strength * rng.random())

    def _picture(self, index: int, rng: np.random.Generator) -> tuple[int, Image, float]:
        """A real or a rendered crop: its label's number, the crop, and how much to vary it."""
        number = int(rng.choice(self._rendered.often))
        sources = list(self._by_label[self._labels[number]].values())
        if sources and rng.random() < self._config.real_share:
            real = sources[rng.integers(len(sources))]
            return number, real[rng.integers(len(real))].image_bgr, self._config.strength * rng.uniform(0.3, 1.0)
        # Rendered crops were degraded when they were drawn: what is left is to tell their few uses apart.
        return *self._pool.draw(index, rng), self._config.strength * rng.uniform(0.0, 0.4)

    @cached_property
    def _pool(self) -> RenewedPool[tuple[int, Image]]:
        """Rendered crops and their labels' numbers."""

        def make(rng: np.random.Generator) -> tuple[int, Image]:
            number = int(rng.choice(self._rendered.often))
            return number, self._rendered.character(self._labels[number], rng)

        return RenewedPool(make, self._config.seed, size=3000, uses=4)


class ArticleSamples:
    """Each real crop once an epoch, in a new order, turned, sheared and zoomed as the article does.

    Args:
        config: the run's settings.
        spec: the network's input.
        crops: what to train on.
        labels: all that the network knows.

    Raises:
        LprError: there is nothing to tell apart.
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
        """A crop that this pass hasn't shown yet."""
        epoch, place = divmod(index, len(self._pixels))
        number = shuffled(len(self._pixels), self._seed, epoch)[place]
        return keras_view(self._pixels[number], np.random.default_rng((self._seed, index))), self._targets[number]


@lru_cache(maxsize=4)
def shuffled(count: int, seed: int, epoch: int) -> AnyArray:
    """The order of an epoch."""
    return np.random.default_rng((seed, 3, epoch)).permutation(count)


def prepared(picture_bgr: Image, spec: InputSpec) -> Image:
    """A network's input (H, W, C)."""
    pixels: Image = prepare(picture_bgr, spec).pixels[0]
    return pixels

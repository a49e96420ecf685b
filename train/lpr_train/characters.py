"""Training the classifier of single characters: real crops, varied, beside rendered ones."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from lpr_edge.contract.arrays import Floats, Image
from lpr_edge.contract.country import load_country
from lpr_edge.contract.data import CharacterFile
from lpr_edge.contract.errors import LprError
from lpr_edge.contract.preprocess import InputSpec, prepare
from lpr_edge.contract.samples import Samples, picture_sha256
from lpr_train.accuracy import accuracy_metrics, is_right, true_label_loss
from lpr_train.config import FitConfig
from lpr_train.crops import Crop, hold_out_runs, load_crops, vary
from lpr_train.engine import KerasModel, load_keras
from lpr_train.fit import predict
from lpr_train.licence import licence_note
from lpr_train.networks.classifier import compact_classifier
from lpr_train.plots import confusion, plot_confusion, plot_predictions
from lpr_train.pool import RenewedPool

UNSEEN = 1 << 40
"""Index from which samples are for judging: training never comes so far."""
JUDGED_VIEWS = 4
"""Varied views of each held-out crop that are judged beside the crop itself: so few crops alone judge coarsely."""
RENDERED_TO_JUDGE = 600


@dataclass(frozen=True)
class CharactersConfig(FitConfig):
    """Settings of a classifier's run."""

    epochs: int = 60
    steps_per_epoch: int = 100
    batch_size: int = 64
    learning_rate: float = 4e-3
    weight_decay: float = 0.02
    arch: str = "compact"
    """the network: compact"""
    holdout: float = 0.12
    """share of each class's training crops, in runs of neighbouring names, that chooses the best epoch; 0 for none"""
    real_share: float = 0.7
    """share of samples that are real crops, where --data has them"""
    clutter_share: float = 0.03
    """share of samples that show no character, and are to be answered with no preference"""
    mix_share: float = 0.15
    """share of samples that are two blended ones (mixup)"""
    label_smoothing: float = 0.05
    """how much of a target is spread over all labels"""
    strength: float = 0.7
    """how much pictures are moved, repainted and degraded, 0..1"""

    def __post_init__(self) -> None:
        """Refuse an unknown network.

        Raises:
            LprError: a value is out of its range.
        """
        super().__post_init__()
        if self.arch != "compact":
            raise LprError(f"Setting `arch` is {self.arch}, and it must be compact.")


class CharactersTask:
    """What the training loop asks for, for a classifier.

    Args:
        config: the run's settings.

    Raises:
        LprError: the country has no character classes, or the data folder no crops, or broken ones.
    """

    kind = "classifier"

    def __init__(self, config: CharactersConfig) -> None:
        self.config = config
        self._country = load_country(config.country)
        self.labels = tuple(self._country.characters.values())
        if not self.labels:
            raise LprError(f"{self._country.name} has no [characters] in its file, so there are no classes to learn.")
        self._spec = InputSpec((48, 48), 3, "rgb", "stretch")
        crops = load_crops(Path(config.data), "train", self._country) if config.data else []
        self._crops, self._held = hold_out_runs(crops, config.holdout, config.seed)
        self._by_label = {label: [crop for crop in self._crops if crop.label == label] for label in self.labels}
        self._pictures = [crop.image_bgr for crop in self._crops]

    @cached_property
    def _renderer(self) -> Any:
        from lpr_train.render.characters import CharacterRenderer
        from lpr_train.render.cutouts import load_cutouts
        from lpr_train.render.glyphs import GlyphBook

        # Held-out crops aren't drawn with either: else choosing by them would be choosing by what was seen.
        cutouts = load_cutouts(CharacterFile(crop.path, crop.label) for crop in self._crops) if self._crops else None
        return CharacterRenderer(self._country, GlyphBook(self._country, cutouts), self.config.strength)

    def build(self) -> KerasModel:
        """The network of `networks.classifier`."""
        return compact_classifier(self._spec.size_hw, len(self.labels))

    def losses(self) -> dict[str, Callable[[Any, Any], Any]]:
        """Cross-entropy against the smoothed, mixed targets of the samples."""
        loss: Callable[[Any, Any], Any] = load_keras().losses.categorical_crossentropy
        return {"scores": loss}

    def sample(self, index: int) -> tuple[Image, dict[str, Floats]]:
        """A varied crop, a rendered one, clutter, or two of them blended."""
        rng = np.random.default_rng((self.config.seed, index))
        pixels, target = self._example(index, rng)
        if rng.random() < self.config.mix_share:
            share = np.float32(rng.uniform(0.5, 1.0))
            other, other_target = self._example(index, rng)
            pixels = np.asarray(np.rint(pixels * share + other * (1 - share)), np.uint8)
            target = target * share + other_target * (1 - share)
        smoothing = np.float32(self.config.label_smoothing)
        return pixels, {"scores": target * (1 - smoothing) + smoothing / len(self.labels)}

    def _example(self, index: int, rng: np.random.Generator) -> tuple[Image, Floats]:
        """One picture and its label as shares; every label is as frequent as the others."""
        if rng.random() < self.config.clutter_share:
            even = np.full(len(self.labels), 1 / len(self.labels), np.float32)
            return self._prepared(self._renderer.clutter(rng)), even
        number, picture, strength = self._picture(index, rng)
        target = np.eye(len(self.labels), dtype=np.float32)[number]
        return self._prepared(vary(picture, self._pictures, rng, strength)), target

    def _picture(self, index: int, rng: np.random.Generator) -> tuple[int, Image, float]:
        """A real or a rendered crop: its label's number, the crop, and how much to vary it."""
        number = int(rng.integers(len(self.labels)))
        real = self._by_label[self.labels[number]]
        if real and rng.random() < self.config.real_share:
            return number, real[rng.integers(len(real))].image_bgr, self.config.strength * rng.uniform(0.3, 1.0)
        # Rendered crops were degraded when they were drawn: what is left is to tell their few uses apart.
        return *self._pool.draw(index, rng), self.config.strength * rng.uniform(0.0, 0.4)

    @cached_property
    def _pool(self) -> RenewedPool[tuple[int, Image]]:
        """Rendered crops and their labels' numbers."""

        def make(rng: np.random.Generator) -> tuple[int, Image]:
            number = int(rng.integers(len(self.labels)))
            return number, self._renderer.render(self.labels[number], rng)

        return RenewedPool(make, self.config.seed, size=3000, uses=4)

    def _prepared(self, picture_bgr: Image) -> Image:
        pixels: Image = prepare(picture_bgr, self._spec).pixels[0]
        return pixels

    @cached_property
    def _judged(self) -> tuple[Image, tuple[str, ...]]:
        """What validation looks at, (N, H, W, 3), and its labels: held-out crops and views of them, else rendered."""
        if not self._held:
            return self._rendered(UNSEEN, RENDERED_TO_JUDGE)
        rng = np.random.default_rng((self.config.seed, UNSEEN))
        views = [vary(crop.image_bgr, self._pictures, rng, 0.5) for crop in self._held * JUDGED_VIEWS]
        pictures = [*(crop.image_bgr for crop in self._held), *views]
        return np.stack([self._prepared(picture) for picture in pictures]), tuple(
            crop.label for crop in self._held * (JUDGED_VIEWS + 1)
        )

    def _rendered(self, first: int, count: int) -> tuple[Image, tuple[str, ...]]:
        """Rendered characters, each label as often as the others."""
        labels = [self.labels[number % len(self.labels)] for number in range(count)]
        rngs = [np.random.default_rng((self.config.seed, first + number)) for number in range(count)]
        pictures = [self._renderer.render(label, rng) for label, rng in zip(labels, rngs, strict=True)]
        return np.stack([self._prepared(picture) for picture in pictures]), tuple(labels)

    def validate(self, model: KerasModel) -> dict[str, float]:
        """Accuracy on the held-out crops as they are and varied; equal ones are parted by the loss.

        Without held-out crops of a data folder there is nothing to choose by, and the last epoch is kept.
        """
        if self.config.data and not self._held:
            return {}
        pictures, truth = self._judged
        scores = predict(model, pictures)["scores"]
        right = is_right(scores, truth, self.labels)
        plain = right[: len(self._held) or len(truth)]
        loss = true_label_loss(scores, truth, self.labels)
        score = (plain.mean() + right.mean()) / 2 - 0.02 * min(1.0, loss)
        return {"score": float(score), "accuracy": float(plain.mean()), "judged_loss": loss}

    @cached_property
    def _measured(self) -> tuple[str, str, Image, tuple[str, ...]]:
        """What the kept network is measured on, once: the published validation split, else rendered characters."""
        if not self.config.data:
            return ("rendered", "unseen", *self._rendered(UNSEEN + UNSEEN // 2, RENDERED_TO_JUDGE))
        crops = load_crops(Path(self.config.data), "validation", self._country)
        pictures = np.stack([self._prepared(crop.image_bgr) for crop in crops])
        return "characters", "validation", pictures, tuple(crop.label for crop in crops)

    def final_metrics(self, model: KerasModel) -> list[dict[str, Any]]:
        """Accuracy, the least of the classes', and each class's."""
        data, split, pictures, truth = self._measured
        right = is_right(predict(model, pictures)["scores"], truth, self.labels)
        return [{"data": data, "split": split} | metric for metric in accuracy_metrics(right, truth, self.labels)]

    def representative(self, count: int) -> Samples:
        """Training crops, each label as often as the others; rendered ones without data."""
        if not self._crops:
            return self._rendered_samples(UNSEEN // 2, count)
        rng = np.random.default_rng((self.config.seed, UNSEEN + 1))
        shuffled = {label: [own[i] for i in rng.permutation(len(own))] for label, own in self._by_label.items()}
        ranked = sorted((place, label) for label, own in shuffled.items() for place in range(len(own)))
        return self._crop_samples(
            [shuffled[label][place] for place, label in ranked[:count]], "characters, train split"
        )

    def heldout(self, count: int) -> Samples:
        """Held-out crops and their labels; rendered ones where there are none."""
        if not self._held:
            return self._rendered_samples(UNSEEN + UNSEEN // 4, count)
        return self._crop_samples(self._held[:count], "characters, held out of the train split")

    def _crop_samples(self, crops: Sequence[Crop], source: str) -> Samples:
        pictures = tuple(self._prepared(crop.image_bgr) for crop in crops)
        hashes, truth = tuple(crop.sha256 for crop in crops), tuple(crop.label for crop in crops)
        return Samples(pictures, source, hashes, truth, self.config.seed)

    def _rendered_samples(self, first: int, count: int) -> Samples:
        pictures, truth = self._rendered(first, count)
        return Samples(tuple(pictures), "rendered", tuple(map(picture_sha256, pictures)), truth, self.config.seed)

    def model_card_fields(self) -> dict[str, Any]:
        """Labels, input and thresholds for the manifest."""
        return {
            "labels": list(self.labels),
            "input": self._spec.to_dict(),
            "thresholds": {},
            "licence": licence_note(bool(self.config.data)),
        }

    def plots(self, model: KerasModel, out: Path) -> None:
        """Draw the confusion matrix, and a grid of measured pictures, the surest mistakes first."""
        _, _, pictures, truth = self._measured
        scores = predict(model, pictures)["scores"]
        found = [self.labels[number] for number in scores.argmax(axis=1)]
        plot_confusion(confusion(truth, found, self.labels), self.labels, out / "confusion.png")
        right = is_right(scores, truth, self.labels)
        spread = np.random.default_rng(self.config.seed).random(len(right))
        shown = np.lexsort((np.where(right, spread, -scores.max(axis=1)), right))[:96]
        plot_predictions(
            [pictures[i] for i in shown],
            [truth[i] for i in shown],
            [found[i] for i in shown],
            [float(scores[i].max()) for i in shown],
            out / "predictions.png",
        )

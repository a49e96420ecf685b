"""Training of the character classifier on augmented real crops and rendered ones."""

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from lpr_edge.contract.base.arrays import Floats, Image
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.countries import load_country
from lpr_edge.contract.preprocess import InputSpec
from lpr_edge.contract.run.samples import Samples
from lpr_train.base.accuracy import accuracy_metrics, is_right
from lpr_train.base.engine import KerasModel, load_keras
from lpr_train.base.licence import licence_note
from lpr_train.base.stored_samples import calibration_samples, proving_samples
from lpr_train.base.task import HELD_OUT, RENDERED, TEST, UNSEEN, Examples, Measured
from lpr_train.data.initial_run import unseen_by_initial_run, without_examples
from lpr_train.data.reader_crops import LONGEST_SIDE, Crop, vary
from lpr_train.loop.inference import predict
from lpr_train.networks.baseline import baseline_classifier
from lpr_train.networks.classifier import compact_classifier
from lpr_train.report.character_plots import plot_answers
from lpr_train.tasks.characters.config import CharactersConfig
from lpr_train.tasks.characters.crops import CropLoader, split_others
from lpr_train.tasks.characters.evaluation import (
    LabelledPictures,
    accuracies,
    balanced_crops,
    crop_samples,
    rendered_samples,
    score_held_out,
    watch_validation,
)
from lpr_train.tasks.characters.reject import reject_metrics, reject_threshold
from lpr_train.tasks.characters.rendered import RenderedCharacters
from lpr_train.tasks.characters.samples import ArticleSamples, CharacterSamples, RichSamples, prepared

NETWORKS: dict[str, tuple[tuple[int, int], Callable[[tuple[int, int], int], KerasModel]]] = {
    "compact": ((48, 48), compact_classifier),
    "baseline": ((128, 128), baseline_classifier),
}
"""Architecture -> height and width of the input, and the function that builds it."""
EVALUATION_VIEWS = 4
"""Augmented views of each held-out crop for validation, because there are few held-out crops."""
RENDERED_FOR_EVALUATION = 600
MIN_SAMPLES_OF_LABEL = 10
"""Crops for each label below which a run advises to collect more."""


class CharactersTask:
    """The training task of the character classifier.

    Args:
        config: the run's settings.

    Raises:
        LprError: the country has no character classes, or the data folder has no usable crops.
    """

    kind = "classifier"

    def __init__(self, config: CharactersConfig) -> None:
        self.config = config
        self._country = load_country(config.country)
        characters = tuple(self._country.characters.values())
        self.labels = self._country.wide_characters if config.alphabet == "wide" else characters
        if not self.labels:
            raise LprError(f"{self._country.name} has no [characters] in its file, so there are no classes to learn.")
        size_hw, self._build = NETWORKS[config.arch]
        self._spec = InputSpec(size_hw, 3, "rgb", "stretch")
        self._loader = CropLoader(config, self._country, self.labels)
        self._crops, held_out = self._loader.own(max(LONGEST_SIDE, 2 * max(size_hw)))
        self._held = unseen_by_initial_run(config.init, held_out, lambda crop: crop.sha256)
        self._own = len(self._crops)
        known = {crop.sha256 for crop in (*self._crops, *held_out)}
        learnt, self._others, self._others_are = split_others(self._loader.others(known), config)
        self._crops += learnt
        self._plate_crops: list[Crop] = []
        self._rendered = RenderedCharacters(self._country, self._crops, config.strength, config.seed, self.labels)
        self._samples = self._open_samples()
        self._threshold: float | None = None

    def _open_samples(self) -> CharacterSamples:
        if self.config.recipe == "article":
            return ArticleSamples(self.config, self._spec, self._crops, self.labels)
        known, strange = self._from_plates()
        self._plate_crops = [*known, *strange]
        return RichSamples(self.config, self._spec, [*self._crops, *known], self._rendered, strange)

    def _from_plates(self) -> tuple[list[Crop], list[Crop]]:
        """Characters cut out of plate photographs: of the alphabet, and other letters."""
        if not self.config.reader:
            return [], []
        from lpr_train.tasks.characters.plate_crops import load_plate_crops, part_by_label

        crops = load_plate_crops(Path(self.config.data), self.config.country, Path(self.config.reader))
        return part_by_label(crops, self.labels)

    def learnt_sha256(self) -> set[str]:
        """SHA-256 of the training crops, and of the photographs that provide characters."""
        return {crop.sha256 for crop in (*self._crops, *self._plate_crops)}

    def learnt_labels(self) -> set[str]:
        """The labels of the training crops."""
        return {crop.label for crop in self._crops}

    def build(self) -> KerasModel:
        """Build the network of `networks.classifier` or `networks.baseline`."""
        return self._build(self._spec.size_hw, len(self.labels))

    def losses(self) -> dict[str, Callable[[Any, Any], Any]]:
        """Cross-entropy with the samples' label probabilities."""
        return {"scores": load_keras().losses.categorical_crossentropy}

    def watch(self, targets: dict[str, Any], outputs: dict[str, Any]) -> dict[str, Any]:
        """Accuracy on a training batch, with respect to the most probable target label."""
        ops = load_keras().ops
        is_found = ops.argmax(targets["scores"], axis=-1) == ops.argmax(outputs["scores"], axis=-1)
        return {"train_accuracy": ops.mean(ops.cast(is_found, "float32"))}

    @property
    def samples_per_epoch(self) -> int:
        """As defined by the recipe."""
        return self._samples.per_epoch

    def sample(self, index: int) -> tuple[Image, dict[str, Floats]]:
        """A sample of the recipe."""
        pixels, target = self._samples.sample(index)
        return pixels, {"scores": target}

    @cached_property
    def _evaluated(self) -> LabelledPictures:
        """Validation images (N, H, W, 3) and labels: held-out crops with augmented views, or rendered characters."""
        if not self._held:
            return self._drawn(UNSEEN, RENDERED_FOR_EVALUATION)
        rng = np.random.default_rng((self.config.seed, UNSEEN))
        pictures = [crop.image_bgr for crop in self._crops]
        views = [vary(crop.image_bgr, pictures, rng, 0.5) for crop in self._held * EVALUATION_VIEWS]
        return self._stacked([*(crop.image_bgr for crop in self._held), *views]), tuple(
            crop.label for crop in self._held * (EVALUATION_VIEWS + 1)
        )

    def _drawn(self, first: int, count: int) -> LabelledPictures:
        """Rendered characters, each label equally often."""
        pictures, labels = self._rendered.characters(first, count)
        return self._stacked(pictures), labels

    def _stacked(self, pictures_bgr: Sequence[Image]) -> Image:
        return np.stack([prepared(picture, self._spec) for picture in pictures_bgr])

    def validate(self, model: KerasModel) -> dict[str, float]:
        """Accuracy on held-out crops, original and augmented; ties are broken by the loss.

        If a data folder has no held-out crops, there is no score, and the last epoch is kept.
        """
        return self._evaluate(model) | (self._watch_validation(model) if self.config.watch_validation else {})

    def _evaluate(self, model: KerasModel) -> dict[str, float]:
        if self.config.data and not self._held:
            return {}
        return score_held_out(model, self._evaluated, len(self._held), self._compared_others, self.labels)

    def _watch_validation(self, model: KerasModel) -> dict[str, float]:
        """Metrics on the published validation split; they don't influence the run."""
        rng = np.random.default_rng((self.config.seed, UNSEEN + 2)) if self.config.recipe == "article" else None
        return watch_validation(model, self._measured[2:], self.labels, rng)

    @cached_property
    def _measured(self) -> tuple[str, str, Image, tuple[str, ...]]:
        """The test data of the kept network: the published validation split, or rendered characters."""
        crops = self._loader.validation()
        if not crops:
            return ("rendered", "unseen", *self._drawn(UNSEEN + UNSEEN // 2, RENDERED_FOR_EVALUATION))
        pictures = self._stacked([crop.image_bgr for crop in crops])
        return "characters", "validation", pictures, tuple(crop.label for crop in crops)

    def final_metrics(self, model: KerasModel) -> list[dict[str, Any]]:
        """Overall, lowest and per-class accuracy, and what the rejection threshold keeps and rejects."""
        data, split, pictures, truth = self._measured
        scores = predict(model, pictures)["scores"]
        accuracies = accuracy_metrics(is_right(scores, truth, self.labels), truth, self.labels)
        metrics = [{"data": data, "split": split} | metric for metric in accuracies]
        threshold = self._fit_threshold(model)
        if threshold is None:
            return metrics
        drawn = self._rendered.unknowns(UNSEEN + UNSEEN // 8, RENDERED_FOR_EVALUATION)
        unknown = {kind: predict(model, self._stacked(crops))["scores"] for kind, crops in drawn.items()}
        return metrics + reject_metrics(threshold, (data, split, scores), unknown)

    def measure(self, model: KerasModel) -> list[Measured]:
        """Accuracy on held-out crops, original and augmented, on crops of `also` and on rendered characters."""
        sets = {HELD_OUT: self._evaluated} if self._held else {}
        rendered = {RENDERED: self._drawn(UNSEEN, RENDERED_FOR_EVALUATION)}
        return accuracies(model, sets | self._compared_others | rendered, self.labels)

    @cached_property
    def _compared_others(self) -> dict[str, LabelledPictures]:
        """Crops of `also` and their labels; empty where none are compared."""
        if not self._others:
            return {}
        pictures = self._stacked([crop.image_bgr for crop in self._others])
        return {self._others_are: (pictures, tuple(crop.label for crop in self._others))}

    def measure_tests(self, model: KerasModel) -> list[Measured]:
        """Accuracy on the validation split."""
        return accuracies(model, {TEST: self._measured[2:]} if self._measured[0] != RENDERED else {}, self.labels)

    def examples(self) -> Examples | None:
        """The training crops, and the labels without any, also among those of the initial weights."""
        missing = without_examples(self.labels, self.learnt_labels(), self.config.init)
        least = MIN_SAMPLES_OF_LABEL * len(self.labels)
        return Examples("character crops", self._own, least, missing) if self.config.data else None

    def _fit_threshold(self, model: KerasModel) -> float | None:
        """Fit the rejection threshold on the validation images, not on the test data; None without held-out crops."""
        if self.config.data and not self._held:
            return None
        self._threshold = reject_threshold(predict(model, self._evaluated[0])["scores"])
        return self._threshold

    def representative(self, count: int) -> Samples:
        """Training crops, each label equally often; where they are few, rendered ones too."""
        source, first = "characters, train split", UNSEEN // 2
        chosen = balanced_crops(self._crops, self.labels, count, np.random.default_rng((self.config.seed, UNSEEN + 1)))
        own = crop_samples(chosen, self._spec, source, self.config.seed) if chosen else None
        return calibration_samples(own, lambda n: rendered_samples(self._drawn(first, n), self.config.seed), count)

    def heldout(self, count: int) -> Samples:
        """Held-out crops with labels; where they are few, rendered ones too."""
        source, first = "characters, held out of the train split", UNSEEN + UNSEEN // 4
        own = crop_samples(self._held[:count], self._spec, source, self.config.seed) if self._held else None
        return proving_samples(own, lambda n: rendered_samples(self._drawn(first, n), self.config.seed), count)

    def model_card_fields(self) -> dict[str, Any]:
        """Labels, input and licence for the manifest, and the rejection threshold of `final_metrics`."""
        return {
            "labels": list(self.labels),
            "input": self._spec.to_dict(),
            "thresholds": {} if self._threshold is None else {"reject": self._threshold},
            "licence": licence_note(bool(self.config.data)),
        }

    def plots(self, model: KerasModel, out: Path) -> None:
        """Plot the confusion matrix, example predictions, and the worst mistakes."""
        _, _, pictures, truth = self._measured
        plot_answers(pictures, truth, predict(model, pictures)["scores"], self.labels, out, self.config.seed)

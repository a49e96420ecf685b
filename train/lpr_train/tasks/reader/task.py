"""Training of the reader on rendered plates and on real ones, whose characters are located by forced alignment."""

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from lpr_edge.contract.base.arrays import Floats, Image
from lpr_edge.contract.countries import load_country
from lpr_edge.contract.country import UNREADABLE
from lpr_edge.contract.data.splits import is_source
from lpr_edge.contract.geometry import quad_size
from lpr_edge.contract.preprocess import InputSpec
from lpr_edge.contract.run.samples import Samples
from lpr_train.augment.letter_paste import LetterBank
from lpr_train.base.engine import KerasModel
from lpr_train.base.licence import licence_note
from lpr_train.base.stored_samples import calibration_samples, proving_samples
from lpr_train.base.task import UNSEEN, Examples, Measured
from lpr_train.data.initial_run import without_examples
from lpr_train.data.photo_folders import load_tests, load_training
from lpr_train.data.photos import chooses_epoch
from lpr_train.data.real_plates import RealPlate, legible_plates
from lpr_train.data.sampling_weights import sampled_plates
from lpr_train.data.single_characters import single_characters
from lpr_train.loop.inference import predict
from lpr_train.loop.losses import peak_loss, weighted_l1, weighted_labels
from lpr_train.loop.soft_losses import CORNERS_SCALE, SIZE_SCALE
from lpr_train.networks.reader import reader_network
from lpr_train.tasks.reader.alignment import aligned_plates
from lpr_train.tasks.reader.config import ReaderConfig
from lpr_train.tasks.reader.evaluation import (
    ReaderEvaluation,
    ReaderPredictor,
    exact_matches,
    reader_figures,
    reader_score,
)
from lpr_train.tasks.reader.exported import ExportedReader
from lpr_train.tasks.reader.samples import ReaderSamples, rendered_samples
from lpr_train.tasks.reader.teacher import taught_losses, taught_samples

MIN_PLATES = 100
"""Real plates below which a run advises to label more."""


class ReaderTask:
    """The training task of the reader."""

    kind = "reader"

    def __init__(self, config: ReaderConfig) -> None:
        """Load and split the plates.

        Raises:
            DataError: the data folder has no plates, or broken ones.
        """
        self.config = config
        self._country = load_country(config.country)
        folders = [Path(folder) for folder in (config.data, config.also) if folder]
        self._spec = InputSpec((config.input_height, config.input_width), 1, "gray", "stretch")
        self._samples = ReaderSamples(config, self._country, self._spec, folders)
        self._predictor = ReaderPredictor(config, self._country, self._spec)
        loaded = load_training(config, with_crops=True)
        training = [photo for photo in loaded.training if is_source(photo.source, config.sources)]
        self._real = legible_plates(training, self._country, with_partial=True)
        self._shown: list[RealPlate] = []
        self._singles = [crop for folder in folders for crop in single_characters(folder, self._country)]
        self._letters = LetterBank((), self._country)
        self._held_out = legible_plates(loaded.held_out, self._country)
        self._others, self._others_are = legible_plates(loaded.others, self._country), loaded.others_are
        self._index = {label: i for i, label in enumerate(self._country.labels)}
        self._taught = taught_samples(self._labelled_sample, config.teacher, config.seed, config.repeats)

    def learnt_sha256(self) -> set[str]:
        """SHA-256 of the training photographs with a usable plate."""
        return {plate.sha256() for plate in self._real} if self.config.real_share > 0 else set()

    def learnt_labels(self) -> set[str]:
        """The labels on the training plates, without unreadable ones."""
        return {label for plate in self._real for label in plate.labels} - {UNREADABLE}

    def build(self) -> KerasModel:
        """Build the network of `networks.reader`."""
        return reader_network(len(self._country.labels), self._spec.size_hw, self.config.dropout)

    def losses(self) -> dict[str, Callable[[Any, Any], Any]]:
        """Focal loss for the heat map; losses for classes and sizes at the peaks only."""
        classes, size, corners = (
            weighted_labels(self.config.smoothing),
            weighted_l1(SIZE_SCALE),
            weighted_l1(CORNERS_SCALE),
        )
        losses = {"centre": peak_loss, "classes": classes, "size": size, "corners": corners}
        return taught_losses(losses, self.config.labels_weight, self.config.trust) if self._taught else losses

    def sample(self, index: int) -> tuple[Image, dict[str, Floats]]:
        """A real plate with aligned characters, or a rendered one; targets end with a teacher's outputs, if any."""
        return self._taught.sample(index) if self._taught else self._labelled_sample(index)

    def _labelled_sample(self, index: int) -> tuple[Image, dict[str, Floats]]:
        return self._samples.sample(index, self._shown, self._letters)

    def learn_from(self, model: KerasModel) -> None:
        """Align the real plates' characters again with the current reader."""
        heads = self._predictor.outputs(model, self._real) if self._real else {}
        self._learn_from([{role: h[i] for role, h in heads.items()} for i in range(len(self._real))])

    def learn_from_exported(self, reader: ExportedReader) -> None:
        """Align the real plates' characters with an exported reader."""
        self._learn_from([reader.outputs(self._predictor.pixels(plate)) for plate in self._real])

    def _learn_from(self, each: Sequence[dict[str, Floats]]) -> None:
        """Align the characters by the outputs for each real plate, and weight those that were misread."""
        if not self._real:
            return
        self._real = aligned_plates(self._real, each, self._index, self.config.margin)
        misread = [
            plate.is_whole and self._predictor.labels(own) != plate.labels
            for own, plate in zip(each, self._real, strict=True)
        ]
        confirmed = [plate for plate in self._real if plate.label.is_confirmed]
        self._letters = LetterBank(confirmed, self._country, self._singles)
        self._shown = sampled_plates(self._real, misread, self.config.hard_example_weight)

    @property
    def placed(self) -> list[RealPlate]:
        """The real plates whose characters are aligned."""
        return [plate for plate in self._real if plate.placed]

    @cached_property
    def _evaluation(self) -> ReaderEvaluation:
        render = self._samples.rendered_for_evaluation
        return ReaderEvaluation(self.config, self._predictor, self._held_out, render)

    def validate(self, model: KerasModel) -> dict[str, float]:
        """Exact match and CER on held-out plates with true corners (`plates`), wrong ones (`moved`) and corrected ones.

        The score, if it chooses the epoch, is the mean of exact match and 1 - CER over true and corrected (`refined`)
        corners, which is how the device reads, or over rendered plates if there are no others. Where plates of `also`
        are compared, it is the mean of theirs and that; with `rendered_decides`, of the rendered ones' and that.
        """
        evaluated = self._evaluation.evaluate(model)
        figures = {
            f"{name}_{metric}": value
            for name, pairs in evaluated.pairs.items()
            for metric, value in reader_figures(pairs).items()
        }
        deciding = reader_figures(
            evaluated.pairs["plates"] + evaluated.pairs["refined"] if self._held_out else evaluated.pairs["rendered"]
        )
        placed = {"placed": float(len(self.placed))} if self._real else {}
        is_choice = chooses_epoch(self.config.folds, self._real, self._held_out)
        scores = [reader_score(deciding)]
        if self._others:
            others = reader_figures(self._predictor.pairs(model, self._others))
            figures |= {f"others_{metric}": value for metric, value in others.items()}
            scores.append(reader_score(others))
        if self.config.rendered_decides:
            scores.append(reader_score(reader_figures(evaluated.pairs["rendered"])))
        figures |= placed | evaluated.ious
        return ({"score": sum(scores) / len(scores)} if is_choice else {}) | figures

    def final_metrics(self, model: KerasModel) -> list[dict[str, Any]]:
        """The same metrics for the kept weights."""
        return [
            {"data": name, "split": "held out of training", "metric": metric, "value": value, "count": len(pairs)}
            for name, pairs in self._evaluation.evaluate(model).pairs.items()
            for metric, value in reader_figures(pairs).items()
        ]

    def measure(self, model: KerasModel) -> list[Measured]:
        """Exact match with true corners on held-out plates, on those of `also`, and on rendered ones."""
        others = {self._others_are: self._predictor.pairs(model, self._others)}
        return exact_matches(self._evaluation.compared(model) | others)

    def measure_tests(self, model: KerasModel) -> list[Measured]:
        """Exact match with true corners on the test splits."""
        return exact_matches({name: self._predictor.pairs(model, plates) for name, plates in self._test_plates.items()})

    @cached_property
    def _test_plates(self) -> dict[str, list[RealPlate]]:
        tests = load_tests(self.config, with_crops=True)
        plates = {name: legible_plates(photos, self._country) for name, photos in tests.items()}
        return {name: own for name, own in plates.items() if own}

    def examples(self) -> Examples | None:
        """The training plates, and the labels that are on none of them, nor on those of the initial weights."""
        own = [plate for plate in self._real if not plate.is_other]
        missing = without_examples(self._country.labels, self.learnt_labels(), self.config.init)
        return Examples("plates", len(own), MIN_PLATES, missing) if self.config.data else None

    def outcomes(self, model: KerasModel) -> list[dict[str, Any]]:
        """True and predicted labels of each held-out plate, without grammar; widths in pixels of the reduced image."""
        pairs = self._predictor.pairs(model, self._held_out)
        return [
            {
                "image": plate.path.name,
                "rows": len(plate.rows),
                "width_px": round(quad_size(plate.label.quad_xy)[0], 1),
                "truth": truth,
                "read": read,
            }
            for plate, (truth, read) in zip(self._held_out, pairs, strict=True)
        ]

    def representative(self, count: int) -> Samples:
        """Training plates as the reader sees them; where they are few, rendered ones too."""
        rng = np.random.default_rng((self.config.seed, UNSEEN + 1))
        chosen = [self._real[i] for i in rng.permutation(len(self._real))[:count]]
        own = self._real_samples(chosen, "plates, training split") if chosen else None
        return calibration_samples(own, self._samples.rendered_as_trained, count)

    def heldout(self, count: int) -> Samples:
        """Held-out plates for parity, with their rows; where they are few, rendered ones too."""
        own = self._real_samples(self._held_out[:count], "plates, held out") if self._held_out else None
        return proving_samples(own, lambda n: rendered_samples(self._evaluation.rendered[:n], self.config.seed), count)

    def _real_samples(self, plates: Sequence[RealPlate], source: str) -> Samples:
        pictures = tuple(map(self._predictor.pixels, plates))
        truth = tuple(["".join(row) for row in plate.rows] for plate in plates)
        return Samples(pictures, source, tuple(p.sha256() for p in plates), truth, self.config.seed)

    def model_card_fields(self) -> dict[str, Any]:
        """Labels, input and thresholds for the manifest."""
        return {
            "labels": list(self._country.labels),
            "input": self._spec.to_dict(),
            "thresholds": self._predictor.thresholds,
            "licence": licence_note(bool(self.config.data)),
        }

    def plots(self, model: KerasModel, out: Path) -> None:
        """Draw held-out plates with their readings."""
        from lpr_train.report.predictions import draw_read_plates

        plates = [(picture, rows) for picture, rows in self._evaluation.rendered[:24]]
        if self._held_out:
            samples = self._real_samples(self._held_out, "")
            plates = list(zip(samples.pictures, (plate.rows for plate in self._held_out), strict=True))
        read = self._predictor.all_labels(predict(model, np.stack([picture for picture, _ in plates]), 64))
        draw_read_plates([p for p, _ in plates], [r for _, r in plates], read, out / "read.png")

"""Training of the reader on rendered plates and on real ones, whose characters are located by forced alignment."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import Floats, Image, Quad
from lpr_edge.contract.country import UNREADABLE, load_country
from lpr_edge.contract.geometry import grow_quad, quad_size
from lpr_edge.contract.metrics import character_error_rate, exact_match
from lpr_edge.contract.outputs import decode_characters, group_rows
from lpr_edge.contract.preprocess import InputSpec, prepare, prepare_plate
from lpr_edge.contract.samples import Samples, picture_sha256
from lpr_edge.contract.splits import is_source
from lpr_train.augment.copy_paste import UprightPlate, copy_paste_rows, interchangeable, upright
from lpr_train.augment.letter_paste import LetterBank, PasteShares, with_pasted_letters
from lpr_train.augment.row_layout import to_one_row
from lpr_train.base.engine import KerasModel
from lpr_train.base.licence import licence_note
from lpr_train.base.task import HELD_OUT, RENDERED, UNSEEN, Examples, Measured
from lpr_train.data.initial_run import without_examples
from lpr_train.data.photo_folders import load_tests, load_training
from lpr_train.data.photos import chooses_epoch
from lpr_train.data.plate_corners import mean_iou, with_corrected_corners
from lpr_train.data.pool import RenewedPool
from lpr_train.data.real_plates import PlateView, RealPlate, boxed, jitter, legible_plates, moved, rectified_view
from lpr_train.data.sampling_weights import balanced, rarities, weighted_plates
from lpr_train.data.single_characters import real_cutouts, single_characters
from lpr_train.loop.fit import predict
from lpr_train.loop.losses import peak_loss, weighted_l1, weighted_labels
from lpr_train.networks.reader import STRIDE, reader_network
from lpr_train.render.draw.deform import deform
from lpr_train.render.draw.effects import degrade
from lpr_train.render.draw.photograph import photograph
from lpr_train.render.plate.glyphs import GlyphBook
from lpr_train.render.plate.plates import PlateRenderer, RenderedPlate
from lpr_train.targets.forced_alignment import align_characters
from lpr_train.targets.heat_maps import UNKNOWN, PlacedCharacter, character_targets
from lpr_train.tasks.reader_config import ReaderConfig

DEGRADED = 0.8
"""Fraction of real plates that are degraded further."""
MOVES = 4
"""Number of evaluations of each held-out plate with wrong corners."""
FAR_OFF_SHARE, FAR_OFF = 0.2, 2.5
"""Fraction of samples whose corners are further off than usual, and how much: `corners` learns from them."""
CORNERS_SCALE = 6.0
"""Weight of the corners' loss: with it, it is of the size of the others."""
CROP_WEIGHT = 0.3
"""Weight of the corners of plate crops, which people labelled less exactly."""

MIN_PLATES = 100
"""Real plates below which a run advises to label more."""


@dataclass(frozen=True)
class _Evaluated:
    """What a network reads of the plates that it is validated on."""

    pairs: dict[str, list[tuple[list[str], list[str]]]]
    """True and predicted labels of each plate, by set and source."""
    ious: dict[str, float]
    """Mean IoU of wrong corners with the true ones, before and after correction; none without held-out plates."""


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
        cutouts = next(filter(None, (real_cutouts(folder, self._country) for folder in folders)), None)
        self._plates = PlateRenderer(self._country, GlyphBook(self._country, cutouts))
        self._pool = RenewedPool(self._plates.render, config.seed)
        self._spec = InputSpec((config.input_height, config.input_width), 1, "gray", "stretch")
        loaded = load_training(config, with_crops=True)
        training = [photo for photo in loaded.training if is_source(photo.source, config.sources)]
        self._real = legible_plates(training, self._country, with_partial=True)
        self._shown: list[RealPlate] = []
        self._singles = [crop for folder in folders for crop in single_characters(folder, self._country)]
        self._letters = LetterBank((), self._country)
        self._evaluation = legible_plates(loaded.held_out, self._country)
        self._others, self._others_are = legible_plates(loaded.others, self._country), loaded.others_are
        self._index = {label: i for i, label in enumerate(self._country.labels)}
        self._kinds = interchangeable(self._country)

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
        classes = weighted_labels(self.config.smoothing)
        return {
            "centre": peak_loss,
            "classes": classes,
            "size": weighted_l1(2.0),
            "corners": weighted_l1(CORNERS_SCALE),
        }

    def sample(self, index: int) -> tuple[Image, dict[str, Floats]]:
        """A real plate with aligned characters, or a rendered one."""
        rng = np.random.default_rng((self.config.seed, index))
        placed = self._shown
        is_real = bool(placed) and rng.random() < self.config.real_share
        view = self._photographed(placed, rng) if is_real else self._rendered(self._pool.draw(index, rng), rng)
        grid = (self._spec.size_hw[0] // STRIDE, self._spec.size_hw[1] // STRIDE)
        targets = character_targets(view.placed, grid) | {"corners": view.corners_target(self.config.margin)}
        return prepare(view.image_bgr, self._spec).pixels[0], targets

    def _photographed(self, plates: Sequence[RealPlate], rng: np.random.Generator) -> PlateView:
        plate = plates[rng.integers(len(plates))]
        image, quad, placed = plate.crop_bgr, plate.quad_xy, (*plate.placed, *plate.unknown)
        if plate.is_whole and rng.random() < self.config.copy_paste_share:
            pasted = self._copy_pasted(plate, plates[rng.integers(len(plates))], rng)
            image, quad, placed = pasted.image_bgr, pasted.quad_xy, pasted.placed
        if rng.random() < self.config.inverted_share:
            image = np.asarray(cv2.bitwise_not(image), np.uint8)
        image = deform(image, rng, self.config.shape_strength)
        if rng.random() < DEGRADED:
            image = degrade(image, rng, self.config.strength * rng.random())
        is_boxed = rng.random() < self.config.boxed_share
        seen = grow_quad(boxed(quad, rng), self.config.margin) if is_boxed else self._seen(quad, rng)
        weight = CROP_WEIGHT if plate.is_crop else 1.0
        return rectified_view(image, quad, seen, placed, self._spec.size_hw, weight)

    def _copy_pasted(self, plate: RealPlate, other: RealPlate, rng: np.random.Generator) -> UprightPlate:
        pasted = copy_paste_rows(upright(plate), upright(other if other.is_whole else plate), self._kinds, rng)
        shares = PasteShares(self.config.letter_paste_share, self.config.digit_paste_share)
        pasted = with_pasted_letters(pasted, self._letters, shares, rng)
        return to_one_row(pasted, rng) if rng.random() < self.config.one_row_share else pasted

    def _rendered(self, plate: RenderedPlate, rng: np.random.Generator) -> PlateView:
        height, width = plate.image_bgr.shape[:2]
        places = [
            PlacedCharacter(
                self._index[box.label],
                (box.x + box.w / 2) / width,
                (box.y + box.h / 2) / height,
                box.w / width,
                box.h / height,
            )
            for box in plate.boxes
        ]
        image, quad = photograph(plate.image_bgr, rng)
        image = degrade(image, rng, self.config.strength * rng.random())
        return rectified_view(image, quad, self._seen(quad, rng), places, self._spec.size_hw)

    def _seen(self, quad: Quad, rng: np.random.Generator) -> Quad:
        amount = self.config.corner_jitter * (FAR_OFF if rng.random() < FAR_OFF_SHARE else 1.0)
        return grow_quad(jitter(quad, rng, amount), self.config.margin)

    def learn_from(self, model: KerasModel) -> None:
        """Align the real plates' characters again with the current reader."""
        if not self._real:
            return
        heads = self._outputs(model, self._real)
        each = [{role: h[i] for role, h in heads.items()} for i in range(len(self._real))]
        self._real = [
            plate if plate.has_boxes else plate.with_places(self._places(own, plate))
            for own, plate in zip(each, self._real, strict=True)
        ]
        misread = [
            plate.is_whole and self._read(own) != plate.labels for own, plate in zip(each, self._real, strict=True)
        ]
        confirmed = [plate for plate in self._real if plate.label.is_confirmed]
        self._letters = LetterBank(confirmed, self._country, self._singles)
        weighed = weighted_plates(self._real, misread, self.config.hard_example_weight)
        shown = [plate for plate, weight in zip(weighed, rarities(weighed), strict=True) for _ in range(weight)]
        self._shown = balanced(shown, [plate.is_other for plate in shown])

    @property
    def placed(self) -> list[RealPlate]:
        """The real plates whose characters are aligned."""
        return [plate for plate in self._real if plate.placed]

    def _places(self, heads: dict[str, Floats], plate: RealPlate) -> list[PlacedCharacter] | None:
        """Align a plate's characters; positions in fractions of the plate without the reader's margin."""
        rows = [[self._index.get(label, UNKNOWN) for label in row] for row in plate.known_rows]
        found = align_characters(heads, rows)
        m = self.config.margin
        scale = 1 + 2 * m
        back = np.array([[scale, 0, -m], [0, scale, -m], [0, 0, 1]])
        return None if found is None else [moved(character, back) for character in found]

    def _outputs(self, model: KerasModel, plates: Sequence[RealPlate]) -> dict[str, Floats]:
        margin = self.config.margin
        prepared = [prepare_plate(p.crop_bgr, p.quad_xy, self._spec, margin).pixels for p in plates]
        return predict(model, np.concatenate(prepared), 64)

    @cached_property
    def _moved_evaluation(self) -> list[RealPlate]:
        """The held-out plates, each `MOVES` times with wrong corners like a detector's."""
        rng = np.random.default_rng((self.config.seed, UNSEEN + 3))
        return [
            replace(plate, quad_xy=jitter(plate.quad_xy, rng, self.config.corner_jitter))
            for _ in range(MOVES)
            for plate in self._evaluation
        ]

    @cached_property
    def _rendered_evaluation(self) -> list[tuple[Image, tuple[tuple[str, ...], ...]]]:
        """Rendered plates for validation, with their rows."""
        return [self._rendered_with_rows(np.random.default_rng((self.config.seed, UNSEEN + i))) for i in range(200)]

    def _rendered_with_rows(self, rng: np.random.Generator) -> tuple[Image, tuple[tuple[str, ...], ...]]:
        plate = self._plates.render(rng)
        image, quad = photograph(plate.image_bgr, rng)
        image = degrade(image, rng, self.config.strength * rng.random())
        view = rectified_view(image, quad, grow_quad(quad, self.config.margin), (), self._spec.size_hw)
        return prepare(view.image_bgr, self._spec).pixels[0], plate.rows

    def _read(self, heads: dict[str, Floats]) -> list[str]:
        characters = decode_characters(heads, self._country.labels, self._thresholds)
        return [character.label for row in group_rows(characters) for character in row]

    @property
    def _thresholds(self) -> dict[str, float]:
        return {"peak": self.config.peak_threshold, "margin": self.config.margin, "temperature": 1.0}

    def _evaluated(self, model: KerasModel) -> _Evaluated:
        """Run the network over rendered plates, and over held-out ones with true, wrong and corrected corners."""
        pictures = np.stack([picture for picture, _ in self._rendered_evaluation])
        truths = [[label for row in rows for label in row] for _, rows in self._rendered_evaluation]
        pairs = {"rendered": self._pairs(predict(model, pictures, 64), truths)}
        ious: dict[str, float] = {}
        if self._evaluation:
            truths = [plate.labels for plate in self._evaluation]
            pairs["plates"] = self._pairs(self._outputs(model, self._evaluation), truths)
            moved = self._outputs(model, self._moved_evaluation)
            refined = with_corrected_corners(self._moved_evaluation, moved["corners"], self.config.margin)
            pairs["moved"] = self._pairs(moved, truths * MOVES)
            pairs["refined"] = self._pairs(self._outputs(model, refined), truths * MOVES)
            true = self._evaluation * MOVES
            ious = {"moved_iou": mean_iou(self._moved_evaluation, true), "refined_iou": mean_iou(refined, true)}
            for source in sorted({plate.source for plate in self._evaluation} - {""}):
                own = [
                    pair
                    for pair, plate in zip(pairs["plates"], self._evaluation, strict=True)
                    if plate.source == source
                ]
                pairs[source] = own
        return _Evaluated(pairs, ious)

    def _pairs(self, heads: dict[str, Floats], truths: list[list[str]]) -> list[tuple[list[str], list[str]]]:
        return [(truth, self._read({role: h[i] for role, h in heads.items()})) for i, truth in enumerate(truths)]

    def validate(self, model: KerasModel) -> dict[str, float]:
        """Exact match and CER on held-out plates with true corners (`plates`), wrong ones (`moved`) and corrected ones.

        The score, if it chooses the epoch, is the mean of exact match and 1 - CER over true and corrected (`refined`)
        corners, which is how the device reads, or over rendered plates if there are no others. Where plates of `also`
        are compared, it is the mean of theirs and that.
        """
        evaluated = self._evaluated(model)
        figures = {
            f"{name}_{metric}": value
            for name, pairs in evaluated.pairs.items()
            for metric, value in _figures(pairs).items()
        }
        deciding = _figures(
            evaluated.pairs["plates"] + evaluated.pairs["refined"] if self._evaluation else evaluated.pairs["rendered"]
        )
        placed = {"placed": float(len(self.placed))} if self._real else {}
        is_choice = chooses_epoch(self.config.folds, self._real, self._evaluation)
        scores = [_score(deciding)]
        if self._others:
            others = _figures(self._pairs_of(model, self._others))
            figures |= {f"others_{metric}": value for metric, value in others.items()}
            scores.append(_score(others))
        figures |= placed | evaluated.ious
        return ({"score": sum(scores) / len(scores)} if is_choice else {}) | figures

    def final_metrics(self, model: KerasModel) -> list[dict[str, Any]]:
        """The same metrics for the kept weights."""
        return [
            {"data": name, "split": "held out of training", "metric": metric, "value": value, "count": len(pairs)}
            for name, pairs in self._evaluated(model).pairs.items()
            for metric, value in _figures(pairs).items()
        ]

    def measure(self, model: KerasModel) -> list[Measured]:
        """Exact match with true corners on held-out plates, on those of `also`, and on rendered ones."""
        evaluated = self._evaluated(model).pairs
        sets = {HELD_OUT: evaluated.get("plates", []), self._others_are: self._pairs_of(model, self._others)}
        return _exact_matches(sets | {RENDERED: evaluated["rendered"]})

    def measure_tests(self, model: KerasModel) -> list[Measured]:
        """Exact match with true corners on the test splits."""
        return _exact_matches({name: self._pairs_of(model, plates) for name, plates in self._test_plates.items()})

    def _pairs_of(self, model: KerasModel, plates: Sequence[RealPlate]) -> list[tuple[list[str], list[str]]]:
        return self._pairs(self._outputs(model, plates), [plate.labels for plate in plates]) if plates else []

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
        pairs = self._pairs_of(model, self._evaluation)
        return [
            {
                "image": plate.path.name,
                "rows": len(plate.rows),
                "width_px": round(quad_size(plate.label.quad_xy)[0], 1),
                "truth": truth,
                "read": read,
            }
            for plate, (truth, read) in zip(self._evaluation, pairs, strict=True)
        ]

    def representative(self, count: int) -> Samples:
        """Training plates as the reader sees them; rendered ones without data."""
        rng = np.random.default_rng((self.config.seed, UNSEEN + 1))
        if not self._real:
            pictures = tuple(self.sample(UNSEEN // 2 + i)[0] for i in range(count))
            return Samples(pictures, "rendered", tuple(map(picture_sha256, pictures)), None, self.config.seed)
        chosen = [self._real[i] for i in rng.permutation(len(self._real))[:count]]
        return self._real_samples(chosen, "plates, training split")

    def heldout(self, count: int) -> Samples:
        """Held-out plates for parity, with their rows."""
        if self._evaluation:
            return self._real_samples(self._evaluation[:count], "plates, held out")
        rendered = self._rendered_evaluation[:count]
        pictures = tuple(picture for picture, _ in rendered)
        truth = tuple(["".join(row) for row in rows] for _, rows in rendered)
        return Samples(pictures, "rendered", tuple(map(picture_sha256, pictures)), truth, self.config.seed)

    def _real_samples(self, plates: Sequence[RealPlate], source: str) -> Samples:
        margin = self.config.margin
        pictures = tuple(prepare_plate(p.crop_bgr, p.quad_xy, self._spec, margin).pixels[0] for p in plates)
        truth = tuple(["".join(row) for row in plate.rows] for plate in plates)
        return Samples(pictures, source, tuple(p.sha256() for p in plates), truth, self.config.seed)

    def model_card_fields(self) -> dict[str, Any]:
        """Labels, input and thresholds for the manifest."""
        return {
            "labels": list(self._country.labels),
            "input": self._spec.to_dict(),
            "thresholds": self._thresholds,
            "licence": licence_note(bool(self.config.data)),
        }

    def plots(self, model: KerasModel, out: Path) -> None:
        """Draw held-out plates with their readings."""
        from lpr_train.report.predictions import draw_read_plates

        plates = [(picture, rows) for picture, rows in self._rendered_evaluation[:24]]
        if self._evaluation:
            samples = self._real_samples(self._evaluation, "")
            plates = list(zip(samples.pictures, (plate.rows for plate in self._evaluation), strict=True))
        heads = predict(model, np.stack([picture for picture, _ in plates]), 64)
        read = [self._read({role: h[i] for role, h in heads.items()}) for i in range(len(plates))]
        draw_read_plates([p for p, _ in plates], [r for _, r in plates], read, out / "read.png")


def _exact_matches(sets: Mapping[str, list[tuple[list[str], list[str]]]]) -> list[Measured]:
    return [Measured(name, "exact", _figures(pairs)["exact"], len(pairs)) for name, pairs in sets.items() if pairs]


def _score(figures: Mapping[str, float]) -> float:
    return (figures["exact"] + 1 - figures["cer"]) / 2


def _figures(pairs: list[tuple[list[str], list[str]]]) -> dict[str, float]:
    texts = [("".join(truth), "".join(found)) for truth, found in pairs]
    return {"exact": exact_match(texts), "cer": character_error_rate(pairs)}

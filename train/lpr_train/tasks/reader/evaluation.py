"""Evaluation of a reader: what it reads on plates with true, wrong and corrected corners, and on rendered plates."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain

import numpy as np

from lpr_edge.contract.base.arrays import Floats, Image
from lpr_edge.contract.country import Country
from lpr_edge.contract.metrics import character_error_rate, exact_match
from lpr_edge.contract.outputs import decode_characters
from lpr_edge.contract.preprocess import InputSpec, prepare_plate
from lpr_edge.contract.rows import group_rows, labels_of
from lpr_train.base.engine import KerasModel
from lpr_train.base.task import HELD_OUT, RENDERED, UNSEEN, Measured
from lpr_train.data.plate_corners import mean_iou, with_corrected_corners
from lpr_train.data.plate_views import jitter
from lpr_train.data.real_plates import RealPlate
from lpr_train.loop.inference import predict
from lpr_train.tasks.reader.config import ReaderConfig

RENDERED_FOR_EVALUATION = 200
RENDERED_TO_COMPARE = 600
"""Rendered plates that decide whether a fine-tuned network forgot some: on few, a single point is mostly chance."""
MOVES = 4
"""Number of evaluations of each held-out plate with wrong corners."""

Pair = tuple[list[str], list[str]]
"""A plate's true and predicted labels."""
RenderedWithRows = tuple[Image, tuple[tuple[str, ...], ...]]
"""A rendered plate as the reader's input, and the labels of each row."""


class ReaderPredictor:
    """Runs a network in training on plates, and decodes its outputs as the device does.

    Args:
        config: the run's settings, with margin and peak threshold.
        country: the alphabet.
        spec: the reader's input.
    """

    def __init__(self, config: ReaderConfig, country: Country, spec: InputSpec) -> None:
        self._margin = config.margin
        self._alphabet = country.labels
        self._spec = spec
        self.thresholds = {"peak": config.peak_threshold, "margin": config.margin, "temperature": 1.0}
        """What the decoding depends on, as in the manifest."""

    def pixels(self, plate: RealPlate) -> Image:
        """A plate as the network's input: (H, W, 1) uint8, rectified with the reader's margin."""
        pixels: Image = prepare_plate(plate.crop_bgr, plate.quad_xy, self._spec, self._margin).pixels[0]
        return pixels

    def outputs(self, model: KerasModel, plates: Sequence[RealPlate]) -> dict[str, Floats]:
        """Each head's output for real plates, (N, ...)."""
        return predict(model, np.stack([self.pixels(plate) for plate in plates]), 64)

    def labels(self, heads: dict[str, Floats]) -> list[str]:
        """Decode one plate's heads into labels in reading order, without grammar."""
        characters = decode_characters(heads, self._alphabet, self.thresholds)
        return labels_of(group_rows(characters))

    def all_labels(self, heads: dict[str, Floats]) -> list[list[str]]:
        """Decode the heads of several plates, (N, ...) each."""
        count = len(next(iter(heads.values())))
        return [self.labels({role: head[i] for role, head in heads.items()}) for i in range(count)]

    def pairs(self, model: KerasModel, plates: Sequence[RealPlate]) -> list[Pair]:
        """True and predicted labels of real plates."""
        if not plates:
            return []
        return list(zip([plate.labels for plate in plates], self.all_labels(self.outputs(model, plates)), strict=True))


@dataclass(frozen=True)
class Evaluated:
    """What a network reads of the plates that it is validated on."""

    pairs: dict[str, list[Pair]]
    """True and predicted labels of each plate, by set and source."""
    ious: dict[str, float]
    """Mean IoU of wrong corners with the true ones, before and after correction; none without held-out plates."""


class ReaderEvaluation:
    """The plates that a reader is validated on.

    Args:
        config: the run's settings.
        predictor: runs the network.
        held_out: labelled plates that the run doesn't train on.
        render: makes a number of rendered plates.
    """

    def __init__(
        self,
        config: ReaderConfig,
        predictor: ReaderPredictor,
        held_out: Sequence[RealPlate],
        render: Callable[[int], list[RenderedWithRows]],
    ) -> None:
        self._config = config
        self._predictor = predictor
        self._held_out = list(held_out)
        self._render = render

    @cached_property
    def rendered(self) -> list[RenderedWithRows]:
        """Pixels (H, W, 1) and labels of each row of rendered plates."""
        return self._render(RENDERED_FOR_EVALUATION)

    @cached_property
    def _rendered_to_compare(self) -> list[RenderedWithRows]:
        return self._render(RENDERED_TO_COMPARE)

    @cached_property
    def _moved(self) -> list[RealPlate]:
        """The held-out plates, each `MOVES` times with wrong corners like a detector's."""
        rng = np.random.default_rng((self._config.seed, UNSEEN + 3))
        return [
            replace(plate, quad_xy=jitter(plate.quad_xy, rng, self._config.corner_jitter))
            for _ in range(MOVES)
            for plate in self._held_out
        ]

    def evaluate(self, model: KerasModel) -> Evaluated:
        """Run the network over rendered plates, and over held-out ones with true, wrong and corrected corners."""
        pairs = {"rendered": self._rendered_pairs(model, self.rendered)}
        if not self._held_out:
            return Evaluated(pairs, {})
        pairs["plates"] = self._predictor.pairs(model, self._held_out)
        truths = [plate.labels for plate in self._held_out] * MOVES
        moved = self._predictor.outputs(model, self._moved)
        refined = with_corrected_corners(self._moved, moved["corners"], self._config.margin)
        pairs["moved"] = list(zip(truths, self._predictor.all_labels(moved), strict=True))
        pairs["refined"] = self._predictor.pairs(model, refined)
        true = self._held_out * MOVES
        ious = {"moved_iou": mean_iou(self._moved, true), "refined_iou": mean_iou(refined, true)}
        return Evaluated(pairs | self._by_source(pairs["plates"]), ious)

    def compared(self, model: KerasModel) -> dict[str, list[Pair]]:
        """What decides between two networks: held-out plates with true corners, and many rendered ones."""
        plates = self._predictor.pairs(model, self._held_out)
        return {HELD_OUT: plates, RENDERED: self._rendered_pairs(model, self._rendered_to_compare)}

    def _rendered_pairs(self, model: KerasModel, rendered: Sequence[RenderedWithRows]) -> list[Pair]:
        read = self._predictor.all_labels(predict(model, np.stack([picture for picture, _ in rendered]), 64))
        return [([*chain(*rows)], found) for (_, rows), found in zip(rendered, read, strict=True)]

    def _by_source(self, pairs: Sequence[Pair]) -> dict[str, list[Pair]]:
        """The held-out plates' pairs, by the source of the photograph."""
        return {
            source: [pair for pair, plate in zip(pairs, self._held_out, strict=True) if plate.source == source]
            for source in sorted({plate.source for plate in self._held_out} - {""})
        }


def reader_figures(pairs: Sequence[Pair]) -> dict[str, float]:
    """Exact match (`exact`) and character error rate (`cer`)."""
    texts = [("".join(truth), "".join(found)) for truth, found in pairs]
    return {"exact": exact_match(texts), "cer": character_error_rate(pairs)}


def reader_score(figures: Mapping[str, float]) -> float:
    """The mean of exact match and 1 - CER; higher is better."""
    return (figures["exact"] + 1 - figures["cer"]) / 2


def exact_matches(sets: Mapping[str, Sequence[Pair]]) -> list[Measured]:
    """Exact match of each set that has plates."""
    return [
        Measured(name, "exact", reader_figures(pairs)["exact"], len(pairs)) for name, pairs in sets.items() if pairs
    ]

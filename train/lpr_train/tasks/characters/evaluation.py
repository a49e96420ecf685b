"""Evaluation of a classifier: accuracies on labelled pictures, and the crops that exports are checked with."""

from collections.abc import Mapping, Sequence

import numpy as np

from lpr_edge.contract.base.arrays import Floats, Image
from lpr_edge.contract.preprocess import InputSpec
from lpr_edge.contract.run.samples import Samples, picture_sha256
from lpr_train.augment.keras_views import keras_view
from lpr_train.base.accuracy import is_right, true_label_loss
from lpr_train.base.engine import KerasModel
from lpr_train.base.task import Measured
from lpr_train.data.reader_crops import Crop
from lpr_train.loop.inference import predict
from lpr_train.tasks.characters.samples import prepared

LabelledPictures = tuple[Image, tuple[str, ...]]
"""Input pixels (N, H, W, 3) uint8, and the label of each."""


def accuracies(model: KerasModel, sets: Mapping[str, LabelledPictures], labels: Sequence[str]) -> list[Measured]:
    """Accuracy of a network on each set of pictures.

    Args:
        model: the network.
        sets: pictures by the name of the set.
        labels: the network's alphabet.
    """
    return [
        Measured(
            name, "accuracy", float(is_right(predict(model, pictures)["scores"], truth, labels).mean()), len(truth)
        )
        for name, (pictures, truth) in sets.items()
    ]


def validation_metrics(scores: Floats, truth: Sequence[str], labels: Sequence[str]) -> dict[str, float]:
    """Accuracy and loss on the published validation split.

    Args:
        scores: (N, L) float32, a network's scores.
        truth: the label of each picture.
        labels: the network's alphabet, (L,).
    """
    return {
        "validation_accuracy": float(is_right(scores, truth, labels).mean()),
        "validation_loss": true_label_loss(scores, truth, labels),
    }


def watch_validation(
    model: KerasModel, split: LabelledPictures, labels: Sequence[str], rng: np.random.Generator | None
) -> dict[str, float]:
    """Metrics of a network on the published validation split.

    Args:
        model: the network.
        split: its pictures and labels.
        labels: the network's alphabet.
        rng: of the augmentation by Keras' layers, under which accuracy is measured too; None to leave that out.
    """
    pictures, truth = split
    figures = validation_metrics(predict(model, pictures)["scores"], truth, labels)
    if rng is not None:
        varied = predict(model, np.stack([keras_view(picture, rng) for picture in pictures]))["scores"]
        figures["varied_validation_accuracy"] = validation_metrics(varied, truth, labels)["validation_accuracy"]
    return figures


def score_held_out(
    model: KerasModel,
    held_out: LabelledPictures,
    originals: int,
    others: Mapping[str, LabelledPictures],
    labels: Sequence[str],
) -> dict[str, float]:
    """Score by which the best epoch is chosen, with what it is made of.

    Args:
        model: the network.
        held_out: held-out pictures, then their augmented views.
        originals: number of the pictures without augmentation; 0 where there are no views.
        others: pictures of other data, which count half; empty for none.
        labels: the network's alphabet.
    """
    pictures, truth = held_out
    scores = predict(model, pictures)["scores"]
    right = is_right(scores, truth, labels)
    plain = right[: originals or len(truth)]
    loss = true_label_loss(scores, truth, labels)  # breaks ties
    score = float((plain.mean() + right.mean()) / 2 - 0.02 * min(1.0, loss))
    figures = {"accuracy": float(plain.mean()), "judged_loss": loss}
    if others:
        figures["others_accuracy"] = accuracies(model, others, labels)[0].value
        score = (score + figures["others_accuracy"]) / 2
    return {"score": score} | figures


def balanced_crops(crops: Sequence[Crop], labels: Sequence[str], count: int, rng: np.random.Generator) -> list[Crop]:
    """Choose crops at random, each label equally often as far as there are enough.

    Args:
        crops: to choose from.
        labels: the alphabet.
        count: number of crops to choose.
        rng: source of all random choices.
    """
    by_label = {label: [crop for crop in crops if crop.label == label] for label in labels}
    mixed = {label: [own[i] for i in rng.permutation(len(own))] for label, own in by_label.items()}
    ranked = sorted((place, label) for label, own in mixed.items() for place in range(len(own)))
    return [mixed[label][place] for place, label in ranked[:count]]


def crop_samples(crops: Sequence[Crop], spec: InputSpec, source: str, seed: int) -> Samples:
    """Crops as calibration or parity samples, with their labels as ground truth.

    Args:
        crops: the crops.
        spec: the network's input.
        source: describes them.
        seed: with which they were chosen.
    """
    pictures = tuple(prepared(crop.image_bgr, spec) for crop in crops)
    return Samples(pictures, source, tuple(crop.sha256 for crop in crops), tuple(crop.label for crop in crops), seed)


def rendered_samples(drawn: LabelledPictures, seed: int) -> Samples:
    """Rendered characters as calibration or parity samples; `seed` is that with which they were drawn."""
    pictures, truth = drawn
    return Samples(tuple(pictures), "rendered", tuple(map(picture_sha256, pictures)), truth, seed)

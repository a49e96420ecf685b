"""Plots of a classifier's predictions: confusion matrix, examples, worst mistakes."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lpr_edge.contract.base.arrays import AnyArray, Floats, Image
from lpr_train.base.accuracy import is_right, true_label_losses
from lpr_train.report.plots import confusion, plot_confusion, plot_predictions

SHOWN = 96
"""Number of images in a grid."""


def plot_answers(
    pictures_rgb: Image, truth: Sequence[str], scores: Floats, labels: Sequence[str], out: Path, seed: int
) -> None:
    """Draw `confusion.png`, `predictions.png` and `mistakes.png` into a folder.

    Args:
        pictures_rgb: (N, H, W, 3) uint8, the network's inputs.
        truth: the N true labels.
        scores: (N, L) float32, probabilities.
        labels: label names in the order of the scores.
        out: the folder to write into.
        seed: random seed that selects the examples in the grid.
    """
    found = [labels[number] for number in scores.argmax(axis=1)]
    plot_confusion(confusion(truth, found, labels), labels, out / "confusion.png")

    def draw(shown: AnyArray, name: str) -> None:
        read, sure = [found[i] for i in shown], [float(scores[i].max()) for i in shown]
        plot_predictions([pictures_rgb[i] for i in shown], [truth[i] for i in shown], read, sure, out / name)

    draw(np.sort(np.random.default_rng(seed).permutation(len(truth))[:SHOWN]), "predictions.png")
    draw(worst_mistakes(truth, scores, labels)[:SHOWN], "mistakes.png")


def worst_mistakes(truth: Sequence[str], scores: Floats, labels: Sequence[str]) -> AnyArray:
    """Indices of the misclassified samples, largest loss first."""
    losses = true_label_losses(scores, truth, labels)
    order = np.argsort(-losses, kind="stable")
    return order[~is_right(scores, truth, labels)[order]]

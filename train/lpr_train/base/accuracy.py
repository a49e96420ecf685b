"""Accuracy and loss of a classifier, over all samples and for each class."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from lpr_edge.contract.base.arrays import AnyArray, Floats


def is_right(scores: Floats, truth: Sequence[str], labels: Sequence[str]) -> AnyArray:
    """Compare the top-scoring label with the true one; (N,) bool for scores (N, L)."""
    return np.asarray(np.array(labels)[scores.argmax(axis=1)] == np.array(truth))


def true_label_loss(scores: Floats, truth: Sequence[str], labels: Sequence[str]) -> float:
    """Mean cross-entropy of (N, L) probabilities against the true labels."""
    return float(true_label_losses(scores, truth, labels).mean())


def true_label_losses(scores: Floats, truth: Sequence[str], labels: Sequence[str]) -> Floats:
    """Cross-entropy of each sample: (N,) float32 for probabilities (N, L)."""
    places = [labels.index(label) for label in truth]
    return np.asarray(-np.log(np.maximum(scores[np.arange(len(truth)), places], 1e-7)), np.float32)


def accuracy_metrics(right: AnyArray, truth: Sequence[str], labels: Sequence[str]) -> list[dict[str, Any]]:
    """Compute the accuracy over all samples, the lowest accuracy of any class, and the accuracy of each class.

    Args:
        right: (N,) bool, whether each sample was classified correctly.
        truth: the N true labels.
        labels: all labels of the network; those without a sample are left out.

    Returns:
        One dict for each figure, with the keys metric, value and count.
    """
    own = {label: right[np.array(truth) == label] for label in labels}
    classes = {f"accuracy of {label}": part for label, part in own.items() if len(part)}
    least = min(classes.values(), key=lambda part: float(part.mean()))
    parts = {"accuracy": right, "least class accuracy": least} | classes
    return [{"metric": name, "value": float(part.mean()), "count": len(part)} for name, part in parts.items()]

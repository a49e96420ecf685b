"""How right a classifier is: as a whole, and class by class, so that a rare class's failure is seen."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from lpr_edge.contract.arrays import AnyArray, Floats


def is_right(scores: Floats, truth: Sequence[str], labels: Sequence[str]) -> AnyArray:
    """Whether the highest score is the true label's: (N,) bool for scores (N, L)."""
    return np.asarray(np.array(labels)[scores.argmax(axis=1)] == np.array(truth))


def true_label_loss(scores: Floats, truth: Sequence[str], labels: Sequence[str]) -> float:
    """The mean negative logarithm of the true labels' scores."""
    return float(true_label_losses(scores, truth, labels).mean())


def true_label_losses(scores: Floats, truth: Sequence[str], labels: Sequence[str]) -> Floats:
    """The negative logarithm of each true label's score: (N,) for scores (N, L)."""
    places = [labels.index(label) for label in truth]
    return np.asarray(-np.log(np.maximum(scores[np.arange(len(truth)), places], 1e-7)), np.float32)


def accuracy_metrics(right: AnyArray, truth: Sequence[str], labels: Sequence[str]) -> list[dict[str, Any]]:
    """Accuracy over all, the least of the classes', and each class's.

    Args:
        right: (N,) bool.
        truth: the N true labels.
        labels: all of them; those without a picture are left out.

    Returns:
        Dicts of metric, value and count.
    """
    own = {label: right[np.array(truth) == label] for label in labels}
    classes = {f"accuracy of {label}": part for label, part in own.items() if len(part)}
    least = min(classes.values(), key=lambda part: float(part.mean()))
    parts = {"accuracy": right, "least class accuracy": least} | classes
    return [{"metric": name, "value": float(part.mean()), "count": len(part)} for name, part in parts.items()]

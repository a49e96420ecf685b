"""Losses for heat-map networks. The last channel of each target is the loss weight (see `targets.heat_maps`)."""

from collections.abc import Callable
from typing import Any

from lpr_train.base.engine import load_keras

Loss = Callable[[Any, Any], Any]


def peak_loss(truth: Any, predicted: Any) -> Any:
    """Focal loss of a heat map, divided by the number of peaks (CenterNet, Zhou et al. 2019: alpha 2, beta 4).

    Args:
        truth: (N, h, w, 2): heat map, 1 at peaks, and weight.
        predicted: (N, h, w, 1) in 0..1.
    """
    ops = load_keras().ops
    heat, weight = truth[..., :1], truth[..., 1:]
    p = ops.clip(predicted, 1e-4, 1 - 1e-4)
    is_peak = ops.cast(heat >= 1.0, "float32")
    hits = is_peak * (1 - p) ** 2 * ops.log(p)
    misses = (1 - is_peak) * (1 - heat) ** 4 * p**2 * ops.log(1 - p)
    return -ops.sum(weight * (hits + misses)) / ops.maximum(1.0, ops.sum(is_peak * weight))


def weighted_l1(scale: float) -> Loss:
    """Build a loss: weighted mean absolute error times `scale`; truth (…, K + 1), predicted (…, K)."""

    def loss(truth: Any, predicted: Any) -> Any:
        ops = load_keras().ops
        weight = truth[..., -1:]
        error = ops.mean(ops.abs(truth[..., :-1] - predicted), axis=-1, keepdims=True)
        return scale * ops.sum(weight * error) / ops.maximum(1.0, ops.sum(weight))

    return loss


def weighted_shares(scale: float) -> Loss:
    """Build a loss: weighted cross-entropy of probabilities times `scale`; truth (…, K + 1), predicted (…, K)."""

    def loss(truth: Any, predicted: Any) -> Any:
        ops = load_keras().ops
        weight = truth[..., -1]
        entropy = -ops.sum(truth[..., :-1] * ops.log(predicted + 1e-6), axis=-1)
        return scale * ops.sum(weight * entropy) / ops.maximum(1.0, ops.sum(weight))

    return loss


def weighted_labels(smoothing: float) -> Loss:
    """Build a loss: weighted, label-smoothed cross-entropy of logits (…, K); truth (…, 2): label and weight."""

    def loss(truth: Any, predicted: Any) -> Any:
        ops = load_keras().ops
        count = predicted.shape[-1]
        wanted = ops.one_hot(ops.cast(truth[..., 0], "int32"), count) * (1 - smoothing) + smoothing / count
        entropy = -ops.sum(wanted * ops.log_softmax(predicted), axis=-1)
        weight = truth[..., 1]
        return ops.sum(weight * entropy) / ops.maximum(1.0, ops.sum(weight))

    return loss

"""Losses for heat-map networks. The last channel of each target is the loss weight (see `targets.heat_maps`)."""

from collections.abc import Callable
from typing import Any

from lpr_train.base.engine import load_tensorflow

Loss = Callable[[Any, Any], Any]


def peak_loss(truth: Any, predicted: Any) -> Any:
    """Focal loss of a heat map, divided by the number of peaks (CenterNet, Zhou et al. 2019: alpha 2, beta 4).

    Args:
        truth: (N, h, w, 2): heat map, 1 at peaks, and weight.
        predicted: (N, h, w, 1) in 0..1.
    """
    tf = load_tensorflow()
    heat, weight = truth[..., :1], truth[..., 1:]
    p = tf.clip_by_value(predicted, 1e-4, 1 - 1e-4)
    is_peak = tf.cast(heat >= 1.0, tf.float32)
    hits = is_peak * (1 - p) ** 2 * tf.math.log(p)
    misses = (1 - is_peak) * (1 - heat) ** 4 * p**2 * tf.math.log(1 - p)
    return -tf.reduce_sum(weight * (hits + misses)) / tf.maximum(1.0, tf.reduce_sum(is_peak * weight))


def weighted_l1(scale: float) -> Loss:
    """Build a loss: weighted mean absolute error times `scale`; truth (…, K + 1), predicted (…, K)."""

    def loss(truth: Any, predicted: Any) -> Any:
        tf = load_tensorflow()
        weight = truth[..., -1:]
        error = tf.reduce_mean(tf.abs(truth[..., :-1] - predicted), axis=-1, keepdims=True)
        return scale * tf.reduce_sum(weight * error) / tf.maximum(1.0, tf.reduce_sum(weight))

    return loss


def weighted_shares(scale: float) -> Loss:
    """Build a loss: weighted cross-entropy of probabilities times `scale`; truth (…, K + 1), predicted (…, K)."""

    def loss(truth: Any, predicted: Any) -> Any:
        tf = load_tensorflow()
        weight = truth[..., -1]
        entropy = -tf.reduce_sum(truth[..., :-1] * tf.math.log(predicted + 1e-6), axis=-1)
        return scale * tf.reduce_sum(weight * entropy) / tf.maximum(1.0, tf.reduce_sum(weight))

    return loss


def weighted_labels(smoothing: float) -> Loss:
    """Build a loss: weighted, label-smoothed cross-entropy of logits (…, K); truth (…, 2): label and weight."""

    def loss(truth: Any, predicted: Any) -> Any:
        tf = load_tensorflow()
        count = predicted.shape[-1]
        wanted = tf.one_hot(tf.cast(truth[..., 0], tf.int32), count) * (1 - smoothing) + smoothing / count
        entropy = tf.nn.softmax_cross_entropy_with_logits(wanted, predicted)
        weight = truth[..., 1]
        return tf.reduce_sum(weight * entropy) / tf.maximum(1.0, tf.reduce_sum(weight))

    return loss

"""What a student learns from a teacher's outputs: soft heat maps, soft classes, sizes and corners."""

from typing import Any

from lpr_train.base.engine import load_keras

TEMPERATURE = 2.0
"""Softens both networks' classes (Hinton et al. 2015): unlikely classes say what a character resembles."""
FAINTEST = 0.05
"""Teacher's heat from which a cell's class and size are learnt."""
SIZE_SCALE, CORNERS_SCALE = 2.0, 6.0
"""Weights of sizes and corners, as in the reader's own losses."""


def distillation_loss(student: dict[str, Any], teacher: dict[str, Any]) -> Any:
    """Distance of a student's outputs from a teacher's, which count as constants.

    Heat maps by quality focal loss (Li et al. 2020, beta 2), classes by the divergence of softened probabilities
    (times the squared temperature, Hinton et al. 2015), both weighted by the teacher's heat; the rest by L1.

    Args:
        student: outputs by role, as in `networks.reader`: `centre` (N, h, w, 1) in 0..1, `classes` (N, h, w, K)
            logits, `size` (N, h, w, 2), `corners` (N, 8).
        teacher: outputs of the same shapes.

    Returns:
        A scalar, divided by the sum of the teacher's heat as the reader's losses are by the number of peaks; by at least
        one for each image, since an untrained teacher's heat is faint.
    """
    ops = load_keras().ops
    heat = teacher["centre"]
    weight = ops.where(heat > FAINTEST, heat, 0.0)
    total = ops.maximum(float(heat.shape[0]), ops.sum(weight))
    p = ops.clip(student["centre"], 1e-4, 1 - 1e-4)
    entropy = -(heat * ops.log(p) + (1 - heat) * ops.log(1 - p))
    centre = ops.sum(ops.square(heat - p) * entropy) / total
    soft = ops.log_softmax(teacher["classes"] / TEMPERATURE)
    ours = ops.log_softmax(student["classes"] / TEMPERATURE)
    divergence = ops.sum(ops.exp(soft) * (soft - ours), axis=-1, keepdims=True)
    classes = TEMPERATURE**2 * ops.sum(weight * divergence) / total
    error = ops.mean(ops.abs(student["size"] - teacher["size"]), axis=-1, keepdims=True)
    size = SIZE_SCALE * ops.sum(weight * error) / total
    corners = CORNERS_SCALE * ops.mean(ops.abs(student["corners"] - teacher["corners"]))
    return centre + classes + size + corners

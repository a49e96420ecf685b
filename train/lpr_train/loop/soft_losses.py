"""What a student learns from a teacher's outputs: soft heat maps, soft classes, sizes and corners."""

from typing import Any

from lpr_train.base.engine import load_keras

TEMPERATURE = 2.0
"""Softens both networks' classes (Hinton et al. 2015): unlikely classes say what a character resembles."""
FAINTEST = 0.05
"""Teacher's heat from which a cell's class and size are learnt."""
SIZE_SCALE, CORNERS_SCALE = 2.0, 6.0
"""Weights of sizes and corners, with which they are of the size of the others; also in the reader's loss on labels."""


def distillation_loss(student: dict[str, Any], teacher: dict[str, Any]) -> Any:
    """Distance of a student's outputs from a teacher's, which count as constants: the sum of the losses below.

    Args:
        student: outputs by role, as in `networks.reader`: `centre` (N, h, w, 1) in 0..1, `classes` (N, h, w, K)
            logits, `size` (N, h, w, 2), `corners` (N, 8).
        teacher: outputs of the same shapes.
    """
    heat = teacher["centre"]
    parts = [
        soft_centre(heat, student["centre"]),
        soft_classes(heat, teacher["classes"], student["classes"]),
        soft_size(heat, teacher["size"], student["size"]),
        soft_corners(teacher["corners"], student["corners"]),
    ]
    return sum(parts)


def soft_centre(heat: Any, found: Any) -> Any:
    """Quality focal loss of a heat map (Li et al. 2020, beta 2); both (N, h, w, 1) in 0..1."""
    ops = load_keras().ops
    p = ops.clip(found, 1e-4, 1 - 1e-4)
    entropy = -(heat * ops.log(p) + (1 - heat) * ops.log(1 - p))
    return ops.sum(ops.square(heat - p) * entropy) / _total(heat)


def soft_classes(heat: Any, logits: Any, found: Any) -> Any:
    """Divergence of softened classes times the squared temperature (Hinton et al. 2015), weighted by the heat.

    Args:
        heat: the teacher's, (N, h, w, 1).
        logits: the teacher's, (N, h, w, K).
        found: the student's, of the same shape.
    """
    ops = load_keras().ops
    soft, ours = ops.log_softmax(logits / TEMPERATURE), ops.log_softmax(found / TEMPERATURE)
    divergence = ops.sum(ops.exp(soft) * (soft - ours), axis=-1, keepdims=True)
    return TEMPERATURE**2 * ops.sum(_weight(heat) * divergence) / _total(heat)


def soft_size(heat: Any, size: Any, found: Any) -> Any:
    """Absolute error of sizes (N, h, w, 2), weighted by the teacher's heat (N, h, w, 1)."""
    ops = load_keras().ops
    error = ops.mean(ops.abs(found - size), axis=-1, keepdims=True)
    return SIZE_SCALE * ops.sum(_weight(heat) * error) / _total(heat)


def soft_corners(corners: Any, found: Any) -> Any:
    """Absolute error of the corners' codes, both (N, 8)."""
    ops = load_keras().ops
    return CORNERS_SCALE * ops.mean(ops.abs(found - corners))


def _weight(heat: Any) -> Any:
    return load_keras().ops.where(heat > FAINTEST, heat, 0.0)


def _total(heat: Any) -> Any:
    """Sum of the teacher's heat, by which losses are divided as the reader's are by the number of peaks.

    At least one for each image, since an untrained teacher's heat is faint.
    """
    ops = load_keras().ops
    return ops.maximum(ops.cast(ops.shape(heat)[0], "float32"), ops.sum(_weight(heat)))

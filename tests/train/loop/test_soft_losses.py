"""What a student learns from a teacher's outputs, against values worked out by hand."""

from math import exp, log
from typing import Any

import numpy as np
import pytest

from lpr_edge.contract.base.arrays import Floats
from lpr_train.loop.soft_losses import distillation_loss, soft_centre, soft_classes, soft_corners, soft_size
from lpr_train.tasks.reader.teacher import taught_losses


def cells(*rows: tuple[float, ...]) -> Floats:
    """One picture of one row of cells."""
    return np.asarray([[list(row) for row in rows]], np.float32)


def test_soft_centre_by_hand() -> None:
    """|heat - p|² times the cross-entropy, by the teacher's heat or by one an image, whichever is more."""
    heat, found = cells((0.8,), (0.0,)), cells((0.5,), (0.1,))
    peak = 0.3**2 * -log(0.5)
    empty = 0.1**2 * -log(0.9)
    assert float(soft_centre(heat, found)) == pytest.approx((peak + empty) / 1.0, rel=1e-4)
    bright = cells((0.9,), (0.9,), (0.9,))
    assert float(soft_centre(bright, cells((0.5,), (0.9,), (0.9,)))) == pytest.approx(
        0.4**2 * -log(0.5) / 2.7, rel=1e-4
    )


def test_soft_classes_by_hand() -> None:
    """The divergence of classes softened by a temperature of two, times four, where the teacher sees a character."""
    heat = cells((1.0,), (0.01,))
    teacher, student = cells((2.0, 0.0), (9.0, 0.0)), cells((0.0, 0.0), (0.0, 9.0))
    p = exp(1.0) / (exp(1.0) + 1.0)
    divergence = p * log(p / 0.5) + (1 - p) * log((1 - p) / 0.5)
    assert float(soft_classes(heat, teacher, student)) == pytest.approx(4 * divergence, rel=1e-4)
    assert float(soft_classes(heat, teacher, teacher)) == pytest.approx(0.0, abs=1e-6)


def test_soft_size_and_corners_by_hand() -> None:
    """Mean absolute errors, of sizes where the teacher sees a character."""
    heat = cells((1.0,), (0.0,))
    size = float(soft_size(heat, cells((0.2, 0.4), (9.0, 9.0)), cells((0.3, 0.4), (0.0, 0.0))))
    assert size == pytest.approx(2.0 * 0.05, rel=1e-4)
    corners = float(soft_corners(np.zeros((1, 8), np.float32), np.full((1, 8), 0.5, np.float32)))
    assert corners == pytest.approx(6.0 * 0.5, rel=1e-6)


def outputs(seed: int) -> dict[str, Any]:
    """Random outputs of a reader with three labels for two plates."""
    rng = np.random.default_rng(seed)
    return {
        "centre": rng.random((2, 2, 4, 1), np.float32),
        "classes": rng.standard_normal((2, 2, 4, 3)).astype(np.float32),
        "size": rng.random((2, 2, 4, 2), np.float32),
        "corners": rng.standard_normal((2, 8)).astype(np.float32),
    }


def test_targets_with_a_teacher_weigh_labels_and_its_outputs() -> None:
    """Each role's loss is that of its labels times their weight, plus the distance from the teacher times the trust."""
    teacher, student = outputs(1), outputs(2)
    label_losses = {role: lambda truth, _found: truth.sum() for role in student}
    losses = taught_losses(label_losses, labels_weight=0.25, trust=3.0)
    heat, ones = teacher["centre"], np.ones((2, 2, 4, 2), np.float32)
    truth = {
        "centre": np.concatenate([ones, heat], -1),
        "classes": np.concatenate([ones, heat, teacher["classes"]], -1),
        "size": np.concatenate([ones, ones[..., :1], heat, teacher["size"]], -1),
        "corners": np.concatenate([np.ones((2, 9), np.float32), teacher["corners"]], -1),
    }
    total = sum(float(losses[role](truth[role], student[role])) for role in student)
    labels = 0.25 * (2 * 16 + 2 * 16 + 3 * 16 + 2 * 9)  # as many ones as labels have channels
    assert total == pytest.approx(labels + 3.0 * float(distillation_loss(student, teacher)), rel=1e-4)

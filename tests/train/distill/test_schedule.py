"""Learning rates and weights over a distillation."""

import pytest

from lpr_train.distill.config import DistillConfig
from lpr_train.distill.schedule import numbers_at


def test_the_teacher_is_trusted_once_it_has_learnt() -> None:
    """At first labels alone count; later the teacher's outputs by `trust` and the labels by `labels_weight`."""
    config = DistillConfig(trust=1.5, labels_weight=0.5)
    assert (numbers_at(config, 0.0, 0)["trust"], numbers_at(config, 0.0, 0)["labels"]) == (0.0, 1.0)
    assert (numbers_at(config, 0.3, 9)["trust"], numbers_at(config, 0.3, 9)["labels"]) == (1.5, 0.5)
    assert 0.0 < numbers_at(config, 0.2, 9)["trust"] < 1.5


def test_learning_rates_rise_and_fall_to_the_last_one() -> None:
    """A linear warm-up from the final rate, then a cosine down to it again."""
    config = DistillConfig(learning_rate=1e-3, teacher_learning_rate=2e-3, final_learning_rate=1e-5)
    start, peak, end = (numbers_at(config, done, 0) for done in (0.0, 0.04, 1.0))
    assert start["student_rate"] == end["student_rate"] == pytest.approx(1e-5)
    assert peak["student_rate"] == pytest.approx(1e-3 + 1e-5)
    assert peak["teacher_rate"] == pytest.approx(2e-3 + 1e-5)

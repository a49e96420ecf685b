"""Learning rates and loss weights of a distillation, by the part of it that is done."""

import math

from lpr_train.distill.config import DistillConfig

WARM_UP = 0.04
"""Part of the run in which the learning rates rise."""
TEACHER_ALONE, TEACHER_TRUSTED = 0.08, 0.3
"""Parts of the run before which the teacher isn't trusted, and from which it is fully."""
NEW_EMA = 20.0
"""Steps in which the EMA's decay begins to rise: twice as many as in `loop.ema`, since the teacher begins at random."""


def numbers_at(config: DistillConfig, done: float, step: int) -> dict[str, float]:
    """The numbers of a training step.

    Args:
        config: the run's settings.
        done: part of the run that is over, 0 to 1.
        step: number of the step, from 0.
    """
    rise = min(1.0, done / WARM_UP)
    fall = 0.5 * (1.0 + math.cos(math.pi * min(1.0, max(0.0, done - WARM_UP) / (1.0 - WARM_UP))))
    trusted = min(1.0, max(0.0, (done - TEACHER_ALONE) / (TEACHER_TRUSTED - TEACHER_ALONE)))
    return {
        "teacher_rate": config.teacher_learning_rate * rise * fall + config.final_learning_rate,
        "student_rate": config.learning_rate * rise * fall + config.final_learning_rate,
        "decay": min(config.ema, (1.0 + step) / (NEW_EMA + step)),
        "trust": config.trust * trusted,
        "labels": 1.0 + (config.labels_weight - 1.0) * trusted,
    }

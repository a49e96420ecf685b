"""Pacing: the schedule of a run with a time limit ends when the time does, on a slow machine after fewer epochs.

Without it, a run that is cut by its limit would end at a high learning rate.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lpr_train.base.engine import load_keras, load_tensorflow


@dataclass(frozen=True)
class Pace:
    """How the schedule runs through the next epoch."""

    done: float
    """Epochs of the schedule that are done."""
    speed: float
    """Epochs of the schedule that the next epoch takes: 1 unless the time is short."""


def pace(seconds: Sequence[float], epochs: int, minutes: float) -> Pace:
    """Plan the next epoch so that the schedule ends with the last epoch that begins within the time limit.

    Args:
        seconds: how long each epoch took so far.
        epochs: of the whole schedule.
        minutes: the time limit; 0 for none.
    """
    next_one = Pace(0.0, 1.0)
    for count in range(1, len(seconds) + 1):
        done = min(float(epochs), next_one.done + next_one.speed)
        next_one = Pace(done, _speed(seconds[:count], done, epochs, minutes))
    return next_one


def _speed(seconds: Sequence[float], done: float, epochs: int, minutes: float) -> float:
    if minutes <= 0:
        return 1.0
    left_s, mean_s = 60 * minutes - sum(seconds), sum(seconds) / len(seconds)
    in_time = math.ceil(left_s / mean_s) if mean_s > 0 else epochs
    return max(1.0, (epochs - done) / max(1, in_time))


class Pacer:
    """Lets a learning rate's schedule run faster than the steps."""

    def __init__(self, steps_per_epoch: int) -> None:
        """Begin at the speed of the steps; must be created within the strategy's scope.

        Args:
            steps_per_epoch: steps of one epoch of the schedule.
        """
        tf = load_tensorflow()
        self._steps = steps_per_epoch
        self._offset, self._speed = (tf.Variable(value, trainable=False) for value in (0.0, 1.0))

    def plan(self, next_epoch: Pace, epoch: int) -> None:
        """Set place and speed from the next step on.

        Args:
            next_epoch: its place in the schedule, and its speed.
            epoch: number of epochs that are trained already.
        """
        self._speed.assign(next_epoch.speed)
        self._offset.assign(self._steps * (next_epoch.done - next_epoch.speed * epoch))

    def paced(self, schedule: Any) -> Any:
        """A schedule of Keras that is asked for its own place rather than for the optimiser's step."""
        keras, tf = load_keras(), load_tensorflow()
        base: Any = keras.optimizers.schedules.LearningRateSchedule

        class Paced(base):
            def __call__(_, step: Any) -> Any:  # noqa: N805 - `self` is the pacer
                return schedule(self._offset + self._speed * tf.cast(step, tf.float32))

        return Paced()

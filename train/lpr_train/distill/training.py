"""The loop of a distillation: samples from processes, one compiled step for the teacher and its student."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lpr_edge.contract.base.errors import LprError
from lpr_train.base.engine import KerasModel
from lpr_train.base.interrupt import StopRequest
from lpr_train.distill.config import DistillConfig
from lpr_train.distill.network import JaxNetwork
from lpr_train.distill.schedule import numbers_at
from lpr_train.distill.step import DistillationStep
from lpr_train.distill.workers import ReplayBuffer, SampleWorkers
from lpr_train.loop.losses import Loss


@dataclass
class Distillation:
    """A teacher and its student in training.

    Args:
        config: the run's settings.
        teacher: the large network, float32 or mixed precision.
        student: the network for the device.
        losses: the loss of each output role on labels.
        workers: make the samples.
    """

    config: DistillConfig
    teacher: KerasModel
    student: KerasModel
    losses: dict[str, Loss]
    workers: SampleWorkers
    history: list[dict[str, float]] = field(default_factory=list)

    def run(self, after_epoch: Callable[["Distillation", int], None]) -> bool:
        """Train to the last epoch or the time limit; returns whether Ctrl-C ended it.

        Args:
            after_epoch: called with the number of each epoch that is done, from 1.

        Raises:
            LprError: a sample couldn't be made, or the loss isn't finite.
        """
        config = self.config
        teacher = JaxNetwork(self.teacher, config.teacher_weight_decay, config.clip_norm)
        student = JaxNetwork(self.student, config.weight_decay, config.clip_norm)
        self._networks, self._step = (teacher, student), DistillationStep(teacher, student, self.losses)
        self._buffer, self._rng = ReplayBuffer(config.kept_batches), np.random.default_rng((config.seed, 12))
        self._started, self._steps = time.monotonic(), 0
        with StopRequest() as stop:
            for epoch in range(1, config.epochs + 1):
                self.history.append({"epoch": float(epoch), **self._epoch(stop)})
                after_epoch(self, epoch)
                if stop.asked or self.is_over:
                    break
            return stop.asked

    @property
    def is_over(self) -> bool:
        """Whether the last epoch or the time limit is reached."""
        return self._done >= 1.0

    def load_smoothed(self) -> None:
        """Give the models their EMA weights."""
        for network, values in zip(self._networks, self._step.values, strict=True):
            network.model.set_weights(network.weights(values))

    @property
    def _done(self) -> float:
        config = self.config
        by_steps = self._steps / (config.epochs * config.steps_per_epoch)
        minutes = (time.monotonic() - self._started) / 60
        return max(by_steps, minutes / config.minutes) if config.minutes else by_steps

    def _epoch(self, stop: StopRequest) -> dict[str, float]:
        began, losses, again = time.monotonic(), [], 0
        for _ in range(self.config.steps_per_epoch):
            pixels, targets, change = self._batch()
            again += int(change)
            numbers = numbers_at(self.config, self._done, self._steps) | {"change": change}
            losses.append(self._step.run(pixels, targets, numbers))
            self._steps += 1
            if len(losses) >= 2:
                losses[-2] = [float(loss) for loss in losses[-2]]  # waits: at most one step is on its way
            if stop.asked or self.is_over:
                break
        means = np.mean([[float(loss) for loss in row] for row in losses], axis=0)
        if not np.isfinite(means).all():
            raise LprError("The loss isn't finite any more. Lower --learning-rate and --teacher-learning-rate.")
        rate = numbers_at(self.config, self._done, self._steps)["student_rate"]
        figures = dict(zip(("teacher_loss", "loss"), map(float, means), strict=True))
        return figures | {"repeated": again / len(losses), "learning_rate": rate, "seconds": time.monotonic() - began}

    def _batch(self) -> tuple[Any, dict[str, Any], float]:
        """A new batch, or one of known samples, changed, if none is ready; and whether it is one of these."""
        repeat = self._buffer.may_repeat(self.config.repeats)
        batch = self.workers.next(wait=not repeat)
        if batch is None:
            return (*self._buffer.draw(self._rng), 1.0)
        self._buffer.add(batch)
        return (*batch, 0.0)

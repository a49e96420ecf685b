"""The training loop for any task, with checkpoints, EMA, early stopping and resumption."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.run.folder import CHECKPOINT
from lpr_train.base.engine import KerasModel, load_keras, load_tensorflow
from lpr_train.base.interrupt import StopRequest
from lpr_train.base.progress import Progress
from lpr_train.base.task import LearnsFromModel, Task
from lpr_train.data.stream import SampleStream, Share, steps_per_epoch
from lpr_train.loop.checkpoint import FitState, read_checkpoint, write_checkpoint
from lpr_train.loop.distribution import Workplace, check_batch, open_strategy
from lpr_train.loop.ema import WeightEma
from lpr_train.loop.optimizer import make_optimizer
from lpr_train.loop.pacing import Pacer, pace
from lpr_train.loop.stepping import Stepper
from lpr_train.loop.warm_start import load_initial_weights


@dataclass(frozen=True)
class Fitted:
    """Result of a training run."""

    model: KerasModel
    """the network with the kept weights"""
    state: FitState
    """the state at the end"""
    interrupted: bool
    """whether Ctrl-C ended the run early"""


def fit(task: Task, out: Path, resume: bool = False) -> Fitted:
    """Train a task's network; returns it with the weights of its best epoch.

    Args:
        task: what to train.
        out: the run folder; its checkpoint is replaced after every epoch.
        resume: go on from the checkpoint in `out`, exactly as if the run had never stopped.

    Raises:
        LprError: no usable checkpoint to resume from, `init` doesn't fit the network, or a sample couldn't be made.
    """
    workplace = Workplace.from_environment()
    strategy = open_strategy(workplace)
    check_batch(task.config.batch_size, strategy.num_replicas_in_sync)
    state = read_checkpoint(out / CHECKPOINT) if resume else FitState()
    load_keras().utils.set_random_seed(task.config.seed)
    with strategy.scope():
        model = task.build()
        if task.config.init and not resume:
            load_initial_weights(model, Path(task.config.init))
        loop = _Loop(task, model, state, out / CHECKPOINT, workplace, strategy)
        loop.run()
    kept = task.build()  # without the optimiser, whose state would make the file much larger
    kept.set_weights(state.weights["best"])
    return Fitted(kept, state, loop.stop.asked)


class _Loop:
    """One call of `fit`. All workers run it in lockstep; only the chief writes files."""

    def __init__(
        self, task: Task, model: KerasModel, state: FitState, checkpoint: Path, workplace: Workplace, strategy: Any
    ) -> None:
        self._task, self._model, self._state, self._checkpoint = task, model, state, checkpoint
        self._workplace, self._strategy = workplace, strategy
        self._config = task.config
        self._steps = steps_per_epoch(task, strategy.num_replicas_in_sync)
        self.stop = StopRequest()
        # Workers would measure different times, and must not train at different rates.
        self._pacer = Pacer(self._steps) if self._config.minutes and workplace.workers == 1 else None
        optimizer = make_optimizer(self._config, self._steps, strategy.num_replicas_in_sync, self._pacer)
        self._stepper = Stepper(task, model, optimizer, strategy)
        self._average = WeightEma(model, self._config.ema)
        if state.epoch:
            self._restore()
        elif self._config.init:
            self._update_task_data()  # what the weights began from knows already

    def run(self) -> None:
        """Train from the state's epoch to the last one, or until stopped."""
        config, state = self._config, self._state
        if state.epoch >= config.epochs or self._is_over():
            return
        stream = SampleStream(self._task)
        self._progress = Progress(self._task.kind, config.epochs, self._steps, state.epoch)
        self._epoch_started = time.monotonic()
        try:
            with self.stop:
                batches = iter(self._batches(stream))
                while state.epoch < config.epochs and not self._agreed(self._is_over()):
                    self._set_pace()
                    self._epoch_ended(state.epoch, self._train(batches))
                    if self._agreed(self.stop.asked):
                        break
        except load_tensorflow().errors.OpError as error:
            raise stream.failure or error from error
        finally:
            self._progress.close()

    def _batches(self, stream: SampleStream) -> Any:
        replicas, first, last = self._strategy.num_replicas_in_sync, self._state.epoch, self._config.epochs
        return self._strategy.distribute_datasets_from_function(
            lambda place: stream.dataset(
                first, last, Share(place.input_pipeline_id, place.num_input_pipelines, replicas)
            )
        )

    def _train(self, batches: Iterator[Any]) -> dict[str, float]:
        """Run the steps of one epoch; returns the mean of each figure."""
        logs: dict[str, float] = {}
        for batch, logs in enumerate(self._stepper.run(batches, self._steps)):
            if not math.isfinite(logs["loss"]):
                raise LprError(
                    f"The loss became {logs['loss']} in epoch {self._state.epoch + 1}. "
                    "Lower --learning-rate and start again."
                )
            self._average.update(self._state.epoch * self._steps + batch)
            self._progress.step(logs["loss"])
            if self.stop.asked and self._workplace.workers == 1:
                break  # other workers would wait for this one's next step without end
        return logs

    def _set_pace(self) -> None:
        """Run through the learning rate's schedule faster where the time limit cuts its last epochs."""
        if self._pacer:
            seconds = [row["seconds"] for row in self._state.history]
            self._pacer.plan(pace(seconds, self._config.epochs, self._config.minutes), self._state.epoch)

    def _agreed(self, is_requested: bool) -> bool:
        """Whether any worker asks for it. Workers must stop together, or one would wait for the others forever."""
        if self._workplace.workers == 1:
            return is_requested
        tf = load_tensorflow()
        requests = self._strategy.run(lambda: tf.constant(float(is_requested)))
        return float(self._strategy.reduce(tf.distribute.ReduceOp.SUM, requests, axis=None)) > 0.0

    def _epoch_ended(self, epoch: int, logs: dict[str, float]) -> None:
        state = self._state
        if self.stop.asked and state.best_epoch:
            return  # half an epoch: the best so far stands, and --resume does this epoch again
        is_last = epoch + 1 == self._config.epochs or self.stop.asked
        due = is_last or (epoch + 1) % self._config.validate_every == 0
        figures = self._evaluate() if due else {}
        is_best = self._note_best(epoch + 1, figures) if due else False
        row = {"epoch": float(epoch + 1), **logs, "learning_rate": float(self._stepper.optimizer.learning_rate)}
        now = time.monotonic()
        state.history.append(row | figures | {"seconds": now - self._epoch_started})
        self._epoch_started = now
        state.epoch = epoch + 1
        self._save()
        self._progress.epoch(state.history[-1], is_best)

    def _evaluate(self) -> dict[str, float]:
        """Validate with the EMA weights, then restore the raw ones."""
        raw = self._model.get_weights()
        self._model.set_weights(self._average.values())
        try:
            self._update_task_data()
            return {key: float(value) for key, value in self._task.validate(self._model).items()}
        finally:
            self._model.set_weights(raw)

    def _note_best(self, epoch: int, figures: dict[str, float]) -> bool:
        score = figures.get("score", math.inf)  # a task that holds nothing out keeps its last epoch
        is_better = score >= self._state.best_score  # False for NaN
        if self._state.best_epoch and not is_better:
            return False
        self._state.best_epoch, self._state.best_score = epoch, score
        self._state.weights["best"] = self._average.values()
        return True

    def _is_over(self) -> bool:
        waited = self._state.epoch - self._state.best_epoch
        is_late = 0 < self._config.minutes <= self._state.minutes and self._state.epoch > 0
        return is_late or (0 < self._config.patience <= waited and self._state.best_epoch > 0)

    def _save(self) -> None:
        parts = {
            "model": _values(_variables(self._model)),
            "optimizer": _values(self._stepper.optimizer.variables),
            "average": self._average.values(),
        }
        self._state.weights |= parts
        if self._workplace.is_chief:
            write_checkpoint(self._checkpoint, self._state)

    def _restore(self) -> None:
        weights = self._state.weights
        shapes = [tuple(variable.shape) for variable in _variables(self._model)]
        if shapes != [value.shape for value in weights["model"]]:
            raise LprError(
                f"{self._checkpoint} holds another network than these settings make. "
                "Resume with the run's own settings, or start a new run without --resume."
            )
        for variables, part in ((_variables(self._model), "model"), (self._stepper.optimizer.variables, "optimizer")):
            for variable, value in zip(variables, weights[part], strict=True):
                variable.assign(value)
        self._average.restore(weights["average"])
        raw = self._model.get_weights()
        self._model.set_weights(self._average.values())
        self._update_task_data()
        self._model.set_weights(raw)

    def _update_task_data(self) -> None:
        if isinstance(self._task, LearnsFromModel):
            self._task.learn_from(self._model)


def _variables(model: KerasModel) -> list[Any]:
    """All variables of a network, including the states of its random layers."""
    return [*model.trainable_variables, *model.non_trainable_variables]


def _values(variables: list[Any]) -> list[Any]:
    return [np.array(variable.numpy()) for variable in variables]

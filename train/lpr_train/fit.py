"""The training loop: any task, with checkpoints, averaging of weights, early stopping and resumption."""

import math
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from lpr_edge.contract.arrays import Floats, Image
from lpr_edge.contract.errors import LprError
from lpr_train.averaging import WeightAverage
from lpr_train.checkpoint import FitState, read_checkpoint, write_checkpoint
from lpr_train.engine import KerasModel, load_keras, load_tensorflow
from lpr_train.interrupt import StopRequest
from lpr_train.optimizer import make_optimizer
from lpr_train.progress import Progress
from lpr_train.stream import SampleStream
from lpr_train.task import LearnsFromModel, Task
from lpr_train.warm_start import start_from

CHECKPOINT = Path("checkpoint") / "last.npz"
"""Where a run folder keeps its state."""


@dataclass(frozen=True)
class Fitted:
    """What training came to."""

    model: KerasModel
    """the network, with the weights that are kept"""
    state: FitState
    """how it got there"""
    interrupted: bool
    """whether Ctrl-C ended it early"""


def fit(task: Task, out: Path, resume: bool = False) -> Fitted:
    """Train a task's network, and return it with the weights of its best epoch.

    Args:
        task: what to train.
        out: the run folder; its checkpoint is replaced after every epoch.
        resume: go on from the checkpoint in `out`, exactly as if the run had never stopped.

    Raises:
        LprError: there is no usable checkpoint to resume from, or `init` doesn't fit; or a sample couldn't be made.
    """
    keras = load_keras()
    state = read_checkpoint(out / CHECKPOINT) if resume else FitState()
    keras.utils.set_random_seed(task.config.seed)
    model = task.build()
    if task.config.init and not resume:
        start_from(model, Path(task.config.init))
    loop = _Loop(task, model, state, out / CHECKPOINT)
    loop.run()
    kept = task.build()  # without the optimiser, which would make the file three times as large
    kept.set_weights(state.weights["best"])
    return Fitted(kept, state, loop.stop.asked)


class _Loop:
    """One call of `fit`: Keras steps, and calls back after each step and epoch."""

    def __init__(self, task: Task, model: KerasModel, state: FitState, checkpoint: Path) -> None:
        self._task, self._model, self._state, self._checkpoint = task, model, state, checkpoint
        self._config = task.config
        self.stop = StopRequest()
        model.compile(optimizer=make_optimizer(self._config), loss=task.losses(), jit_compile=False)
        model.optimizer.build(model.trainable_variables)
        self._average = WeightAverage(model, self._config.ema)
        if state.epoch:
            self._restore()

    def run(self) -> None:
        """Train from the state's epoch to the last one, or until stopped."""
        config, state = self._config, self._state
        if state.epoch >= config.epochs or self._is_over():
            return
        stream = SampleStream(self._task)
        steps = config.steps_per_epoch
        per_epoch = steps * config.batch_size
        self._progress = Progress(self._task.kind, config.epochs, steps, state.epoch)
        self._epoch_started = time.monotonic()
        try:
            with self.stop:
                self._model.fit(
                    stream.dataset(state.epoch * per_epoch, config.epochs * per_epoch),
                    steps_per_epoch=steps,
                    initial_epoch=state.epoch,
                    epochs=config.epochs,
                    verbose=0,
                    shuffle=False,  # the indices are the order
                    callbacks=[self._callbacks()],
                )
        except load_tensorflow().errors.OpError as error:
            raise stream.failure or error from error
        finally:
            self._progress.close()

    def _callbacks(self) -> Any:
        return load_keras().callbacks.LambdaCallback(
            on_train_batch_end=self._batch_ended, on_epoch_end=self._epoch_ended
        )

    def _batch_ended(self, batch: int, logs: dict[str, float]) -> None:
        loss, epoch = logs["loss"], self._state.epoch + 1
        if not math.isfinite(loss):
            raise LprError(f"The loss became {loss} in epoch {epoch}. Lower --learning-rate and start again.")
        self._average.update(self._state.epoch * self._config.steps_per_epoch + batch)
        self._progress.step(loss)
        if self.stop.asked:
            self._model.stop_training = True

    def _epoch_ended(self, epoch: int, logs: dict[str, float]) -> None:
        state = self._state
        if self.stop.asked and state.best_epoch:
            return  # half an epoch: the best so far stands, and --resume does this epoch again
        is_last = epoch + 1 == self._config.epochs or self.stop.asked
        due = is_last or (epoch + 1) % self._config.validate_every == 0
        figures = self._judge() if due else {}
        is_best = self._note_best(epoch + 1, figures) if due else False
        row = {"epoch": float(epoch + 1), **logs, "learning_rate": float(self._model.optimizer.learning_rate)}
        now = time.monotonic()
        state.history.append(row | figures | {"seconds": now - self._epoch_started})
        self._epoch_started = now
        state.epoch = epoch + 1
        self._save()
        self._progress.epoch(state.history[-1], is_best)
        self._model.stop_training = self._model.stop_training or self._is_over()

    def _judge(self) -> dict[str, float]:
        """Validate the averaged weights, and put the raw ones back."""
        raw = self._model.get_weights()
        self._model.set_weights(self._average.values())
        try:
            self._teach_task()
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
        return 0 < self._config.patience <= waited and self._state.best_epoch > 0

    def _save(self) -> None:
        parts = {
            "model": _values(_variables(self._model)),
            "optimizer": _values(self._model.optimizer.variables),
            "average": self._average.values(),
        }
        self._state.weights |= parts
        write_checkpoint(self._checkpoint, self._state)

    def _restore(self) -> None:
        weights = self._state.weights
        shapes = [tuple(variable.shape) for variable in _variables(self._model)]
        if shapes != [value.shape for value in weights["model"]]:
            raise LprError(
                f"{self._checkpoint} holds another network than these settings make. "
                "Resume with the run's own settings, or start anew without --resume."
            )
        for variables, part in ((_variables(self._model), "model"), (self._model.optimizer.variables, "optimizer")):
            for variable, value in zip(variables, weights[part], strict=True):
                variable.assign(value)
        self._average.restore(weights["average"])
        raw = self._model.get_weights()
        self._model.set_weights(self._average.values())
        self._teach_task()
        self._model.set_weights(raw)

    def _teach_task(self) -> None:
        if isinstance(self._task, LearnsFromModel):
            self._task.learn_from(self._model)


def _variables(model: KerasModel) -> list[Any]:
    """All that a network remembers, the states of its random layers included."""
    return [*model.trainable_variables, *model.non_trainable_variables]


def _values(variables: list[Any]) -> list[Any]:
    return [np.array(variable) for variable in variables]


@lru_cache(maxsize=4)
def _compiled(model: KerasModel) -> Any:
    tf = load_tensorflow()
    signature = tf.TensorSpec([None, *model.input_shape[1:]], tf.uint8)
    return tf.function(
        lambda pixels: model(tf.cast(pixels, tf.float32) / 255.0, training=False), input_signature=[signature]
    )


def predict(model: KerasModel, pixels: Image, batch_size: int = 128) -> dict[str, Floats]:
    """Run the network over prepared pictures, compiled once a network.

    Args:
        model: outputs a dict by role.
        pixels: (N, H, W, C) uint8.
        batch_size: pictures at a time.

    Returns:
        float32 arrays (N, …) by role.
    """
    call = _compiled(model)
    parts = [call(pixels[start : start + batch_size]) for start in range(0, len(pixels), batch_size)]
    return {role: np.concatenate([part[role].numpy() for part in parts]) for role in parts[0]}

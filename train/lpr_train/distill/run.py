"""A distillation from data to run folders: the student's, and the teacher's inside it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.run.folder import METRICS
from lpr_train.base.engine import KerasModel, load_keras, use_jax
from lpr_train.distill.config import DistillConfig
from lpr_train.distill.training import Distillation
from lpr_train.distill.workers import SampleWorkers
from lpr_train.loop.checkpoint import FitState
from lpr_train.loop.fit import Fitted
from lpr_train.loop.warm_start import load_initial_weights
from lpr_train.networks.teacher import teacher_network
from lpr_train.runs.run_folder import open_run, write_run
from lpr_train.tasks.reader.exported import ExportedReader
from lpr_train.tasks.reader.task import ReaderTask

TEACHER = "teacher"
"""Folder of the teacher's run, inside the student's."""


def distill(config: DistillConfig, out: Path) -> dict[str, Any]:
    """Train a teacher and a reader together, and write a run folder for each.

    Args:
        config: the run's settings.
        out: the reader's run folder; the teacher's is `out/teacher`.

    Returns:
        The contents of the reader's metrics.json.

    Raises:
        LprError: JAX isn't installed, no reader is there to align characters by, or a sample can't be made.
    """
    if not config.align:
        raise LprError("A distillation needs a reader that locates characters: give its .tflite by --align.")
    if (out / METRICS).exists():
        raise LprError(f"{out} already holds a run. Give another --out.")
    task = ReaderTask(config)
    task.learn_from_exported(ExportedReader(Path(config.align)))
    open_run(out, config.as_reader())
    workers = SampleWorkers(task.sample, config.batch_size, config.workers)  # JAX isn't safe to fork once it runs
    try:
        use_jax()
        student = task.build()
        teacher = _teacher(config, student, _fast_policy())
        if config.init:
            load_initial_weights(student, Path(config.init))
        training = Distillation(config, teacher, student, task.losses(), workers)
        keeper = _Keeper(task)
        interrupted = training.run(keeper.after_epoch)
        training.load_smoothed()
    finally:
        workers.close()
    return _write(task, training, keeper, interrupted, out)


def _fast_policy() -> str:
    """Half precision on a GPU, whose matrix units are made for it."""
    import jax

    return "mixed_bfloat16" if jax.default_backend() == "gpu" else "float32"


def _teacher(config: DistillConfig, student: KerasModel, policy: str) -> KerasModel:
    """Build a teacher with the student's outputs, computed by one of Keras' dtype policies."""
    dtypes = load_keras().config
    dtypes.set_dtype_policy(policy)
    try:
        labels = student.output["classes"].shape[-1]
        return teacher_network(labels, student.input_shape[1:3], config.teacher_width, config.dropout)
    finally:
        dtypes.set_dtype_policy("float32")


class _Keeper:
    """Validates the student after some epochs, prints each epoch, and keeps the best weights."""

    def __init__(self, task: ReaderTask) -> None:
        self._task = task
        self.best: tuple[float, int, list[Any]] = (float("-inf"), 0, [])

    def after_epoch(self, training: Distillation, epoch: int) -> None:
        config, row = self._task.config, training.history[-1]
        if epoch % config.validate_every == 0 or training.is_over:
            training.load_smoothed()
            student = training.student
            row |= {key: float(value) for key, value in self._task.validate(student).items()}
            if row.get("score", float("inf")) >= self.best[0]:
                self.best = (row.get("score", float("inf")), epoch, student.get_weights())
        score = f", score {row['score']:.4f}" if "score" in row else ""
        print(
            f"epoch {epoch}: loss {row['loss']:.4f}, teacher's {row['teacher_loss']:.4f}{score}, "
            f"{row['seconds']:.0f} s, {row['repeated']:.0%} seen before",
            flush=True,
        )


def _write(task: ReaderTask, training: Distillation, keeper: _Keeper, interrupted: bool, out: Path) -> dict[str, Any]:
    score, epoch, weights = keeper.best
    student = training.student
    teacher = _teacher(training.config, student, "float32")
    teacher.set_weights(training.teacher.get_weights())
    student.set_weights(weights or student.get_weights())
    state = FitState(len(training.history), epoch or len(training.history), score, training.history)
    open_run(out / TEACHER, training.config.as_reader())
    write_run(task, Fitted(teacher, replace(state, best_epoch=state.epoch), interrupted), out / TEACHER)
    return write_run(task, Fitted(student, state, interrupted), out)

"""Training steps: forward pass, loss, gradients and update, on all devices of a strategy."""

from collections.abc import Iterator
from typing import Any

from lpr_train.base.engine import KerasModel, load_tensorflow
from lpr_train.base.task import ReportsBatchMetrics, Task
from lpr_train.loop.fused_batch_norm import fuse_batch_normalisation


class Stepper:
    """Trains a network batch by batch; must be created within the strategy's scope.

    Each replica gets a part of the batch. Gradients are averaged before they are clipped, so that the update is that
    of the whole batch on one device. Only batch normalisation uses the statistics of each part; its running statistics
    are averaged after each step.
    """

    def __init__(self, task: Task, model: KerasModel, optimizer: Any, strategy: Any) -> None:
        self.optimizer = optimizer
        self._task, self._model, self._strategy = task, model, strategy
        self._losses = task.losses()
        fuse_batch_normalisation(model)
        optimizer.build(model.trainable_variables)
        self._step = load_tensorflow().function(self._distributed)

    def run(self, batches: Iterator[Any], count: int) -> Iterator[dict[str, float]]:
        """Train on `count` batches; yields after each one the running means of all figures, including `loss`."""
        sums: dict[str, float] = {}
        seen = 0
        for _ in range(count):
            size, figures = self._step(next(batches))
            seen += int(size)
            for name, value in figures.items():
                sums[name] = sums.get(name, 0.0) + float(value) * int(size)
            yield {name: value / seen for name, value in sums.items()}

    def _distributed(self, batch: Any) -> Any:
        """Run one step on all replicas; returns the batch size and the mean of each figure."""
        tf = load_tensorflow()
        size, figures = self._strategy.run(self._on_replica, args=batch)
        self._share_statistics()
        sum_, mean = tf.distribute.ReduceOp.SUM, tf.distribute.ReduceOp.MEAN
        means = {name: self._strategy.reduce(mean, value, axis=None) for name, value in figures.items()}
        return self._strategy.reduce(sum_, size, axis=None), means

    def _on_replica(self, pixels: Any, targets: dict[str, Any]) -> Any:
        tf = load_tensorflow()
        with tf.GradientTape() as tape:
            found = self._model(pixels, training=True)
            losses = {role: tf.reduce_mean(loss(targets[role], found[role])) for role, loss in self._losses.items()}
            total = tf.add_n(list(losses.values()))
        self.optimizer.apply(self._shared(tape.gradient(total, self._variables)), self._variables)
        parts = {f"{role}_loss": value for role, value in losses.items()} if len(losses) > 1 else {}
        watched = self._task.watch(targets, found) if isinstance(self._task, ReportsBatchMetrics) else {}
        return tf.shape(pixels)[0], {"loss": total} | parts | watched

    def _share_statistics(self) -> None:
        """Average the non-trainable state of layers over the replicas: Keras keeps one for each."""
        tf = load_tensorflow()
        kept = [variable.value for variable in self._model.non_trainable_variables if "float" in variable.dtype]
        if self._strategy.num_replicas_in_sync == 1 or not kept:
            return
        values = self._strategy.run(lambda: [tf.identity(variable) for variable in kept])
        for variable, value in zip(kept, values, strict=True):
            variable.assign(self._strategy.reduce(tf.distribute.ReduceOp.MEAN, value, axis=None))

    @property
    def _variables(self) -> list[Any]:
        return list(self._model.trainable_variables)

    def _shared(self, gradients: list[Any]) -> list[Any]:
        """Mean gradients over the replicas, divided by their number, because Keras' optimisers sum over replicas."""
        tf = load_tensorflow()
        replicas = self._strategy.num_replicas_in_sync
        if replicas == 1:
            return gradients
        mean = tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.MEAN, gradients)
        return [gradient / replicas for gradient in mean]

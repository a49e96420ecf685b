"""Training samples as a tf.data pipeline: made in parallel, batched, scaled on the graph."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from lpr_train.base.engine import load_tensorflow
from lpr_train.base.task import Task, samples_per_epoch


def steps_per_epoch(task: Task, replicas: int = 1) -> int:
    """Batches in an epoch, including the smaller last one if a single device takes it."""
    whole, rest = divmod(samples_per_epoch(task), task.config.batch_size)
    return whole + (1 if rest and replicas == 1 else 0)


@dataclass(frozen=True)
class Share:
    """The part of each batch that this process makes: samples are the same for any number of machines."""

    pipeline: int = 0
    """index of this machine's pipeline, from 0"""
    pipelines: int = 1
    """number of pipelines that make a batch together"""
    replicas: int = 1
    """number of devices that share a batch; they get as many smaller batches in sequence"""


class SampleStream:
    """The samples of a task as a data set of (pixels, targets by role).

    An exception in a worker thread reaches the training loop as an opaque TensorFlow error; `failure` keeps the
    original of the first one.
    """

    def __init__(self, task: Task) -> None:
        """Make sample 0 once to find the shapes."""
        self._task = task
        self.failure: Exception | None = None
        cv2.setNumThreads(1)  # samples are made in parallel already
        pixels, targets = task.sample(0)
        self._roles = sorted(targets)
        self._shapes = [pixels.shape, *(targets[role].shape for role in self._roles)]

    def _make(self, index: np.int64) -> list[Any]:
        try:
            pixels, targets = self._task.sample(int(index))
        except Exception as error:
            self.failure = self.failure or error
            raise
        return [pixels, *(np.asarray(targets[role], np.float32) for role in self._roles)]

    def dataset(self, first_epoch: int, last_epoch: int, share: Share = Share()) -> Any:
        """Make the batches of epochs `first_epoch` to `last_epoch` - 1, in order of the sample index.

        Args:
            first_epoch: from 0.
            last_epoch: the epoch before which to stop.
            share: the part of each batch to make; if a batch is shared, the smaller one at an epoch's end is dropped.

        Returns:
            `tf.data.Dataset` of pixels (N, H, W, C) float32 in [0, 1] and a dict of float32 targets.
        """
        tf = load_tensorflow()
        config, per_epoch = self._task.config, samples_per_epoch(self._task)
        per_epoch -= per_epoch % config.batch_size if share.replicas > 1 else 0
        per_pipeline, is_even = config.batch_size // share.pipelines, per_epoch % config.batch_size == 0

        def load(index: Any) -> tuple[Any, ...]:
            parts = tf.numpy_function(self._make, [index], [tf.uint8, *[tf.float32] * len(self._roles)])
            return tuple(tf.ensure_shape(part, shape) for part, shape in zip(parts, self._shapes, strict=True))

        def to_floats(pixels: Any, *targets: Any) -> tuple[Any, dict[str, Any]]:
            return tf.cast(pixels, tf.float32) / 255.0, dict(zip(self._roles, targets, strict=True))

        def one_epoch(epoch: Any) -> Any:
            indices = tf.data.Dataset.range(epoch * per_epoch, (epoch + 1) * per_epoch)
            if share.pipelines > 1:
                indices = indices.filter(lambda i: i % config.batch_size // per_pipeline == share.pipeline)
            samples = indices.map(load, num_parallel_calls=config.workers, deterministic=True)
            return samples.batch(config.batch_size // share.replicas, drop_remainder=is_even)

        batches = tf.data.Dataset.range(first_epoch, last_epoch).flat_map(one_epoch)
        return batches.map(to_floats, num_parallel_calls=1).prefetch(2)

"""Training examples as tf.data: made in parallel, batched, scaled on the graph."""

from typing import Any

import cv2
import numpy as np

from lpr_train.engine import load_tensorflow
from lpr_train.task import Task


class SampleStream:
    """The examples of a task from one index on, as a data set of (pixels, targets by role).

    An exception in a worker thread reaches the training loop as an opaque TensorFlow error; `failure` keeps the
    first one as it was.
    """

    def __init__(self, task: Task) -> None:
        """Make example 0 once, to learn the shapes."""
        self._task = task
        self.failure: Exception | None = None
        cv2.setNumThreads(1)  # samples are made side by side already
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

    def dataset(self, first: int, last: int) -> Any:
        """Batches of the examples `first` … `last` - 1, in that order.

        Returns:
            `tf.data.Dataset` of pixels (N, H, W, C) float32 in [0, 1] and a dict of float32 targets.
        """
        tf = load_tensorflow()
        config = self._task.config

        def load(index: Any) -> tuple[Any, ...]:
            parts = tf.numpy_function(self._make, [index], [tf.uint8, *[tf.float32] * len(self._roles)])
            return tuple(tf.ensure_shape(part, shape) for part, shape in zip(parts, self._shapes, strict=True))

        def to_floats(pixels: Any, *targets: Any) -> tuple[Any, dict[str, Any]]:
            return tf.cast(pixels, tf.float32) / 255.0, dict(zip(self._roles, targets, strict=True))

        indices = tf.data.Dataset.range(first, last)
        samples = indices.map(load, num_parallel_calls=config.workers, deterministic=True)
        batches = samples.batch(config.batch_size, drop_remainder=True)
        return batches.map(to_floats, num_parallel_calls=1).prefetch(2)

"""Training on several GPUs or machines with TensorFlow's distribution strategies.

All GPUs of the machine are used. `TF_CONFIG` in the environment makes this process one of several workers:

    {"cluster": {"worker": ["10.0.0.1:2222", "10.0.0.2:2222"]}, "task": {"type": "worker", "index": 0}}
"""

import json
import os
from dataclasses import dataclass
from typing import Any

from lpr_edge.contract.base.errors import LprError
from lpr_train.base.engine import load_tensorflow

EXAMPLE = '{"cluster": {"worker": ["10.0.0.1:2222", "10.0.0.2:2222"]}, "task": {"type": "worker", "index": 0}}'


@dataclass(frozen=True)
class Workplace:
    """This process's position among the workers."""

    worker: int = 0
    """index of this worker, from 0"""
    workers: int = 1
    """number of workers"""

    @property
    def is_chief(self) -> bool:
        """Whether this worker writes the files and prints the messages; the others only compute."""
        return self.worker == 0

    @staticmethod
    def from_environment() -> "Workplace":
        """Read `TF_CONFIG`; without it this process is the only worker.

        Raises:
            LprError: its contents aren't what TensorFlow expects, or name no worker for this process.
        """
        text = os.environ.get("TF_CONFIG", "")
        if not text:
            return Workplace()
        try:
            values = json.loads(text)
            cluster, task = values["cluster"], values["task"]
            # A chief, where one is named, comes before the workers, as TensorFlow counts them.
            places = [(kind, n) for kind in ("chief", "worker") for n in range(len(cluster.get(kind, [])))]
            return Workplace(places.index((task["type"], int(task["index"]))), len(places))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise LprError(
                f"TF_CONFIG is {text!r}, which names no worker for this process ({error}). "
                f"Give each process its own index, as in {EXAMPLE}, or unset it to train alone."
            ) from error


def open_strategy(workplace: Workplace) -> Any:
    """Create the `tf.distribute.Strategy` of this process: all of its GPUs, and the other workers.

    Must run before any other use of TensorFlow: here the workers wait for each other.
    """
    tf = load_tensorflow()
    if workplace.workers > 1:
        return tf.distribute.MultiWorkerMirroredStrategy()
    if len(tf.config.list_physical_devices("GPU")) > 1:
        return tf.distribute.MirroredStrategy()
    return tf.distribute.get_strategy()


def check_batch(batch_size: int, replicas: int) -> None:
    """Check that a batch can be divided evenly among the devices.

    Raises:
        LprError: it can't.
    """
    if batch_size % replicas:
        raise LprError(
            f"--batch-size is {batch_size}, and {replicas} devices share each batch: give a multiple of {replicas}."
        )

"""A separate process for TensorFlow, so that parity is measured in a process like the device's.

TensorFlow and tflite-runtime carry the same C++ symbols: after `import tensorflow`, tflite-runtime's interpreter dies
with "vector::reserve". In two processes both work; TensorFlow's native messages stay out of the terminal, and its
memory is freed.
"""

import multiprocessing
import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import ParamSpec, TypeVar

from lpr_export.base.errors import ExportError

P = ParamSpec("P")
T = TypeVar("T")


class Worker:
    """Runs functions in the TensorFlow process, one at a time."""

    def __init__(self, pool: ProcessPoolExecutor, log: Path) -> None:
        self._pool = pool
        self._log = log

    def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a module-level function with picklable arguments; its exceptions are raised here.

        Raises:
            ExportError: the process died, for example of too little memory; the message has its last output.
        """
        try:
            return self._pool.submit(function, *args, **kwargs).result()
        except BrokenProcessPool as error:
            words = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            raise ExportError(
                f"the process that converts died ({words[-1] if words else 'without a word'}). "
                "It needs about 1 GB of memory: see that this much is free, and run this again"
            ) from error


@contextmanager
def start_worker() -> Iterator[Worker]:
    """Start the process; it ends with the block."""
    # A new interpreter: a fork would copy locks of this process' native threads.
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log.txt"
        log.touch()  # a process that dies at once leaves none
        with ProcessPoolExecutor(1, context, _begin, (str(log),)) as pool:
            yield Worker(pool, log)


def _begin(log: str) -> None:
    """Redirect native messages to a file, and end at Ctrl-C without a message: the parent prints one."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(descriptor, 2)
    os.close(descriptor)

"""Fresh processes to measure in: each has its own place in memory, and its own first time."""

import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from lpr_edge.contract.errors import LprError

P = ParamSpec("P")
T = TypeVar("T")


def run_fresh(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a module-level function in a new interpreter; what it raises is raised here.

    One process's memory layout can make it some per cent faster or slower than the next for as long as it lives, so a
    figure from one process is one draw, however many frames it ran (Mytkowicz et al. 2009; pyperf does the same).

    Raises:
        LprError: the process died.
    """
    context = multiprocessing.get_context("spawn")
    try:
        with one_thread_of_linear_algebra(), ProcessPoolExecutor(1, context) as pool:
            return pool.submit(function, *args, **kwargs).result()
    except BrokenProcessPool as error:
        raise LprError("a measuring process died: see that memory is free, and run this again") from error


@contextmanager
def one_thread_of_linear_algebra() -> Iterator[None]:
    """NumPy's BLAS reads its number of threads when it is loaded; threads that wait would disturb what is timed."""
    name = "OPENBLAS_NUM_THREADS"
    kept = os.environ.get(name)
    os.environ[name] = "1"
    try:
        yield
    finally:
        if kept is None:
            del os.environ[name]
        else:
            os.environ[name] = kept

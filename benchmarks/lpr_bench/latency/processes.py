"""Run measurements in new processes, which differ in memory layout."""

import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from lpr_edge.contract.base.errors import LprError

P = ParamSpec("P")
T = TypeVar("T")


def run_fresh(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a module-level function in a new interpreter; its exceptions are raised here.

    The memory layout makes one process faster or slower than another for its whole life, so a process is one sample,
    however many frames it runs (Mytkowicz et al. 2009; pyperf does the same).

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
    """Limit NumPy's BLAS to one thread in child processes: it reads the number when it is loaded."""
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

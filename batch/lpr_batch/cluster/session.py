"""A Ray session: on this machine alone, or in a cluster that is there."""

import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from typing import Any

from lpr_batch.base.extras import load_ray
from lpr_edge.contract.base.errors import LprError

STORE_BYTES = 128 << 20
"""Ray's shared memory on one machine: blocks are lists of names, and their results tables of text."""
ENVIRONMENT: Mapping[str, str] = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing is sent to Ray's makers
    "RAY_DATA_DISABLE_PROGRESS_BARS": "1",
    "RAY_worker_niceness": "0",  # of workers on this machine; Ray would rank them behind all else that runs there
}


@contextmanager
def ray_session(address: str | None, workers: int | None) -> Iterator[tuple[Any, int]]:
    """Ray, ready for work, and the number of workers.

    Args:
        address: of a cluster; None for a session on this machine, which ends with the block.
        workers: how many; None for all cores.

    Raises:
        LprError: the cluster doesn't answer, or has no cores.
    """
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    ray = load_ray()
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    cores = workers or len(os.sched_getaffinity(0))
    with redirect_stdout(sys.stderr):  # what Ray prints of lost machines is no result
        _start(ray, address, cores)
        try:
            if address is not None:
                cores = workers or int(ray.cluster_resources().get("CPU", 0))
            if not cores:
                raise LprError(f"the cluster at {address} has no cores: start its nodes with `ray start`")
            yield ray, cores
        finally:
            ray.shutdown()


def _start(ray: Any, address: str | None, cores: int) -> None:
    """Start a session, or join one.

    Raises:
        LprError: there is none.
    """
    flags: dict[str, Any] = {"address": address, "log_to_driver": False, "logging_level": logging.CRITICAL}
    if address is None:
        flags |= {"address": "local", "num_cpus": cores, "include_dashboard": False, "object_store_memory": STORE_BYTES}
    on_sigterm = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(**flags)
    except Exception as error:  # Ray has errors of many kinds, some of them bare exceptions
        reason = str(error).strip().partition("\n")[0]
        remedy = f"is the cluster at {address} up?" if address else "is the machine too busy? Then try again"
        raise LprError(f"no Ray session ({reason}): {remedy}") from error
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, on_sigterm)  # Ray replaces it by its own

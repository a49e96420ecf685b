"""Training samples made by processes: a GPU waits for samples otherwise."""

import multiprocessing
import queue
from collections.abc import Callable
from multiprocessing.connection import Connection
from threading import Event, Thread
from typing import Any

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.base.errors import LprError
from lpr_train.base.task import Sample

Batch = tuple[Image, dict[str, Any]]
"""Pixels (N, H, W, C) uint8, and targets by role (N, …) float16."""


class SampleWorkers:
    """Makes batches in forked processes, which inherit the data without a copy.

    Batch k holds samples k·N to (k + 1)·N - 1, whichever process made it, so that the number of processes doesn't
    change what is learnt.

    Args:
        sample: makes the sample of an index.
        batch_size: N, samples in a batch.
        processes: number of processes, each of which makes whole batches.
        first: number of the first batch.
    """

    def __init__(self, sample: Callable[[int], Sample], batch_size: int, processes: int, first: int = 0) -> None:
        context = multiprocessing.get_context("fork")
        self._processes, self._pipes = [], []
        for worker in range(processes):
            ours, theirs = context.Pipe(duplex=False)
            process = context.Process(
                target=_work, args=(sample, batch_size, range(first + worker, 1 << 40, processes), theirs), daemon=True
            )
            process.start()
            theirs.close()
            self._processes.append(process)
            self._pipes.append(ours)
        self._ready: queue.Queue[Batch | BaseException] = queue.Queue(maxsize=4)
        self._closed = Event()
        Thread(target=self._collect, daemon=True).start()

    def next(self, wait: bool = True) -> Batch | None:
        """The next batch in order; None if `wait` is False and it isn't made yet.

        Raises:
            LprError: a sample couldn't be made, or a process died.
        """
        try:
            batch = self._ready.get(block=wait)
        except queue.Empty:
            return None
        if isinstance(batch, BaseException):
            raise LprError(f"A training sample couldn't be made: {batch}") from batch
        return batch

    def close(self) -> None:
        """End the processes."""
        self._closed.set()
        for process in self._processes:
            process.terminate()
            process.join()

    def _collect(self) -> None:
        turn = 0
        while not self._closed.is_set():
            try:
                batch = self._pipes[turn % len(self._pipes)].recv()
            except (EOFError, OSError) as error:
                batch = error if str(error) else EOFError("a process that makes samples has died: is memory short?")
            self._put(batch)
            if isinstance(batch, BaseException):
                return
            turn += 1

    def _put(self, batch: Batch | BaseException) -> None:
        while not self._closed.is_set():
            try:
                self._ready.put(batch, timeout=0.5)
            except queue.Full:
                continue
            return


def _work(sample: Callable[[int], Sample], batch_size: int, numbers: range, pipe: Connection) -> None:
    """Make batches of the given numbers until the pipe closes; an error is sent in place of a batch."""
    cv2.setNumThreads(1)
    try:
        for number in numbers:
            made = [sample(index) for index in range(number * batch_size, (number + 1) * batch_size)]
            targets = {role: np.stack([t[role] for _, t in made]).astype(np.float16) for role in made[0][1]}
            pipe.send((np.stack([pixels for pixels, _ in made]), targets))
    except (BrokenPipeError, KeyboardInterrupt):
        return
    except Exception as error:  # noqa: BLE001 - any of them ends the run, which reports it
        pipe.send(error)


class ReplayBuffer:
    """The samples of the last batches, of which any can be seen again while new ones are being made.

    Args:
        batches: number of batches that are kept.
    """

    def __init__(self, batches: int) -> None:
        self._kept: list[Batch] = []
        self._size, self._added, self._uses = batches, 0, 0

    def add(self, batch: Batch) -> None:
        """Keep a batch in place of the oldest one."""
        if len(self._kept) < self._size:
            self._kept.append(batch)
        else:
            self._kept[self._added % self._size] = batch
        self._added += 1

    def may_repeat(self, uses: int) -> bool:
        """Whether samples were drawn again fewer than `uses` times on average."""
        return self._uses < uses * self._added

    def draw(self, rng: np.random.Generator) -> Batch:
        """A batch of samples out of eight kept batches."""
        self._uses += 1
        size = len(self._kept[0][0])
        chosen = [self._kept[i] for i in rng.integers(len(self._kept), size=min(8, size))]
        parts = [rng.permutation(size)[: -(-size // len(chosen))] for _ in chosen]
        pixels = np.concatenate([batch[0][own] for batch, own in zip(chosen, parts, strict=True)])[:size]
        roles = chosen[0][1]
        return pixels, {
            role: np.concatenate([batch[1][role][own] for batch, own in zip(chosen, parts, strict=True)])[:size]
            for role in roles
        }

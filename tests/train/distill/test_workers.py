"""Batches that are made by processes."""

import numpy as np
import pytest

from lpr_edge.contract.base.arrays import Floats, Image
from lpr_edge.contract.base.errors import LprError
from lpr_train.distill.workers import ReplayBuffer, SampleWorkers


def numbered(index: int) -> tuple[Image, dict[str, Floats]]:
    """A sample that shows its index."""
    return np.full((1, 1, 1), index, np.uint8), {"centre": np.full((1,), index, np.float32)}


@pytest.mark.parametrize("processes", [1, 3])
def test_batches_come_in_order_whatever_the_number_of_processes(processes: int) -> None:
    """Batch k holds the samples from k·N on."""
    workers = SampleWorkers(numbered, 4, processes, first=2)
    try:
        batches = [workers.next() for _ in range(5)]
    finally:
        workers.close()
    assert [int(pixels[0, 0, 0, 0]) for pixels, _ in filter(None, batches)] == [8, 12, 16, 20, 24]
    assert next(targets["centre"].ravel().tolist() for _, targets in filter(None, batches)) == [8, 9, 10, 11]


def test_a_sample_that_cannot_be_made_ends_the_run_with_its_reason() -> None:
    """The error of a process reaches the one that trains."""

    def broken(index: int) -> tuple[Image, dict[str, Floats]]:
        if index == 5:
            raise ValueError("no such plate")
        return numbered(index)

    workers = SampleWorkers(broken, 4, 2)
    try:
        assert workers.next() is not None
        with pytest.raises(LprError, match="no such plate"):
            workers.next()
    finally:
        workers.close()


def test_a_process_that_dies_ends_the_run() -> None:
    """The pipe's end is reported as a process' death, not waited for."""
    workers = SampleWorkers(lambda _index: exit(3), 4, 1)
    try:
        with pytest.raises(LprError, match="has died"):
            workers.next()
    finally:
        workers.close()


def test_known_samples_are_repeated_so_many_times_at_most() -> None:
    """Two batches with two repeats each give four more, drawn from both; the oldest batch gives way."""
    buffer = ReplayBuffer(2)
    for start in (0, 4, 8):
        samples = [numbered(start + i) for i in range(4)]
        buffer.add((np.stack([p for p, _ in samples]), {"centre": np.stack([t["centre"] for _, t in samples])}))
    rng, drawn = np.random.default_rng(0), set()
    for _ in range(6):
        assert buffer.may_repeat(2)
        pixels, targets = buffer.draw(rng)
        assert pixels.shape == (4, 1, 1, 1)
        np.testing.assert_array_equal(pixels.ravel(), targets["centre"].ravel())
        drawn |= set(pixels.ravel().tolist())
    assert not buffer.may_repeat(2)
    assert drawn == set(range(4, 12))

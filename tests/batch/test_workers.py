"""Workers of Ray that can't do their work."""

import os
import warnings
from pathlib import Path

import pytest
from tests.batch.conftest import GOLDEN

from lpr_batch.plan.block import Block
from lpr_batch.reading.block_reader import Outcome
from lpr_batch.reading.networks import ModelFile, Networks
from lpr_edge import __version__
from lpr_edge.api import PlateReader
from lpr_edge.contract.base.errors import LprError

pytest.importorskip("ray", reason="needs Ray: pip install 'lpr[batch]'")
pytestmark = pytest.mark.slow


class Deadly(Networks):
    """Networks that end the process which loads them, as a picture may that a library can't bear."""

    def open(self) -> PlateReader:
        """End the process."""
        os._exit(1)


def networks(kind: type[Networks], version: str = __version__) -> Networks:
    """The golden networks of a command of that version."""
    detector, reader = (ModelFile.from_path(GOLDEN / f"{name}.int8.tflite") for name in ("detector", "reader"))
    return kind(detector, reader, version=version)


def read(found: Networks, source: Path) -> list[Outcome]:
    """Read one block with a worker of its own session."""
    from lpr_batch.cluster.run_blocks import run_blocks
    from lpr_batch.cluster.session import ray_session

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Ray's own
        with ray_session(None, 1) as (ray, workers):
            return list(run_blocks(ray, [Block((str(source),))], found, workers))


def test_block_that_ends_its_worker_is_left(photos: Path) -> None:
    """After three lost workers the block is left, and its failure names the picture."""
    source = photos / "0.png"
    (outcome,) = read(networks(Deadly), source)
    assert outcome.failure == f"its worker was lost 3 times, at {source} or after it"
    assert (outcome.pictures, outcome.part) == (0, b"")


def test_worker_of_another_version_ends_the_run(photos: Path) -> None:
    """A worker with another lpr would fail at every block: the command ends, and says what to install."""
    with pytest.raises(LprError, match=r"a worker can't go on: a worker has lpr .*, and the command 0\.0"):
        read(networks(Networks, "0.0"), photos / "0.png")

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import cv2
import numpy as np
import pytest
from tests.support.golden import tinyland

from lpr_batch.app.read_archive import Run
from lpr_batch.base.settings import BatchSettings
from lpr_batch.plan.block import Block
from lpr_batch.reading.block_reader import BlockReader, Outcome
from lpr_batch.reading.networks import Networks

GOLDEN = Path(tinyland.__file__).parent


@pytest.fixture
def settings() -> BatchSettings:
    """Blocks of two pictures, the golden networks, and rows for all plates."""
    detector, reader = (GOLDEN / f"{name}.int8.tflite" for name in ("detector", "reader"))
    return BatchSettings(block=2, workers=1, min_confidence=0.0, detector=detector, reader=reader)


@pytest.fixture
def jpegs() -> dict[str, bytes]:
    """Five streets with a plate each, as files' bytes, by name."""
    rng = np.random.default_rng(6)
    texts = ("A104", "L77", "X410", "A77", "L104")
    images = [tinyland.draw_scene((text,), rng).image_bgr for text in texts]
    return {f"{number}.png": cv2.imencode(".png", image)[1].tobytes() for number, image in enumerate(images)}


@pytest.fixture
def photos(tmp_path: Path, jpegs: dict[str, bytes]) -> Path:
    """A folder with these, two of them in a folder below."""
    folder = tmp_path / "photos"
    for number, (name, data) in enumerate(jpegs.items()):
        path = folder / ("below" if number > 2 else ".") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


@pytest.fixture
def bucket() -> Iterator[str]:
    """The URL of an empty folder in fsspec's memory."""
    fsspec = pytest.importorskip("fsspec")
    name = f"/bucket-{uuid4().hex}"
    yield f"memory://{name}"
    files = fsspec.filesystem("memory")
    if files.exists(name):
        files.rm(name, recursive=True)


@pytest.fixture
def run() -> Run:
    """Reads blocks in this process, where the command has Ray."""
    return in_process()


def in_process(stop_after: int | None = None, seen: list[str] | None = None) -> Run:
    """Reads blocks in this process.

    Args:
        stop_after: blocks after which Ctrl-C comes.
        seen: gets the sources that are read.
    """

    @contextmanager
    def run(blocks: Sequence[Block], networks: Networks) -> Iterator[Iterator[Outcome]]:
        yield _outcomes(blocks, BlockReader(networks).read)

    def _outcomes(blocks: Sequence[Block], read: Callable[[Block], Outcome]) -> Iterator[Outcome]:
        for number, block in enumerate(blocks):
            if number == stop_after:
                raise KeyboardInterrupt
            if seen is not None:
                seen.extend(block.sources)
            yield read(block)

    return run


def rows_of(results: Path) -> list[dict[str, Any]]:
    """All rows, as any reader of a Parquet folder has them, by source."""
    dataset = pytest.importorskip("pyarrow.dataset")
    rows: list[dict[str, Any]] = dataset.dataset(results, format="parquet").to_table().to_pylist()
    return sorted(rows, key=lambda row: str(row["source"]))

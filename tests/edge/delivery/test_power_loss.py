"""What is left of the store when the power goes."""

import pickle
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.edge.delivery.test_store_damage import drain
from tests.support.faults import Tally
from tests.support.power_loss import Step, moments

from lpr_edge.delivery.outbox import Outbox


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder that is quick to write to: the disk's losses are worked out, not its own."""
    ram = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=ram if ram.is_dir() else None) as folder:
        yield Path(folder)


def trace(folder: Path, repository: Path, synchronous: str, before: dict[str, bytes]) -> list[Step]:
    """What a run does to its disk."""
    for name, data in before.items():
        Path(name).write_bytes(data)
    out = folder.parent / "trace"
    command = [sys.executable, "-m", "tests.support.power_loss", str(folder), str(out), synchronous]
    subprocess.run(command, check=True, cwd=repository, timeout=300, capture_output=True)
    steps: list[Step] = pickle.loads(out.read_bytes())
    return steps


def losses(folder: Path, before: dict[str, bytes], steps: list[Step], every: int = 1) -> tuple[int, int]:
    """At how many moments the power went, and after how many an announced event was gone or the file damaged."""
    tried = lost = 0
    for files, done in moments(before, steps, every):
        shutil.rmtree(folder)
        folder.mkdir()
        for name, data in files.items():
            Path(name).write_bytes(data)
        announced = [step[1] for step in done if step[0] == "announced"]
        gone = {event for step in done if step[0] == "dropped" for event in step[1:]}
        if len(announced) == 14 and not gone:
            gone = {event for step in steps if step[0] == "dropped" for event in step[1:]}  # being deleted just then
        given = {step[1] for step in done if step[0] == "given"}
        were_aside = sum("damaged" in name for name in files)
        box = Outbox(folder / "outbox.db", ["a", "b"], picture_sinks=["a"])
        wanted = [event for event in announced if event not in gone]
        kept, a, b = ([event["id"] for event in events] for events in (box.records(), drain(box, "a"), drain(box, "b")))
        box.close()
        is_whole = len(list(folder.glob("*damaged*"))) == were_aside or bool(before)
        is_there = set(wanted) <= set(kept) and set(wanted) - given <= set(a) and set(wanted) <= set(b)
        tried += 1
        lost += not (is_whole and is_there)
    return tried, lost


@pytest.mark.slow
@pytest.mark.faults
@pytest.mark.parametrize("before", [b"", b"no database" * 1000], ids=["new", "damaged"])
def test_power_loss_at_every_step(memory: Path, repository: Path, before: bytes, tally: Tally) -> None:
    """Power goes at each write, truncation, sync, deletion and rename: the store opens, with all announced events."""
    folder = memory / "state"
    folder.mkdir()
    files = {str(folder / "outbox.db"): before} if before else {}
    tried, lost = losses(folder, files, trace(folder, repository, "FULL", files))
    tally("power loss at a step of the store, moments", tried, lost)
    assert tried > 300
    assert lost == 0


@pytest.mark.parametrize("synchronous", ["OFF", "NORMAL"])
def test_a_store_that_does_not_sync_would_be_noticed(memory: Path, repository: Path, synchronous: str) -> None:
    """The same disk loses events of an outbox that doesn't wait for it: the test above can fail."""
    folder = memory / "state"
    folder.mkdir()
    assert losses(folder, {}, trace(folder, repository, synchronous, {}), 7)[1] > 0


def test_power_loss_at_some_steps(memory: Path, repository: Path) -> None:
    """The same at one step of nineteen, in the plain run."""
    folder = memory / "state"
    folder.mkdir()
    tried, lost = losses(folder, {}, trace(folder, repository, "FULL", {}), 19)
    assert (tried > 20, lost) == (True, 0)

import sys

import pytest

from lpr_bench.latency.cold_start import start_once
from lpr_bench.latency.processes import run_fresh
from lpr_bench.latency.run_frames import Settings, measure_device_start
from lpr_edge.contract.base.errors import LprError


def record(text: str) -> list[str]:
    """A command that prints one record and holds 50 MB meanwhile."""
    return [sys.executable, "-c", f"held = bytes(range(250)) * 200_000; print('{text}')"]


def test_first_reading_and_memory() -> None:
    """The time to the first record with a plate, and the most memory that this one process held."""
    ours = bytes(range(250)) * 1_000_000  # 250 MB in this process, which aren't the command's
    seconds, megabytes = start_once(record('{"plates": [1]}'))
    assert seconds > 0
    assert 50 < megabytes < len(ours) / 1e6


@pytest.mark.parametrize("text", ['{"plates": []}', '{"error": "no"}'])
def test_no_plate_no_first_reading(text: str) -> None:
    """A run that reads no plate has no first reading, and says so instead of timing something else."""
    with pytest.raises(LprError, match="no plate read"):
        start_once(record(text))


def test_fresh_process() -> None:
    """A function runs in another process, and its result comes back."""
    assert run_fresh(divmod, 7, 2) == (3, 1)


def test_a_fresh_process_raises_here() -> None:
    """What it raises there is raised here."""
    with pytest.raises(ZeroDivisionError):
        run_fresh(divmod, 1, 0)


@pytest.mark.slow
def test_start_of_the_shipped_models() -> None:
    """The installed command starts, reads a rendered plate and the demo's film, and its time and memory are told."""
    starting = measure_device_start(Settings(None, None, "auto", 1, 1))
    assert len(starting["raw"]["first_reading_s"]) == 5
    assert set(starting["peak_memory_mb"]) == {"one picture", "demo film"}

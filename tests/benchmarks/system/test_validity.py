import os
import time
from pathlib import Path
from typing import Any

import pytest

from lpr_bench.system import environment
from lpr_bench.system.system_monitor import observe
from lpr_bench.system.validity import describe_validity, machine_faults, series_faults, was_throttled, why_invalid

TICK = os.sysconf("SC_CLK_TCK")


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """A machine whose other processes did nothing yet."""
    (tmp_path / "proc" / "77").mkdir(parents=True)
    write_times(tmp_path, busy=0.0, stolen=0.0)
    return tmp_path


def write_times(root: Path, busy: float, stolen: float) -> None:
    user, steal = int(busy * TICK), int(stolen * TICK)
    (root / "proc" / "stat").write_text(f"cpu  {user} 0 0 5 0 0 0 {steal} 0 0\ncpu0 1 1 1 1 1 1 1 1\n")
    (root / "proc" / "77" / "stat").write_text(f"77 (a busy one) R {' 0' * 10} {user} 0 0 0\n")


def observed(
    others: float = 0.0, stolen: float = 0.0, throttled: tuple[int | None, int | None] = (0, 0)
) -> dict[str, Any]:
    states = [{"throttled": bits, "temperature_celsius": 50.0} for bits in throttled]
    during = {"other_cores": others, "stolen_cores": stolen, "busy_processes": [{"name": "updatedb", "cores": others}]}
    return {"during": during, "state_before": states[0], "state_after": states[1]}


def test_others_are_seen(proc: Path) -> None:
    """Who else used the machine meanwhile is counted in cores and named; its own work isn't counted."""
    with observe(proc) as machine:
        start = time.perf_counter()
        while time.perf_counter() - start < 0.2:
            pass
        write_times(proc, busy=10.0, stolen=5.0)
    during = machine["during"]
    assert during["other_cores"] > 1
    assert during["stolen_cores"] > 1
    assert [process["name"] for process in during["busy_processes"]] == ["a busy one"]
    assert {"state_before", "state_after"} <= machine.keys()


def test_a_machine_without_counters(tmp_path: Path) -> None:
    """Where there is no /proc, nothing is guessed, and nothing is held against a result."""
    with observe(tmp_path) as machine:
        pass
    assert machine["during"]["other_cores"] is None
    assert machine_faults(machine) == []


@pytest.mark.parametrize(
    ("machine", "said"),
    [
        (observed(others=0.6), "others used 0.60 cores (updatedb)"),
        (observed(stolen=0.1), "the host took 0.10 cores"),
        (observed(throttled=(0, 0x50005)), "the board throttled"),
        (observed(throttled=(0, 0x40000)), "the board throttled"),
    ],
)
def test_why_a_machine_makes_invalid(machine: dict[str, Any], said: str) -> None:
    """A busy machine, a greedy host and a throttled board make a result invalid, and it says so."""
    (fault,) = machine_faults(machine)
    assert said in fault
    assert said in why_invalid({"validity": describe_validity([fault])})


def test_old_throttling_is_forgiven() -> None:
    """A board that throttled before the measurement, and not since, measures well."""
    assert not was_throttled(0x50000, 0x50000)
    assert not was_throttled(None, None)


def test_heat_makes_invalid() -> None:
    """From 80 degrees on a board slows down."""
    machine = observed()
    machine["state_after"]["temperature_celsius"] = 81.0
    assert machine_faults(machine) == ["the processor reached 80 degrees"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([1.0] * 10, "10 runs are too few"),
        ([1.0, 1.5] * 20, "the middle half spans"),
        ([1.0] * 20 + [1.2] * 20, "the second half differs by"),
    ],
)
def test_why_a_series_makes_invalid(values: list[float], said: str) -> None:
    """Too few values, restless ones, and a machine that gets slower, make a series invalid."""
    assert any(said in fault for fault in series_faults("frames", values, 30))


def test_pictures_may_differ() -> None:
    """What differs from picture to picture is no noise."""
    assert series_faults("frames", [1.0, 1.5] * 20, 30, period=2) == []


def test_what_says_nothing_is_invalid() -> None:
    """A record without a verdict may not be quoted."""
    assert "says nothing" in why_invalid({})


def test_throttling_is_read_from_the_board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bits are those that vcgencmd prints; where there is no vcgencmd, or it fails, they are unknown."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert environment.describe_state(tmp_path)["throttled"] is None
    tool = tmp_path / "vcgencmd"
    tool.write_text("#!/bin/sh\necho throttled=0x50005\n")
    tool.chmod(0o755)
    assert environment.describe_state(tmp_path)["throttled"] == 0x50005

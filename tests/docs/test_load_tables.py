"""The sheet for more devices, from figures that are easy to follow."""

import json
from pathlib import Path

import pytest
from tools.docs.load_tables import MISSING, Assumed, load, sheet

CPU = {"broker": 2.0, "consumer": 1.0, "database": 1.0}


def stage(name: str, events: int = 0, cpu: float = 0.0, memory: int = 0) -> dict[str, object]:
    cpu_s = {part: share * cpu for part, share in CPU.items()}
    return {
        "stage": name,
        "events": events,
        "seconds": 10.0,
        "cpu_s": cpu_s,
        "puback_ms": {},
        "broker_bytes": memory,
    } | {
        "load_average": 1.0,
        "made": 1000,
    }


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """1,000 events take 4 s of CPU; 100 devices take 100 MB, 6 s of CPU to log in, and 1 % of a core to keep."""
    folder = tmp_path / "benchmarks" / "results" / "centre"
    folder.mkdir(parents=True)
    stages = [stage("start"), stage("log in", cpu=3.0), stage("idle", cpu=0.05, memory=100_000_000)]
    into, out_of = "an hour without consumer: into the queue", "an hour without consumer: out of the queue"
    stages += [stage(into, 1000, 0.25), stage(out_of, 0, 0.75)]
    found = {"devices": 100, "hour": 10, "event_bytes": 1000, "lost": 0, "doubled": 0, "cores": 2}
    (folder / "load.json").write_text(json.dumps(found | {"stages": stages}))
    (folder / "search-1000.json").write_text(json.dumps({"events": 1000, "bytes": 1_000_000}))
    return tmp_path


def test_saturation_is_two_cores_over_the_cpu_time_of_an_event(repository: Path) -> None:
    """4 ms of CPU for an event are 500 events a second on two cores."""
    assert "**500 events a second**: broker 50%, consumer 25%, database 25%" in load(repository)


def test_tls_has_a_sentence_of_its_own(repository: Path) -> None:
    """Half as many devices, which take as much to log in: twice the time, and the memory, for each."""
    assert "TLS" not in load(repository)
    folder = repository / "benchmarks" / "results" / "centre"
    plain = json.loads((folder / "load.json").read_text())
    (folder / "load-tls.json").write_text(json.dumps(plain | {"devices": 50}))
    assert "with 50 devices, they and the consumer by TLS: 1,000 events, 0 lost" in load(repository)
    assert "A login takes 120 ms of CPU in the broker, 60 ms without TLS; a connection holds 2000 kB" in load(
        repository
    )


def test_the_sheet_follows_from_the_figures(repository: Path) -> None:
    """864 events a day of 3,600 devices: 36 a second, and in a busiest hour of a tenth of them 86."""
    text = sheet(repository, Assumed(3600, 864, 0.10, 3, 0.5, 12))
    assert "| events a second, mean / busiest hour | 36 / 86 |" in text
    assert "| events that wait after an hour's outage | 311,040, 0.3 GB |" in text
    assert "| broker, cores of each node | 0.6 |" in text  # (86.4 × 2 ms + 3,600 devices × 0.01 % / 3) / 0.5 = 0.59
    assert "| broker, memory of each node for connections | 1.2 GB |" in text
    assert "| consumers, cores | 0.2 |" in text
    assert "| broker, CPU time until all have logged in again | 4 minutes |" in text
    assert "| outage of an hour is made up for in | 1.0 hours |" in text


def test_without_results_nothing_is_claimed(tmp_path: Path) -> None:
    """Where nothing was measured, the page says so."""
    assert load(tmp_path) == sheet(tmp_path) == MISSING

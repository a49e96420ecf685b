"""Tables of many devices at one centre: what was measured, and what a cluster for more devices needs, computed."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.docs.results import table

FOLDER = Path("benchmarks") / "results" / "centre"
PARTS = ("broker", "consumer", "database")
MISSING = "Not measured yet. `make fleet-load` measures it."
QUEUED = ("an hour without consumer: into the queue", "an hour without consumer: out of the queue")
"""The stages in which all parts have as much to do as they can, without logins."""


@dataclass(frozen=True)
class Assumed:
    """What the sheet takes as given."""

    devices: int = 100_000
    events_a_day: int = 300
    """Of each device."""
    busy_hour: float = 0.10
    """Share of a day's events in its busiest hour."""
    broker_nodes: int = 3
    """Each has every event on its disk."""
    load: float = 0.5
    """Share of a core that is used in the busiest hour; the rest is for what was away."""
    months: int = 12
    """That events are kept."""


def load(repository: Path) -> str:
    """Each stage with its events, times and CPU time."""
    result = _read(repository, "load.json")
    if result is None:
        return MISSING
    rows = [_stage_row(stage) for stage in result["stages"] if stage["stage"] != "start"]
    loads = [stage["load_average"] for stage in result["stages"]]
    cpu = {part: _cpu_ms(result, part) for part in PARTS}
    text = (
        f"{result['devices']:,} devices in one process, events of {result['event_bytes']:,} bytes, one consumer; "
        f"an hour has {result['hour']} events of each device. {result['stages'][-1]['made']:,} events: "
        f"{result['lost']} lost, {result['doubled']} stored twice. The {result['cores']} cores ran the devices, the "
        f"servers and other work (load average {min(loads):.0f} to {max(loads):.0f}), so seconds are long; CPU time "
        "depends on it little."
    )
    ends = (
        f"Into and out of a long queue, an event takes {cpu['broker']:.2f} ms of CPU in the broker, "
        f"{cpu['consumer']:.2f} ms in the consumer and {cpu['database']:.2f} ms in the database. From that, two cores "
        f"with nothing else to do are saturated at **{2000 / sum(cpu.values()):,.0f} events a second**: {_shares(cpu)}."
    )
    heads = [
        "stage",
        "events confirmed",
        "seconds",
        *(f"{part}, CPU s" for part in PARTS),
        "PUBACK after ms, p50 / p95",
    ]
    return f"{text}\n\n{table(heads, rows)}\n\n{ends}{_by_tls(repository, result)}"


def sheet(repository: Path, assumed: Assumed = Assumed()) -> str:
    """What a cluster needs for more devices than were tried."""
    result, search = _read(repository, "load.json"), _largest_search(repository)
    if result is None or search is None:
        return MISSING
    mean = assumed.devices * assumed.events_a_day / 86_400
    busy = assumed.devices * assumed.events_a_day * assumed.busy_hour / 3600
    cpu = {part: _cpu_ms(result, part) / 1000 for part in PARTS}
    keeping = _idle_cpu_s(result) * assumed.devices
    held = _connection_bytes(result) * assumed.devices
    month = assumed.devices * assumed.events_a_day * 30.4
    event_bytes = search["bytes"] / search["events"]
    nodes = assumed.broker_nodes
    rows = [
        ["events a second, mean / busiest hour", f"{mean:,.0f} / {busy:,.0f}"],
        [
            "events that wait after an hour's outage",
            f"{busy * 3600:,.0f}, {busy * 3600 * result['event_bytes'] / 1e9:.1f} GB",
        ],
        ["broker, cores of each node", f"{(busy * cpu['broker'] + keeping / nodes) / assumed.load:.1f}"],
        ["broker, memory of each node for connections", f"{held / nodes / 1e9:.1f} GB"],
        ["broker, quorum queues (one core leads one)", f"{_up(busy * cpu['broker'] / assumed.load)}"],
        ["consumers, cores", f"{busy * cpu['consumer'] / assumed.load:.1f}"],
        ["database, cores for storing", f"{busy * cpu['database'] / assumed.load:.1f}"],
        [
            "broker, CPU time until all have logged in again",
            f"{_login_cpu_s(result) * assumed.devices / 60:.0f} minutes",
        ],
        ["outage of an hour is made up for in", f"{assumed.load / (1 - assumed.load):.1f} hours"],
        ["database, disk for a month", f"{month * event_bytes / 1e12:.2f} TB"],
        [f"database, disk for {assumed.months} months", f"{assumed.months * month * event_bytes / 1e12:.1f} TB"],
        [f"databases with {search['events']:,} events a month each", f"{_up(month / search['events'])}"],
    ]
    text = (
        f"Computed for {assumed.devices:,} devices from these figures. Assumed: {assumed.events_a_day} events a day of "
        f"each, {assumed.busy_hour:.0%} of them in the busiest hour; {nodes} broker nodes, of which each does the work "
        f"of the one that was measured; {assumed.load:.0%} of the cores used in the busiest hour; {event_bytes:,.0f} "
        "bytes of disk for an event, indexes included; cores as fast as those here."
    )
    return f"{text}\n\n{table(['what', 'needed'], rows)}"


def _by_tls(repository: Path, plain: dict[str, Any]) -> str:
    """What was seen with devices and consumer that come by TLS, and what a login and a connection take more."""
    result = _read(repository, "load-tls.json")
    if result is None:
        return ""
    both = {"tls": result, "plain": plain}
    logins = {way: 1000 * _login_cpu_s(found) for way, found in both.items()}
    held = {way: _connection_bytes(found) / 1000 for way, found in both.items()}
    return (
        f"\n\nThe same stages with {result['devices']:,} devices, they and the consumer by TLS: "
        f"{result['stages'][-1]['made']:,} events, {result['lost']} lost, {result['doubled']} stored twice. A login "
        f"takes {logins['tls']:.0f} ms of CPU in the broker, {logins['plain']:.0f} ms without TLS; a connection holds "
        f"{held['tls']:.0f} kB of its memory, {held['plain']:.0f} kB without TLS."
    )


def _stage_row(stage: dict[str, Any]) -> list[str]:
    waits = stage["puback_ms"]
    has_waited = waits and "without centre" not in stage["stage"]  # there the outage is in it
    cpu = (f"{stage['cpu_s'][part]:.1f}" for part in PARTS)
    wait = f"{waits['0.5']:,.0f} / {waits['0.95']:,.0f}" if has_waited else ""
    return [stage["stage"], f"{stage['events']:,}", f"{stage['seconds']:.0f}", *cpu, wait]


def _stage(result: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(stage for stage in result["stages"] if stage["stage"] == name)
    return found


def _cpu_ms(result: dict[str, Any], part: str) -> float:
    stages = [_stage(result, name) for name in QUEUED]
    return float(1000 * sum(stage["cpu_s"][part] for stage in stages) / stages[0]["events"])


def _shares(cpu: dict[str, float]) -> str:
    return ", ".join(f"{part} {ms / sum(cpu.values()):.0%}" for part, ms in cpu.items())


def _idle_cpu_s(result: dict[str, Any]) -> float:
    """CPU seconds of the broker in a second for one device that sends nothing."""
    stage = _stage(result, "idle")
    return float(stage["cpu_s"]["broker"] / stage["seconds"] / result["devices"])


def _login_cpu_s(result: dict[str, Any]) -> float:
    """CPU seconds of the broker for one login."""
    return float(_stage(result, "log in")["cpu_s"]["broker"] / result["devices"])


def _connection_bytes(result: dict[str, Any]) -> float:
    before, after = (_stage(result, name)["broker_bytes"] for name in ("start", "idle"))
    return float((after - before) / result["devices"])


def _up(value: float) -> int:
    return int(-(-value // 1))


def _read(repository: Path, name: str) -> dict[str, Any] | None:
    path = repository / FOLDER / name
    if not path.exists():
        return None
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _largest_search(repository: Path) -> dict[str, Any] | None:
    found = [_read(repository, path.name) for path in (repository / FOLDER).glob("search-*.json")]
    return max((one for one in found if one), key=lambda one: int(one["events"]), default=None)

"""What packages and container files did in fresh roots, long runs, and the HTTP interfaces with schemathesis."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tools.docs.results import table

RESULT = Path("benchmarks/results/deb.jsonl")
CONTAINER_RESULT = Path("benchmarks/results/container.jsonl")
SCHEMATHESIS_RESULT = Path("benchmarks/results/schemathesis.txt")
"""What schemathesis printed, without times and addresses."""
SOAK_RESULTS = "benchmarks/results/soak/cameras-*.json"
LONG_RUN_RESULTS = "benchmarks/results/soak/frames-*.json"
HEAD = ("Debian", "architecture", "step", "command", "result")


def deb(repository: Path) -> str:
    """Each step of each root, and what was seen."""
    rows = [(one["release"], one["arch"], *_step(one)) for one in _records(repository / RESULT)]
    return table(HEAD, rows) if rows else "Not tried yet. `sudo make deb-test` tries it."


def container(repository: Path) -> str:
    """Each part of the container's files, and what was seen."""
    rows = [_step(one) for one in _records(repository / CONTAINER_RESULT)]
    return table(HEAD[2:], rows) if rows else "Not tried yet. `sudo make container-test` tries it."


def schemathesis(repository: Path) -> str:
    """One line: operations, requests, and what was found."""
    printed = (repository / SCHEMATHESIS_RESULT).read_text(encoding="utf-8")
    version, tested, cases, found = (
        re.findall(pattern, printed)[-1]
        for pattern in (r"Schemathesis v(\S+)", r"Selected: (\S+)", r"(\d+ generated.*)", r"=+ (.+?) =+$")
    )
    operations = tested.replace("/", " of ")
    return f"schemathesis {version}: {operations} operations; requests: {cases}; {found.lower()}."


def soak(repository: Path) -> str:
    """Frames a second of each camera in both halves of each soak, and the process's memory."""
    paths = sorted(repository.glob(SOAK_RESULTS))
    return "\n\n".join(_soak(json.loads(path.read_text(encoding="utf-8"))) for path in paths)


def long_run(repository: Path) -> str:
    """A sentence or two for each long run: what was lost, and how memory grew."""
    paths = sorted(repository.glob(LONG_RUN_RESULTS))
    return "\n\n".join(_long_run(json.loads(path.read_text(encoding="utf-8"))) for path in paths)


def _long_run(result: dict[str, Any]) -> str:
    tried = {row["what"]: row["tried"] for row in result["table"]}
    lost = sum(row["lost"] for row in result["table"])
    heap = result["c_heap_bytes_an_event"]
    in_heap = "not known" if heap is None else f"{heap:+g} bytes an event"
    return (
        f"`{result['command']}` read {result['frames']:,} frames with {tried['events announced']:,} events and ended "
        f"with status {result['exit_status']}; lost or left over: {lost}. In the last two thirds resident memory "
        f"rose by {result['memory_rise_bytes'] / 1e6:.1f} MB. Growth of live Python objects: "
        f"{result['python_blocks_an_event']:+g} an event; of the C heap in use: {in_heap}."
    )


def _soak(result: dict[str, Any]) -> str:
    first, second = (half["frames_per_second"] for half in result["halves"])
    loads = " and ".join(f"{half['load_average']:g}" for half in result["halves"])
    rows = [
        (name, f"{first[name]:g}", f"{second[name]:g}", str(own["frames"]), str(own["events"]))
        for name, own in result["cameras"].items()
    ]
    memory = result["memory_mb"]
    return (
        f"{result['what']}; {result['minutes']:g} minutes on {result['cores']} cores (load average "
        f"{loads} in the two halves). Memory: {memory['after_30_s']:g} MB after 30 s, {memory['end']:g} MB at the end."
        "\n\n" + table(("camera", "frames/s, first half", "frames/s, second half", "frames", "events"), rows)
    )


def _records(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def _step(one: Mapping[str, str]) -> tuple[str, str, str]:
    return one["step"], one["command"], f"{one['status']}: {one['seen']}"

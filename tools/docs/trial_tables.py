"""What packages and container files did in fresh roots, and the HTTP interfaces with schemathesis."""

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

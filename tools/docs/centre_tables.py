"""The tables of the centre: random cuts, and searches, from their result files."""

import json
from pathlib import Path

from tests.support.time_search import percentile
from tools.docs.results import table

FOLDER = Path("benchmarks") / "results" / "centre"


def cuts(repository: Path) -> str:
    """What was cut, and what was lost or stored twice."""
    path = repository / FOLDER / "cuts.json"
    if not path.exists():
        return "Not measured yet. `make cuts` measures it."
    result = json.loads(path.read_text(encoding="utf-8"))
    rows = [[kind, str(count)] for kind, count in sorted(result["cuts"].items())]
    rows.append(["all", str(result["cuts_total"])])
    text = (
        f"{result['events']:,} events of {result['devices']} devices in {result['seconds'] / 60:.0f} minutes, "
        f"{result['consumers']} consumers: {result['lost']} lost, {result['doubled']} stored twice. "
        "An event counts when the device's outbox has it on disk. The machine has "
        f"{result['cores']} cores and was under other load (load average {result['load_average'][0]:.0f})."
    )
    return f"{text}\n\n{table(['killed', 'times'], rows)}"


def searches(repository: Path) -> str:
    """Each kind of search with its times."""
    path = repository / FOLDER / "search.json"
    if not path.exists():
        return "Not measured yet. `python -m tests.support.time_search` measures it."
    result = json.loads(path.read_text(encoding="utf-8"))
    rows = [
        [kind, f"{percentile(times, 0.5):.0f}", f"{percentile(times, 0.95):.0f}"]
        for kind, times in result["ms"].items()
    ]
    text = (
        f"{result['events']:,} events, {result['bytes'] / 1e6:,.0f} MB, {result['cores']} cores under other "
        f"load (load average {result['load_average'][0]:.0f})."
    )
    return f"{text}\n\n{table(['search', 'p50 ms', 'p95 ms'], rows)}"

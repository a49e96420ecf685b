"""The tables of the centre: random cuts, and searches, from their result files."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from tests.support.cuts import cuts_in, read_rounds
from tests.support.time_search import percentile
from tools.docs.results import table

FOLDER = Path("benchmarks") / "results" / "centre"
NOT_SEARCHED = "Not measured yet. `make search` measures it."
LEFT_OUT = ("Filter:", "Rows Removed", "Index Cond:", "Recheck Cond:", "Heap Blocks:", "Heap Fetches:", "Sort Method:")
MAX_WIDTH = 118


def cuts(repository: Path) -> str:
    """What was cut, and what was lost or stored twice."""
    rounds = read_rounds(repository / FOLDER / "cuts.jsonl")
    if not rounds:
        return "Not measured yet. `make cuts` measures it."
    counts: Counter[str] = Counter()
    for one in rounds:
        counts.update(one["cuts"])
    rows = [[kind, f"{count:,}"] for kind, count in sorted(counts.items())]
    rows.append(["all", f"{cuts_in(rounds):,}"])
    total = {name: sum(one[name] for one in rounds) for name in ("events", "lost", "doubled", "seconds")}
    failures = sum(len(one["failures"]) for one in rounds)
    loads = [one["load_average"] for one in rounds]
    text = (
        f"{total['events']:,} events of {rounds[0]['devices']} devices and {rounds[0]['consumers']} consumers in "
        f"{len(rounds)} rounds, {total['seconds'] / 60:.0f} minutes: {total['lost']} lost, {total['doubled']} stored "
        f"twice, {failures} servers that didn't start again. An event counts when the device's outbox has it on disk. "
        f"The machine has {rounds[0]['cores']} cores and was under other load (load average {min(loads):.0f} to "
        f"{max(loads):.0f})."
    )
    return f"{text}\n\n{table(['killed', 'times'], rows)}"


def searches(repository: Path) -> str:
    """Each kind of search with its times at each number of events."""
    found = _searched(repository)
    if not found:
        return NOT_SEARCHED
    heads = [f"{result['events']:,} events: {name}" for result in found for name in ("CPU", "wall clock")]
    rows = [
        [kind, *(_times(result[name][kind]) for result in found for name in ("cpu_ms", "ms"))]
        for kind in found[-1]["ms"]
    ]
    texts = [
        f"{result['events']:,} events of {result['plates']:,} plates in {result['months']} months: "
        f"{result['bytes'] / 1e9:.1f} GB, {len(result['ms']['plate'])} searches of each kind, "
        f"load average {result['load_average'][0]:.0f}."
        for result in found
    ]
    texts.append(
        f"Milliseconds, p50 / p95, on {found[0]['cores']} cores. The machine had other "
        "work, so the server's CPU time says what a search takes where a core is free; the wall clock has the waiting."
    )
    return f"{' '.join(texts)}\n\n{table(['search', *heads], rows)}"


def plans(repository: Path) -> str:
    """PostgreSQL's plans at the largest number of events, without conditions and filters, which are long."""
    found = _searched(repository)
    if not found:
        return NOT_SEARCHED
    parts = []
    for kind, lines in found[-1]["plans"].items():
        kept = [line[:MAX_WIDTH] for line in lines if not line.strip().startswith(LEFT_OUT)]
        parts.append(
            f"Plans of a search for {kind}, at {found[-1]['events']:,} events:\n\n```text\n" + "\n".join(kept) + "\n```"
        )
    return "\n\n".join(parts)


def _searched(repository: Path) -> list[dict[str, Any]]:
    """The results, fewest events first."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in (repository / FOLDER).glob("search-*.json")]
    return sorted(found, key=lambda result: int(result["events"]))


def _times(times: list[float]) -> str:
    return f"{percentile(times, 0.5):.0f} / {percentile(times, 0.95):.0f}"

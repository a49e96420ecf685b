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
    """What was cut, and what was lost or stored twice: with one broker node, and with a cluster."""
    found = [rounds for path in _cut_files(repository) if (rounds := read_rounds(path))]
    if not found:
        return "Not measured yet. `make cuts` measures it."
    counts = [_cut_parts(rounds) for rounds in found]
    kinds = sorted(set().union(*counts))
    rows = [[kind, *(f"{one[kind]:,}" for one in counts)] for kind in kinds]
    rows.append(["all", *(f"{cuts_in(rounds):,}" for rounds in found)])
    texts = [_cut_text(rounds) for rounds in found]
    texts.append(
        "\nAn event counts when the device's outbox has it on disk. The machine was under other load, which the load "
        "averages show."
    )
    return "\n".join(texts) + "\n\n" + table(["killed", *map(_broker_of, found)], rows)


def _cut_files(repository: Path) -> list[Path]:
    return sorted((repository / FOLDER).glob("cuts*.jsonl"), key=lambda path: (len(path.name), path.name))


def _cut_parts(rounds: list[dict[str, Any]]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for one in rounds:
        counts.update(one["cuts"])
    return counts


def _broker_of(rounds: list[dict[str, Any]]) -> str:
    nodes = rounds[0].get("nodes", 1)
    return "one broker node" if nodes == 1 else f"{nodes} broker nodes, one at a time"


def _cut_text(rounds: list[dict[str, Any]]) -> str:
    total = {name: sum(one[name] for one in rounds) for name in ("events", "lost", "doubled", "seconds")}
    failures = sum(len(one["failures"]) for one in rounds)
    loads = dict.fromkeys(f"{edge(one['load_average'] for one in rounds):.0f}" for edge in (min, max))
    rounds_text = "1 round" if len(rounds) == 1 else f"{len(rounds)} rounds"
    return (
        f"- {_broker_of(rounds).capitalize()}: {total['events']:,} events of {rounds[0]['devices']} devices and "
        f"{rounds[0]['consumers']} consumers in {rounds_text}, {total['seconds'] / 60:.0f} minutes: "
        f"**{total['lost']} lost, {total['doubled']} stored twice**, {failures} servers that didn't start again. "
        f"{rounds[0]['cores']} cores, load average {' to '.join(loads)}."
    )


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
        f"Milliseconds, p50 / p95, on {found[0]['cores']} cores. Where the load average exceeds these, the machine had "
        "other work: the server's CPU time says what it takes where a core is free; the wall clock has the waiting."
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

"""The table of what became of each model update that went wrong, from its result file."""

import json
from pathlib import Path

from tools.docs.results import table

RESULT = Path("benchmarks/results/updates/scenarios.json")


def updates(repository: Path) -> str:
    """Each scenario with its result, power cuts last."""
    path = repository / RESULT
    if not path.exists():
        return "Not played yet: `make updates` does it."
    found = json.loads(path.read_text(encoding="utf-8"))
    rows = [[one["scenario"], one["what"], one["result"]] for one in found["scenarios"]]
    power = found["power"]
    cut = f"An update is killed (SIGKILL) at {power['cuts']} moments, spread over all of its steps on the disk."
    result = f"one working model after {power['working']} of {power['cuts']}, and the new one after the next update"
    return table(("scenario", "what happens", "result"), [*rows, ["power cut", cut, result]])

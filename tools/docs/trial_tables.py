"""The table of what the Debian packages were seen to do in fresh roots, from its result file."""

import json
from pathlib import Path

from tools.docs.results import table

RESULT = Path("benchmarks/results/deb.jsonl")
HEAD = ("Debian", "architecture", "step", "command", "result")


def deb(repository: Path) -> str:
    """Each step of each root, and what was seen."""
    path = repository / RESULT
    if not path.exists():
        return "Not tried yet. `sudo make deb-test` tries it."
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    rows = [
        (one["release"], one["arch"], one["step"], one["command"], f"{one['status']}: {one['seen']}") for one in records
    ]
    return table(HEAD, rows)

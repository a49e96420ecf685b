"""The result files that documentation quotes, and Markdown tables of them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lpr_bench.base.results import read_records
from lpr_bench.report.summaries import FOLDER
from lpr_edge.contract.metrics import wilson_interval

BOARDS = Path("benchmarks/results")
NOTE = "Brackets hold the 95 % interval (Wilson)."
MACHINE = "x86-64-vm"
"""The machine whose speed the documentation quotes."""

Result = Mapping[str, Any]


def accuracy(repository: Path, name: str) -> Result | None:
    """`plates`, `folds`, `characters`, `painted` or `article`; None where it wasn't measured."""
    path = repository / FOLDER / f"{name}.json"
    result: Result | None = json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
    return result


def board(repository: Path, benchmark: str, name: str = MACHINE) -> Result | None:
    """A board's record of a benchmark; None where it has none."""
    path = repository / BOARDS / f"{name}.json"
    records = read_records(path) if path.exists() else []
    return next((record for record in records if record["benchmark"] == benchmark), None)


def not_measured(command: str) -> str:
    """What stands in place of figures that no result file has."""
    return f"Not measured for the shipped networks. `{command}` measures it."


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def counted(share: Mapping[str, Any]) -> str:
    """A share with its counts and 95 % Wilson interval: `93.2 % (55 of 59) [84–97]`."""
    successes, count = share["successes"], share["count"]
    if not count:
        return "–"
    low, high = wilson_interval(successes, count)
    return f"{successes / count:.1%} ({successes:,} of {count:,}) [{100 * low:.0f}–{100 * high:.0f}]".replace("%", " %")


def rate(value: float | None) -> str:
    """A rate in per cent; a dash where there is none."""
    return "–" if value is None else f"{100 * value:.1f} %"


def shipped_hashes(repository: Path) -> dict[str, str]:
    """Shipped model's file name -> SHA-256."""
    from lpr_edge.contract.base.pictures import file_sha256

    return {path.name: file_sha256(path) for path in sorted((repository / "edge/lpr_edge/models").glob("*.tflite"))}


def other_networks(record: Result, repository: Path) -> str:
    """A sentence where a record was measured with other files than the shipped ones; else nothing."""
    shipped = shipped_hashes(repository)
    own = [model for model in record.get("models", ()) if model["file"] in shipped]
    others = [model["file"] for model in own if model["sha256"] != shipped[model["file"]]]
    if not others:
        return ""
    return f"Measured with earlier files of {', '.join(others)}: of other weights, or an older export."

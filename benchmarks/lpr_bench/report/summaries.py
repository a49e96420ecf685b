"""Results of `lpr-bench accuracy` as they are published: figures, without pictures' names and plates' texts."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lpr_bench.base.results import write_result

FOLDER = Path("benchmarks/results/accuracy")
"""Where the repository keeps them; README and documentation take their figures from there."""
OF_PICTURES = ("plates", "false_alarms", "misses", "copies", "in_training", "comparison", "confusions")
"""Keys of single pictures: registrations are personal data, and the pictures are other people's."""


def summarized(result: Mapping[str, Any]) -> dict[str, Any]:
    """A result without its records of single pictures; `pictures` counts those left out under each name."""
    kept = {key: value for key, value in result.items() if key not in OF_PICTURES and key != "format"}
    if isinstance(kept.get("crops"), Mapping):
        kept["crops"] = summarized(kept["crops"])
    counts = {key: len(result[key]) for key in OF_PICTURES if isinstance(result.get(key), list)}
    return kept | {"pictures": counts}


def write_summaries(results: Mapping[str, Mapping[str, Any] | None], folder: Path) -> list[Path]:
    """Write each result that is there as NAME.json.

    Raises:
        LprError: the folder can't be written.
    """
    written = []
    for name, result in results.items():
        if result is not None:
            path = folder / f"{name}.json"
            write_result(path, summarized(result))
            written.append(path)
    return written

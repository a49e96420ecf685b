"""A benchmark's result on disk: JSON, written whole or not at all."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lpr_edge.contract.errors import LprError
from lpr_edge.contract.metrics import wilson_interval

FORMAT_VERSION = 1
"""Of the result files; a number or a meaning that changes makes a new one."""


def write_result(path: Path, result: Mapping[str, Any]) -> None:
    """Write a result beside its place, then rename.

    Raises:
        LprError: the place can't be written.
    """
    text = json.dumps({"format": FORMAT_VERSION, **result}, ensure_ascii=False, indent=1) + "\n"
    beside = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise LprError(f"can't write {path}: {error.strerror or error}. Give another place by --json FILE") from error


def share(successes: int, count: int) -> dict[str, Any]:
    """A share as a result file holds it: with its counts and 95 % Wilson interval; the share of nothing is null."""
    return {
        "value": successes / count if count else None,
        "successes": successes,
        "count": count,
        "interval": list(wilson_interval(successes, count)),
    }

"""Result files of benchmarks: JSON, written atomically.

A record is one benchmark's result, flat, with `benchmark` naming it. A board's file holds the last record of each
benchmark that ran there; each record carries its own environment, since a board changes between two runs.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.base.text_files import read_json

FORMAT_VERSION = 2
"""Version of the result files; a changed field or meaning needs a new one."""

Record = dict[str, Any]

NUMBERS = re.compile(r"\[\s+((?:-?[\d.][\d.eE+-]*,\s+)*-?[\d.][\d.eE+-]*)\s+\]")
"""A list of numbers over several lines."""


def write_result(path: Path, result: Mapping[str, Any]) -> None:
    """Write a result atomically: to a temporary file, then rename.

    Raises:
        LprError: the place can't be written.
    """
    text = json.dumps({"format": FORMAT_VERSION, **result}, ensure_ascii=False, indent=1) + "\n"
    temporary = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(NUMBERS.sub(_on_one_line, text), encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise LprError(f"can't write {path}: {error.strerror or error}. Give another place by --json FILE") from error


def _on_one_line(match: re.Match[str]) -> str:
    """Put a list of numbers on one line: raw values are thousands of numbers."""
    return "[" + re.sub(r"\s+", " ", match.group(1)) + "]"


def add_record(path: Path, board: str, record: Record) -> None:
    """Put a record into a board's file in place of the last one of the same benchmark; the others stay.

    Args:
        path: of the board's file; made where there is none.
        board: its name.
        record: of one benchmark.

    Raises:
        LprError: the file is there and no result file, or can't be written.
    """
    others = [r for r in _records_to_keep(path) if r["benchmark"] != record["benchmark"]]
    write_result(path, {"board": board, "records": [*others, record]})


def _records_to_keep(path: Path) -> list[Record]:
    """Records of a file; none if it doesn't exist or an older lpr-bench wrote it."""
    try:
        return read_records(path) if path.exists() else []
    except OldResultError:
        return []


class OldResultError(LprError):
    """A result in an older format."""


def read_records(path: Path) -> list[Record]:
    """Read the records of a board's file, or the single record of another result file.

    Raises:
        OldResultError: an older lpr-bench wrote it.
        LprError: it can't be read, or is no result file.
    """
    try:
        result = read_json(path)
        version = result["format"]
        records: list[Record] = result.get("records", [result])
        named = all(isinstance(record["benchmark"], str) for record in records)
    except OSError as error:
        raise LprError(f"can't read {path}: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise LprError(f"{path} is no result of lpr-bench: give a file that it wrote") from error
    if version != FORMAT_VERSION or not named:
        raise OldResultError(
            f"{path} has the results' format {version}, and this lpr-bench reads {FORMAT_VERSION}: measure again"
        )
    return records

"""Events as lines of a file: JSON, or a table for spreadsheets."""

import csv
import io
import json
from pathlib import Path

from lpr_edge.contract.records import Record
from lpr_edge.delivery.log_rotation import RotatedFile
from lpr_edge.delivery.sink import StoredEvent

COLUMNS = ("id", "first_seen", "last_seen", "source", "text", "latin", "valid", "confidence", "frames")


class JsonFile:
    """`--jsonl`: the records, one a line."""

    name = "jsonl"
    wants_pictures = False

    def __init__(self, path: Path, limit_bytes: int) -> None:
        self.file = RotatedFile(path, limit_bytes)

    def deliver(self, stored_event: StoredEvent) -> None:
        """Add a line, unless a process that was killed just then has added it."""
        if _id_of(self.file.last_line()) != stored_event.record["id"]:
            self.file.append(json.dumps(stored_event.record, ensure_ascii=False))

    def close(self) -> None:
        """Every line is on the disk already."""


class Table:
    """`--csv`: the main fields, one event a row, below a row of their names."""

    name = "csv"
    wants_pictures = False

    def __init__(self, path: Path, limit_bytes: int) -> None:
        self.file = RotatedFile(path, limit_bytes, ",".join(COLUMNS))

    def deliver(self, stored_event: StoredEvent) -> None:
        """Add a row, unless a process that was killed just then has added it."""
        if not self.file.last_line().startswith(f"{stored_event.record['id']},"):
            self.file.append(_row(stored_event.record))

    def close(self) -> None:
        """Every row is on the disk already."""


def _row(record: Record) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow([record.get(column, "") for column in COLUMNS])
    return text.getvalue().replace("\r", " ").replace("\n", " ")


def _id_of(line: str) -> str | None:
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record.get("id") if isinstance(record, dict) else None

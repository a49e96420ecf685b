"""Events as lines of a file: JSON, or a table for spreadsheets."""

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lpr_edge.contract.records import Record
from lpr_edge.delivery.log_rotation import RotatedFile
from lpr_edge.delivery.sink import SinkSettings, Site, StoredEvent, Target

COLUMNS = ("id", "first_seen", "last_seen", "source", "text", "latin", "valid", "confidence", "frames")


class LinesFile:
    """A file of events that is rotated, and whose old parts are deleted."""

    wants_pictures = False

    def __init__(self, path: Path, limit_bytes: int, header: str = "") -> None:
        self.file = RotatedFile(path, limit_bytes, header)

    def finished_files(self) -> Iterable[Path]:
        """The files that were rotated."""
        return self.file.rotated_files()

    def growing_files(self) -> Iterable[Path]:
        """The file itself."""
        return (self.file.path,)

    def close(self) -> None:
        """Every line is on the disk already."""


class JsonFile(LinesFile):
    """`--jsonl`: the records, one a line."""

    name = "jsonl"

    def deliver(self, stored_event: StoredEvent) -> None:
        """Add a line, unless a process that was killed just then has added it."""
        if _id_of(self.file.last_line()) != stored_event.record["id"]:
            self.file.append(json.dumps(stored_event.record, ensure_ascii=False))


class Table(LinesFile):
    """`--csv`: the main fields, one event a row, below a row of their names."""

    name = "csv"

    def __init__(self, path: Path, limit_bytes: int) -> None:
        super().__init__(path, limit_bytes, ",".join(COLUMNS))

    def deliver(self, stored_event: StoredEvent) -> None:
        """Add a row, unless a process that was killed just then has added it."""
        if not self.file.last_line().startswith(f"{stored_event.record['id']},"):
            self.file.append(_row(stored_event.record))


@dataclass(frozen=True)
class JsonFileSettings(SinkSettings):
    """Settings of the file of JSON lines."""

    name = "jsonl"

    path: Path | None = None
    """file of events, one JSON object a line; rotated each day, and where it grows past --rotate-size"""

    def open(self, site: Site) -> Target:
        """See `SinkSettings.open`."""
        assert self.path is not None
        return JsonFile(self.path, site.largest_file)

    def written_folders(self) -> Iterable[Path]:
        """The file's folder."""
        return () if self.path is None else (self.path.parent,)


@dataclass(frozen=True)
class TableSettings(SinkSettings):
    """Settings of the table."""

    name = "csv"

    path: Path | None = None
    """the same as a table"""

    def open(self, site: Site) -> Target:
        """See `SinkSettings.open`."""
        assert self.path is not None
        return Table(self.path, site.largest_file)

    def written_folders(self) -> Iterable[Path]:
        """The file's folder."""
        return () if self.path is None else (self.path.parent,)


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

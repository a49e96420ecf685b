"""Log files of events: JSON lines, or a CSV table for spreadsheets."""

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from lpr_edge.calendars.bikram_sambat import bikram_sambat
from lpr_edge.contract.records import Record, delivery_key
from lpr_edge.delivery.log_rotation import RotatedFile
from lpr_edge.delivery.sink import SinkSettings, Site, StoredEvent, Target

COLUMNS = (
    *("id", "first_seen", "last_seen", "source", "text", "latin", "valid", "confidence", "frames"),
    *("event", "dwell_s", "direction", "colour", "local_time", "date_bs"),
)
"""In this order; columns are only added at the end."""
KIND_PLACE = COLUMNS.index("event")


class LinesFile:
    """A log file that is rotated, and whose rotated files are deleted by age and quota."""

    wants_pictures = False

    def __init__(self, path: Path, limit_bytes: int, header: str = "") -> None:
        self.file = RotatedFile(path, limit_bytes, header)

    def finished_files(self) -> Iterable[Path]:
        """The rotated files."""
        return self.file.rotated_files()

    def growing_files(self) -> Iterable[Path]:
        """The current file."""
        return (self.file.path,)

    def close(self) -> None:
        """Do nothing: every line is on the disk already."""


class JsonFile(LinesFile):
    """`--jsonl`: the records, one a line."""

    name = "jsonl"

    def deliver(self, stored_event: StoredEvent) -> None:
        """Append a line, unless a process that was killed has already written it."""
        if _key_of_line(self.file.last_line()) != delivery_key(stored_event.record):
            self.file.append(json.dumps(stored_event.record, ensure_ascii=False))


class Table(LinesFile):
    """`--csv`: the main fields, one event a row, below a row of their names.

    `local_time` is `first_seen` as a spreadsheet takes it, by the clock on the wall; `date_bs` is its day in the Bikram
    Sambat calendar, for plates of Nepal.
    """

    name = "csv"

    def __init__(self, path: Path, limit_bytes: int, country: str = "") -> None:
        """See `LinesFile`.

        Args:
            path: the file.
            limit_bytes: its greatest size.
            country: whose plates are read.
        """
        super().__init__(path, limit_bytes, ",".join(COLUMNS))
        self._country = country

    def deliver(self, stored_event: StoredEvent) -> None:
        """Append a row, unless a process that was killed has already written it."""
        record = stored_event.record
        if _key_of_row(self.file.last_line()) != delivery_key(record):
            self.file.append(_row(record | _local_fields(record, self._country)))


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
        return Table(self.path, site.largest_file, site.country)

    def written_folders(self) -> Iterable[Path]:
        """The file's folder."""
        return () if self.path is None else (self.path.parent,)


def _local_fields(record: Record, country: str) -> Record:
    """When the plate was first seen, in local time and calendar; empty if the record has no time."""
    if "first_seen" not in record:
        return {}
    time = datetime.fromisoformat(record["first_seen"]).astimezone()
    date_bs = bikram_sambat(time.date()) if country == "nepal" else None
    return {"local_time": f"{time:%Y-%m-%d %H:%M:%S}", "date_bs": date_bs or ""}


def _row(record: Record) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow([record.get(column, "") for column in COLUMNS])
    return text.getvalue().replace("\r", " ").replace("\n", " ")


def _key_of_line(line: str) -> str | None:
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return delivery_key(record) if isinstance(record, dict) and "id" in record else None


def _key_of_row(line: str) -> str | None:
    """The key of a table's row, also of earlier versions without kinds; None for other lines."""
    row = next(csv.reader([line]), [])
    kind = row[KIND_PLACE] if len(row) > KIND_PLACE else "plate"
    return delivery_key({"id": row[0], "event": kind or "plate"}) if row else None

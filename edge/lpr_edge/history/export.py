"""Export a day's events: CSV and XLSX for spreadsheets, JSON lines for programs."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, BinaryIO

from lpr_edge.calendars.bikram_sambat import bikram_sambat
from lpr_edge.contract.base.errors import needing_extra
from lpr_edge.history.search import HistoryEvent, Search, SearchFilter

COLUMNS = (
    *("time", "bikram_sambat", "text", "latin", "read_as", "corrected_by", "source", "direction"),
    *("list_name", "list_action", "confidence", "valid", "frames", "dwell_s", "id"),
)
"""`time` is this device's local time; `text` is as corrected, and `read_as` what was read where that differs."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a text that begins so for a formula: an apostrophe before it makes it text."""
CHUNK = 200

Row = list[str | float | bool | None]


def local_day(day: date) -> tuple[datetime, datetime]:
    """Beginning and end of a day in this device's local time."""
    begins = datetime.combine(day, time()).astimezone()
    return begins, datetime.combine(day + timedelta(days=1), time()).astimezone()


def events_of(search: Search, search_filter: SearchFilter) -> Iterator[HistoryEvent]:
    """Matching events, newest first, loaded in small batches."""
    numbers: list[int] = []
    for number in search.numbers(search_filter):
        numbers.append(number)
        if len(numbers) == CHUNK:
            yield from search.load(numbers)
            numbers = []
    yield from search.load(numbers)


def row_of(event: HistoryEvent) -> Row:
    """Cells of an event in the order of COLUMNS."""
    record = event.record
    seen = local_time(event)
    matched = record.get("matched") or {}
    last = event.corrections[-1] if event.corrections else None
    return [
        f"{seen:%Y-%m-%d %H:%M:%S}",
        bikram_sambat(seen.date()),
        event.text,
        last.latin if last else record.get("latin"),
        record["text"] if last else None,
        last.who if last else None,
        record.get("source"),
        record.get("direction"),
        matched.get("name"),
        matched.get("action"),
        record.get("confidence"),
        record.get("valid"),
        record.get("frames"),
        record.get("dwell_s"),
        record["id"],
    ]


def local_time(event: HistoryEvent) -> datetime:
    """When the vehicle was last seen, in this device's local time."""
    return datetime.fromisoformat(event.record["last_seen"]).astimezone()


def describe(event: HistoryEvent) -> dict[str, Any]:
    """Fields of an event for a page."""
    record = event.record
    seen = local_time(event)
    matched = record.get("matched") or {}
    shown = {key: record.get(key) for key in ("source", "direction", "confidence", "valid", "frames", "dwell_s")}
    return shown | {
        "id": record["id"],
        "text": event.text,
        "rows": [] if event.corrections else record.get("rows", []),
        "latin": event.corrections[-1].latin if event.corrections else record.get("latin"),
        "read_as": record["text"],
        "time": f"{seen:%Y-%m-%d %H:%M:%S}",
        "bikram_sambat": bikram_sambat(seen.date()),
        "list_name": matched.get("name"),
        "list_action": matched.get("action"),
        "has_pictures": event.has_pictures,
        "corrections": [
            {"text": each.text, "who": each.who, "time": f"{datetime.fromtimestamp(each.at).astimezone():%F %T}"}
            for each in event.corrections
        ],
    }


def to_dict(event: HistoryEvent) -> dict[str, Any]:
    """An event's record with its corrections."""
    corrections = [
        {"text": each.text, "latin": each.latin, "who": each.who, "at": each.at} for each in event.corrections
    ]
    return event.record | ({"corrections": corrections} if corrections else {})


def write_csv(events: Iterable[HistoryEvent], stream: BinaryIO) -> None:
    """Write CSV (RFC 4180) with the byte order mark by which Excel recognises UTF-8."""
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="replace", newline="", write_through=True)
    table = csv.writer(text)
    table.writerow(COLUMNS)
    for found in events:
        table.writerow([_plain(value) for value in row_of(found)])
    text.detach()


def write_jsonl(events: Iterable[HistoryEvent], stream: BinaryIO) -> None:
    """Write records as they were sent, with their corrections."""
    for found in events:
        stream.write((json.dumps(to_dict(found), ensure_ascii=False) + "\n").encode(errors="replace"))


def write_xlsx(events: Iterable[HistoryEvent], stream: BinaryIO) -> None:
    """Write a workbook with one sheet, row by row.

    Raises:
        LprError: openpyxl isn't installed.
    """
    with needing_extra("XLSX", "openpyxl", "web"):
        from openpyxl import Workbook
        from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, WriteOnlyCell
    book = Workbook(write_only=True)
    sheet = book.create_sheet("events")
    sheet.freeze_panes = "A2"
    for letter, width in zip("ABCDEFGH", (20, 14, 16, 18, 16, 14, 18, 10), strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.append(list(COLUMNS))

    def cell(value: str | float | bool | None) -> Any:
        made = WriteOnlyCell(sheet, value=ILLEGAL_CHARACTERS_RE.sub("", value) if isinstance(value, str) else value)
        if isinstance(value, str):
            made.data_type = "s"  # else a text that begins with = would be a formula
        return made

    for found in events:
        sheet.append([cell(value) for value in row_of(found)])
    book.save(stream)


def _plain(value: str | float | bool | None) -> str | float | bool | None:
    """Escape a cell that a spreadsheet would interpret as a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


WRITERS: dict[str, Callable[[Iterable[HistoryEvent], BinaryIO], None]] = {
    "csv": write_csv,
    "xlsx": write_xlsx,
    "jsonl": write_jsonl,
}
"""Format -> what writes it."""

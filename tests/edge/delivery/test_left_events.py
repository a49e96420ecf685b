"""What sinks make of a vehicle's second event, and the columns of a table that came with it."""

import csv
import json
import time
from pathlib import Path

import pytest
from tests.edge.delivery.test_sinks import receiver, stored_event
from tests.support.deliveries import Receiver, Record, record
from tests.support.urls import webhook_url

from lpr_edge.delivery.sink import StoredEvent
from lpr_edge.delivery.sinks.log_files import COLUMNS, JsonFile, Table
from lpr_edge.delivery.sinks.snapshots import Snapshots
from lpr_edge.delivery.sinks.webhook import Webhook

__all__ = ["receiver"]


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def left(number: int) -> Record:
    """The record of a vehicle that has left."""
    return record(number) | {"event": "left", "dwell_s": 4.2, "direction": "in"}


def test_both_kinds_of_a_visit_are_written(tmp_path: Path, receiver: Receiver) -> None:
    """`plate` and `left` share their id, and neither is taken for a second delivery of the other."""
    lines, table, hook = (
        JsonFile(tmp_path / "a.jsonl", 10_000),
        Table(tmp_path / "a.csv", 10_000),
        Webhook(webhook_url(receiver.url)),
    )
    pictures = Snapshots(tmp_path / "pictures")
    for number, seen in enumerate((record(0), left(0), left(0))):
        for sink in (lines, table, hook, pictures):
            sink.deliver(StoredEvent(number, seen, {"frame": b"jpeg", "plate": b"jpeg"}))
    assert [json.loads(line) for line in lines.file.path.read_text().splitlines()] == [record(0), left(0)]
    rows = rows_of(table.file.path)
    assert [(row["event"], row["dwell_s"], row["direction"]) for row in rows] == [
        ("plate", "", ""),
        ("left", "4.2", "in"),
    ]
    plate_id = record(0)["id"]
    assert [headers["Idempotency-Key"] for headers, _ in receiver.posts] == [plate_id, *[f"{plate_id}-left"] * 2]
    names = {f"{plate_id}{end}.jpg" for end in ("", "-plate", "-left", "-left-plate")}
    assert {Path(path).name for path in pictures.finished_files()} == names


@pytest.mark.parametrize(
    ("zone", "local", "date_bs"),
    [("Asia/Kathmandu", "2026-03-01 05:00:00", "2082-11-17"), ("UTC", "2026-02-28 23:15:00", "2082-11-16")],
)
def test_a_table_has_local_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, zone: str, local: str, date_bs: str
) -> None:
    """The added columns are the time on the wall, of an event with any offset, and, for Nepal, its day there."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    seen = record(0) | {"first_seen": "2026-02-28T23:15:00.000Z"}
    for country in ("nepal", "elsewhere"):
        Table(tmp_path / f"{country}.csv", 10_000, country).deliver(StoredEvent(0, seen))
    monkeypatch.undo()
    time.tzset()
    rows = [rows_of(tmp_path / f"{country}.csv")[0] for country in ("nepal", "elsewhere")]
    assert [(row["local_time"], row["date_bs"]) for row in rows] == [(local, date_bs), (local, "")]


def test_a_table_of_an_earlier_version_is_put_by(tmp_path: Path) -> None:
    """A file with fewer columns is rotated whole, its last event isn't written again, and no row has other columns."""
    old = ["id,first_seen,last_seen,source,text,latin,valid,confidence,frames", f"{record(0)['id']},,,clip.mp4,बा0,,,,"]
    path = tmp_path / "plates.csv"
    path.write_text("\n".join(old) + "\n", encoding="utf-8")
    for number in (0, 1, 2):
        Table(path, 100_000).deliver(stored_event(number))
    (rotated,) = Table(path, 100_000).file.rotated_files()
    assert rotated.read_text(encoding="utf-8").splitlines() == old
    rows = rows_of(path)
    assert list(rows[0]) == list(COLUMNS)
    assert COLUMNS[:9] == tuple(old[0].split(","))
    assert [row["text"] for row in rows] == ["बा1", "बा2"]

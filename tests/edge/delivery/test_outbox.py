import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.deliveries import Record, Shelf, record, wait_until
from tests.support.faults import Tally

from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.records import Sighting
from lpr_edge.delivery.delivery_worker import DeliveryWorker
from lpr_edge.delivery.enqueue import EventEnqueuer
from lpr_edge.delivery.log_rotation import RotatedFile
from lpr_edge.delivery.outbox import Outbox
from lpr_edge.delivery.sink import RefusedError, StoredEvent


class Paper:
    """A stdout that can be looked at."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def write(self, record: Record, _: Sighting | None = None) -> None:
        self.records.append(record)

    def tick(self) -> None:
        return

    def stop_waiting(self) -> None:
        return

    def close(self) -> None:
        return


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    box = Outbox(tmp_path / "outbox.db", ["shelf"])
    yield box
    box.close()


def test_events_come_out_in_order_until_marked(outbox: Outbox) -> None:
    """A sink is given the oldest event it hasn't had, again and again until that is marked as delivered."""
    for number in range(3):
        outbox.add(record(number))
    first = outbox.next_for("shelf")
    assert first is not None
    assert first.record == record(0)
    assert outbox.next_for("shelf") == first
    outbox.mark_delivered("shelf", first.number)
    second = outbox.next_for("shelf")
    assert second is not None
    assert (second.record, outbox.waiting()) == (record(1), {"shelf": 2})


def test_a_new_sink_begins_with_the_next_event(tmp_path: Path) -> None:
    """A sink that is added later isn't flooded with the past; one that was there goes on where it was."""
    box = Outbox(tmp_path / "outbox.db", ["old"])
    box.add(record(0))
    box.close()
    box = Outbox(tmp_path / "outbox.db", ["old", "new"])
    box.add(record(1))
    assert box.waiting() == {"old": 2, "new": 1}
    box.close()


def test_what_all_have_is_forgotten_unless_it_is_kept(tmp_path: Path) -> None:
    """Without a log, an event leaves the disk when the last sink has it, and pictures always do."""
    for keeps, left in ((False, []), (True, [record(0)])):
        box = Outbox(tmp_path / f"{keeps}.db", ["a", "b"], keeps, ["a", "b"])
        box.add(record(0), {"frame": b"jpeg"})
        for sink in ("a", "b"):
            stored_event = box.next_for(sink)
            assert stored_event is not None
            assert stored_event.pictures == {"frame": b"jpeg"}
            box.mark_delivered(sink, stored_event.number)
        assert box.records() == left
        box.close()
        with sqlite3.connect(tmp_path / f"{keeps}.db") as connection:
            assert connection.execute("SELECT COUNT(*) FROM pictures").fetchone() == (0,)
        connection.close()


def test_the_same_event_is_stored_once(outbox: Outbox) -> None:
    """A clip that is read again stores nothing twice; another event of the same id gets one of its own."""
    assert outbox.add(record(0)) == record(0)
    assert outbox.add(record(0)) == record(0)
    other = record(0) | {"text": "बा9"}
    assert [outbox.add(other)["id"] for _ in range(2)] == [f"{record(0)['id']}.2"] * 2
    assert len(outbox.records()) == 2


def test_a_second_process_is_told_to_take_its_own(outbox: Outbox) -> None:
    """Two programs on one outbox would deliver everything twice, so the second is refused."""
    with pytest.raises(LprError, match=r"another lpr-edge uses .*outbox\.db: give each its own with --store FILE"):
        Outbox(outbox.path, ["shelf"])


def test_a_file_that_cannot_be_is_told(tmp_path: Path) -> None:
    """A place that can't hold the file, and a file of a newer lpr, are one line each."""
    (tmp_path / "file").write_text("")
    with pytest.raises(LprError, match=r"can't make the outbox .*: give --store another file"):
        Outbox(tmp_path / "file" / "outbox.db", [])
    connection = sqlite3.connect(tmp_path / "new.db")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(LprError, match=r"was written by a newer lpr \(format 99\): upgrade lpr"):
        Outbox(tmp_path / "new.db", [])


@pytest.mark.parametrize("damage", ["rubbish", "cut"])
def test_a_damaged_file_is_put_aside(tmp_path: Path, capsys: pytest.CaptureFixture[str], damage: str) -> None:
    """A file that isn't a database, or is cut short, is kept; a new one goes on with what it held."""
    path = tmp_path / "outbox.db"
    if damage == "rubbish":
        path.write_bytes(b"no database" * 1000)
    else:
        box = Outbox(path, ["shelf"])
        for number in range(200):
            box.add(record(number))
        box.close()
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    box = Outbox(path, ["shelf"])
    box.add(record(500))
    *saved, last = box.records()
    assert last == record(500)
    assert all(event in [record(number) for number in range(200)] for event in saved)
    box.close()
    assert "is damaged: it is kept as" in capsys.readouterr().err
    assert len(list(tmp_path.glob("outbox.db.damaged-*"))) == 1


def test_events_go_to_disk_then_stdout_then_sinks(outbox: Outbox) -> None:
    """Every sink gets every event once, in order; closing waits for them."""
    shelf, paper = Shelf(), Paper()
    enqueuer = EventEnqueuer(outbox, paper, [DeliveryWorker(shelf, outbox)])
    for number in range(20):
        enqueuer.write(record(number))
    enqueuer.close()
    assert paper.records == shelf.got == [record(number) for number in range(20)]
    assert shelf.closed


def test_a_sink_that_fails_gets_all_when_it_is_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """While one sink fails, reading and the other sinks go on; back again, it gets all in order, with one line each."""
    outbox = Outbox(tmp_path / "outbox.db", ["good", "bad"])
    good, bad, paper = Shelf("good"), Shelf("bad"), Paper()
    bad.fails = True
    enqueuer = EventEnqueuer(
        outbox, paper, [DeliveryWorker(good, outbox), DeliveryWorker(bad, outbox, first_wait_s=0.02)]
    )
    for number in range(10):
        enqueuer.write(record(number))
    wait_until(lambda: len(good.got) == 10 and bad.tries > 3)
    assert (len(paper.records), bad.got) == (10, [])
    bad.fails = False
    wait_until(lambda: len(bad.got) == 10)
    enqueuer.close()
    assert bad.got == good.got == paper.records
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert "bad takes no events (told to fail): they wait in the outbox, and it is tried again" in lines[0]
    assert "bad is back after" in lines[1]


def test_what_waits_at_the_end_goes_out_at_the_next_start(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A sink that is down at the end costs no event: the next run delivers what waits, before what is new."""
    shelf = Shelf()
    shelf.fails = True
    box = Outbox(tmp_path / "outbox.db", ["shelf"], keeps=False)
    enqueuer = EventEnqueuer(box, Paper(), [DeliveryWorker(shelf, box)])
    enqueuer.write(record(0))
    enqueuer.close()
    assert "1 events for shelf wait in" in capsys.readouterr().err
    shelf.fails = False
    box = Outbox(tmp_path / "outbox.db", ["shelf"], keeps=False)
    enqueuer = EventEnqueuer(box, Paper(), [DeliveryWorker(shelf, box)])
    enqueuer.write(record(1))
    enqueuer.close()
    assert shelf.got == [record(0), record(1)]


def test_a_refused_event_does_not_hold_up_the_others(outbox: Outbox, capsys: pytest.CaptureFixture[str]) -> None:
    """An event that a sink will never take is told and left out there; the next ones follow."""

    class Picky(Shelf):
        def deliver(self, stored_event: StoredEvent) -> None:
            if stored_event.record == record(0):
                raise RefusedError("too odd")
            super().deliver(stored_event)

    shelf = Picky()
    enqueuer = EventEnqueuer(outbox, Paper(), [DeliveryWorker(shelf, outbox)])
    enqueuer.write(record(0))
    enqueuer.write(record(1))
    enqueuer.close()
    assert shelf.got == [record(1)]
    assert (
        f"shelf refuses event {record(0)['id']} (too odd): it is kept, --replay sends it again"
        in capsys.readouterr().err
    )


def test_a_fault_inside_a_sink_is_only_its_own(outbox: Outbox, capsys: pytest.CaptureFixture[str]) -> None:
    """A sink that raises what it shouldn't is tried again like any other failure."""

    class Broken(Shelf):
        def deliver(self, _: StoredEvent) -> None:
            self.tries += 1
            raise ZeroDivisionError("oops")

    shelf = Broken()
    enqueuer = EventEnqueuer(outbox, Paper(), [DeliveryWorker(shelf, outbox, first_wait_s=0.01)])
    enqueuer.write(record(0))
    wait_until(lambda: shelf.tries > 2)
    enqueuer.close()
    assert "ZeroDivisionError: oops" in capsys.readouterr().err


@pytest.mark.faults
def test_a_database_damaged_while_it_runs_is_replaced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], tally: Tally
) -> None:
    """Damage in the middle of a run costs no new event: the file is put aside and a new one begun."""
    box, paper = Outbox(tmp_path / "outbox.db", []), Paper()
    enqueuer = EventEnqueuer(box, paper)
    enqueuer.write(record(0))
    box._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    box._connection.execute("PRAGMA shrink_memory").fetchall()  # else SQLite goes on with what it remembers
    box.path.write_bytes(b"\0" * 100)
    for number in range(1, 4):
        enqueuer.write(record(number))
    tally("database truncated while it runs, new events", 3, 3 - len(box.records()))
    assert paper.records == [record(number) for number in range(4)]
    enqueuer.close()
    assert "was damaged: it is kept as" in capsys.readouterr().err


@settings(max_examples=15)
@given(st.lists(st.sampled_from(["add", "deliver a", "deliver b", "restart"]), max_size=25))
def test_no_order_of_things_loses_or_doubles(steps: list[str]) -> None:
    """However adding, delivering and restarting follow one another, each sink gets each event once, in order."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "outbox.db"
        box, got, added = Outbox(path, ["a", "b"], keeps=False), {"a": [], "b": []}, 0  # type: ignore[var-annotated]
        for step in [*steps, *["deliver a", "deliver b"] * len(steps)]:
            if step == "add":
                box.add(record(added))
                added += 1
            elif step == "restart":
                box.close()
                box = Outbox(path, ["a", "b"], keeps=False)
            elif (stored_event := box.next_for(step[-1])) is not None:
                got[step[-1]].append(stored_event.record)
                box.mark_delivered(step[-1], stored_event.number)
        assert got["a"] == got["b"] == [record(number) for number in range(added)]
        box.close()


ENDLESS = """
import itertools, sys, time
from pathlib import Path
from tests.support.deliveries import record
from lpr_edge.delivery.sinks.json_lines import JsonLines
from lpr_edge.delivery.enqueue import EventEnqueuer
from lpr_edge.delivery.delivery_worker import DeliveryWorker
from lpr_edge.delivery.sinks.log_files import JsonFile, Table
from lpr_edge.delivery.outbox import Outbox

folder = Path(sys.argv[1])
box = Outbox(folder / "outbox.db", ["jsonl", "csv"])
targets = [JsonFile(folder / "plates.jsonl", 20_000), Table(folder / "plates.csv", 20_000)]
enqueuer = EventEnqueuer(box, JsonLines(sys.stdout), [DeliveryWorker(target, box) for target in targets])
first = len(box.records())
for number in itertools.count(first):
    enqueuer.write(record(number))
    if len(sys.argv) > 2:
        break
while any(box.waiting().values()):  # without an end: on a busy machine it takes as long as it takes
    time.sleep(0.01)
enqueuer.close()
"""


def kill_while_it_writes(folder: Path, repository: Path, after_s: float) -> list[Record]:
    """Run, kill -9 some time after the first line, and give what was announced."""
    process = subprocess.Popen([sys.executable, "-c", ENDLESS, str(folder)], stdout=subprocess.PIPE, cwd=repository)
    assert process.stdout is not None
    first = process.stdout.readline()
    time.sleep(after_s)
    process.send_signal(signal.SIGKILL)
    rest = process.stdout.read().splitlines(keepends=True)
    process.stdout.close()
    process.wait()
    return [json.loads(line) for line in [first, *rest] if line.endswith(b"\n")]


def whole_text(path: Path) -> str:
    """What stands in a file and those that were put by."""
    return "".join(part.read_text() for part in [*RotatedFile(path, 0).rotated_files(), path])


def check_kills(folder: Path, repository: Path, times: int) -> tuple[int, int]:
    """How many events were announced, and how many of them were lost."""
    rng = np.random.default_rng(7)
    announced = [event for _ in range(times) for event in kill_while_it_writes(folder, repository, rng.uniform(0, 0.3))]
    subprocess.run(
        [sys.executable, "-c", ENDLESS, str(folder), "once"], check=True, cwd=repository, capture_output=True
    )
    box = Outbox(folder / "outbox.db", ["jsonl", "csv"])
    stored = box.records()
    assert box.waiting() == {"jsonl": 0, "csv": 0}
    box.close()
    lost = [event for event in announced if event not in stored]
    ids = [event["id"] for event in stored]
    jsonl, table = (whole_text(folder / f"plates.{suffix}") for suffix in ("jsonl", "csv"))
    assert [json.loads(line)["id"] for line in jsonl.splitlines()] == ids
    assert [row.split(",")[0] for row in table.splitlines() if not row.startswith("id,")] == ids
    return len(announced), len(lost)


def test_kill_9_loses_nothing_that_was_announced(tmp_path: Path, repository: Path) -> None:
    """Killed while it writes: all that was on stdout is in the outbox, and each file has each event once, in order."""
    assert check_kills(tmp_path, repository, 3)[1] == 0


@pytest.mark.slow
@pytest.mark.faults
def test_kill_9_at_50_moments(tmp_path: Path, repository: Path, tally: Tally) -> None:
    """The same, fifty times over on one outbox."""
    announced, lost = check_kills(tmp_path, repository, 50)
    tally("kill -9 at 50 moments, announced events", announced, lost)
    assert lost == 0

"""Events that wait in memory while the disk takes none."""

import sqlite3
from pathlib import Path

import pytest
from tests.edge.delivery.test_outbox import Paper, outbox
from tests.support.deliveries import record
from tests.support.faults import Tally
from tests.support.readings import frame, new_tracker, plate

from lpr_edge.delivery import enqueue as announcing
from lpr_edge.delivery.enqueue import EventEnqueuer
from lpr_edge.delivery.outbox import Outbox

__all__ = ["outbox"]


@pytest.mark.faults
def test_a_locked_database_holds_events_in_memory(
    outbox: Outbox, capsys: pytest.CaptureFixture[str], tally: Tally
) -> None:
    """While another program locks the file, events are held and not announced; unlocked, all come in order."""
    paper = Paper()
    enqueuer = EventEnqueuer(outbox, paper)
    thief = sqlite3.connect(outbox.path, isolation_level=None)
    thief.execute("BEGIN IMMEDIATE")
    enqueuer.write(record(0))
    enqueuer.write(record(1))
    assert paper.records == []
    thief.execute("ROLLBACK")
    thief.close()
    enqueuer.write(record(2))
    tally("database locked by another program, events", 3, 3 - len(outbox.records()))
    assert paper.records == outbox.records() == [record(0), record(1), record(2)]
    err = capsys.readouterr().err
    assert "takes no events (database is locked): they are held in memory, make room" in err
    assert "takes events again" in err


def test_both_events_of_a_visit_are_stored_under_one_id(outbox: Outbox) -> None:
    """The second event of a visit is no repetition of the first, and gets the id that the first one got."""
    paper = Paper()
    enqueuer = EventEnqueuer(outbox, paper)
    other = record(0) | {"text": "another reading of the same clip"}
    for seen in (record(0), record(0) | {"event": "left"}, other, other | {"event": "left"}):
        enqueuer.write(seen)
    first, again = record(0)["id"], f"{record(0)['id']}.2"
    stored = [(event["id"], event["event"]) for event in outbox.records()]
    assert stored == [(first, "plate"), (first, "left"), (again, "plate"), (again, "left")]
    assert paper.records == outbox.records()


def test_held_events_need_no_new_one_to_go_out(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """After trouble with the file, frames without any event are enough for the held ones to be stored and told."""
    paper = Paper()
    enqueuer = EventEnqueuer(outbox, paper)
    thief = sqlite3.connect(outbox.path, isolation_level=None)
    thief.execute("BEGIN IMMEDIATE")
    enqueuer.write(record(0))
    thief.execute("ROLLBACK")
    thief.close()
    enqueuer.tick()
    assert paper.records == []
    monkeypatch.setattr(announcing, "TRY_AGAIN_S", 0.0)
    enqueuer.tick()
    assert paper.records == [record(0)]


def test_a_full_disk_holds_events_in_memory(tmp_path: Path) -> None:
    """When the disk is full nothing is announced that isn't stored, and nothing is lost when there is room again."""
    box, paper = Outbox(tmp_path / "outbox.db", []), Paper()
    enqueuer = EventEnqueuer(box, paper)
    enqueuer.write(record(0))
    pages = box._connection.execute("PRAGMA page_count").fetchone()[0]
    box._connection.execute(f"PRAGMA max_page_count = {pages}")  # SQLite then says "database or disk is full"
    big = [record(number) | {"text": "x" * 5000} for number in range(1, 9)]
    for event in big:
        enqueuer.write(event)
    announced = len(paper.records)
    assert announced < 9
    box._connection.execute("PRAGMA max_page_count = 1000000")
    enqueuer.write(record(9))
    assert paper.records == box.records() == [record(0), *big, record(9)]
    enqueuer.close()


def test_pictures_in_memory_have_a_limit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the disk takes nothing, memory takes pictures up to a limit; further events go without, none is lost."""
    monkeypatch.setattr(announcing, "MAX_HELD_BYTES", 250)
    box = Outbox(tmp_path / "outbox.db", ["shelf"], picture_sinks=["shelf"])
    enqueuer = EventEnqueuer(box, Paper(), take_pictures=lambda _: {"frame": b"x" * 100})
    tracker = new_tracker()
    tracker.update(frame(0), [plate("A104")])
    (event,) = tracker.flush()
    thief = sqlite3.connect(box.path, isolation_level=None)
    thief.execute("BEGIN IMMEDIATE")
    for number in range(4):
        enqueuer.write(record(number), event)
    thief.execute("ROLLBACK")
    thief.close()
    enqueuer.write(record(4), event)
    held = []
    while stored_event := box.next_for("shelf"):
        held.append((stored_event.record, len(stored_event.pictures)))
        box.mark_delivered("shelf", stored_event.number)
    assert held == [(record(0), 1), (record(1), 1), (record(2), 0), (record(3), 0), (record(4), 0)]
    assert capsys.readouterr().err.count("events go without them") == 1
    enqueuer.close()

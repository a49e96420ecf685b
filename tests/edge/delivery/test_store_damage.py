"""What becomes of events whose file is damaged, taken away, or somebody else's."""

import fcntl
import os
import shutil
import sqlite3
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.edge.delivery.test_outbox import Paper, outbox
from tests.support.deliveries import Record, Shelf, record, wait_until
from tests.support.faults import Tally

from lpr_edge.contract.base.errors import LprError
from lpr_edge.delivery.delivery_worker import DeliveryWorker
from lpr_edge.delivery.enqueue import EventEnqueuer
from lpr_edge.delivery.outbox import Outbox

__all__ = ["outbox"]


def drain(box: Outbox, sink: str = "shelf") -> list[Record]:
    """All that a sink has yet to get, taken."""
    got = []
    while stored_event := box.next_for(sink):
        got.append(stored_event.record)
        box.mark_delivered(sink, stored_event.number)
    return got


def overwrite(box: Outbox, number: int, value: object) -> None:
    box._connection.execute("UPDATE events SET record = CAST(? AS TEXT) WHERE number = ?", (value, number))


BAD_ROWS: dict[str, object] = {
    "half a record": '{"id": "half',
    "bytes that are no UTF-8": b'{"id": "\xff\xfe"}',
    "no object": "[1, 2]",
    "no id": '{"text": "A104"}',
    "an id that is none": '{"id": 7}',
    "half a character": '{"id": "a", "text": "\\ud800"}',
    "nothing": b"",
    "very deep": "[" * 100_000,
}


@pytest.mark.faults
@pytest.mark.parametrize("damage", BAD_ROWS)
def test_a_damaged_row_holds_up_nothing(
    tmp_path: Path, damage: str, capsys: pytest.CaptureFixture[str], tally: Tally
) -> None:
    """A row that can't be read is kept, counted and told once; every sink gets all others, also at the next start."""
    path = tmp_path / "outbox.db"
    box = Outbox(path, ["a", "b"], keeps=False)
    for number in range(4):
        box.add(record(number))
    overwrite(box, 2, BAD_ROWS[damage])
    a, b = Shelf("a"), Shelf("b")
    workers = [DeliveryWorker(a, box), DeliveryWorker(b, box)]
    wanted = [record(0), record(2), record(3)]
    wait_until(lambda: a.got == b.got == wanted)
    enqueuer = EventEnqueuer(box, Paper(), workers)
    assert (box.damaged(), enqueuer.waiting()) == (1, {"a": 0, "b": 0})
    enqueuer.close()
    box = Outbox(path, ["a", "b"], keeps=False)
    assert (box.damaged(), drain(box, "a"), box.records()) == (1, [], [])
    assert box._connection.execute("SELECT number FROM events").fetchall() == [(2,)]
    box.close()
    tally("damaged row, other events", 3, 3 - len(a.got))
    assert capsys.readouterr().err.count("event 2 in ") == 1


@pytest.mark.faults
@pytest.mark.parametrize("when", ["at the start", "while it runs"])
def test_damaged_pages_cost_only_the_events_on_them(
    tmp_path: Path, when: str, capsys: pytest.CaptureFixture[str], tally: Tally
) -> None:
    """Where pages of the file are overwritten, it is kept, and the events on its other pages are still delivered."""
    path = tmp_path / "outbox.db"
    box = Outbox(path, ["shelf"])
    for number in range(400):
        box.add(record(number) | {"text": "x" * 500})
    for _ in range(100):
        stored_event = box.next_for("shelf")
        assert stored_event is not None
        box.mark_delivered("shelf", stored_event.number)
    box._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    box._connection.execute("PRAGMA shrink_memory").fetchall()
    root = box._connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'events'").fetchone()[0]
    if when == "at the start":
        box.close()
    with path.open("r+b") as file:
        pages = path.stat().st_size // 4096
        file.seek((pages - 4) * 4096)
        file.write(b"\xa5" * 8192)
        assert root < pages - 4
    if when == "at the start":
        box = Outbox(path, ["shelf"])
        assert list(tmp_path.glob("outbox.db.damaged-*")), "it is looked at before it is used"
    got = drain(box)
    tally("two pages overwritten, events (those on them are lost)", 300, 300 - len(got))
    assert 250 < len(got) < 300
    assert got == sorted(got, key=lambda event: str(event["id"]))
    assert box.add(record(1000)) == record(1000)
    assert drain(box) == [record(1000)]
    box.close()
    assert len(list(tmp_path.glob("outbox.db.damaged-*"))) == 1
    assert "damaged: it is kept as" in capsys.readouterr().err


def remove(path: Path) -> None:
    for part in path.parent.glob(f"{path.name}*"):
        part.unlink()


def move(path: Path) -> None:
    path.rename(path.with_name("moved.db"))


def move_all(path: Path) -> None:
    elsewhere = path.parent / "elsewhere"
    elsewhere.mkdir()
    for part in path.parent.glob(f"{path.name}*"):
        part.rename(elsewhere / part.name)


def remove_folder(path: Path) -> None:
    shutil.rmtree(path.parent)


def put_another(path: Path) -> None:
    other = path.with_name("other.db")
    Outbox(other, ["shelf"]).close()
    other.replace(path)


@pytest.mark.faults
@pytest.mark.parametrize("take_away", [remove, move, move_all, remove_folder, put_another])
def test_a_file_that_goes_while_it_is_used_costs_no_event(
    tmp_path: Path, take_away: Callable[[Path], None], capsys: pytest.CaptureFixture[str], tally: Tally
) -> None:
    """The file is removed, moved or replaced: a new one is begun, and every event goes to every sink and into it."""
    path = tmp_path / "state" / "outbox.db"
    box, shelf, paper = Outbox(path, ["shelf"]), Shelf(), Paper()
    shelf.fails = True
    enqueuer = EventEnqueuer(box, paper, [DeliveryWorker(shelf, box, first_wait_s=0.01)])
    for number in range(5):
        enqueuer.write(record(number))
    take_away(path)
    for number in range(5, 10):
        enqueuer.write(record(number))
    shelf.fails = False
    wait_until(lambda: len(shelf.got) == 10)
    enqueuer.close()
    wanted = [record(number) for number in range(10)]
    tally("store taken away while it is used, events", 10, 10 - len(shelf.got))
    assert shelf.got == paper.records == wanted
    again = Outbox(path, ["shelf"])
    assert again.records() == wanted
    again.close()
    assert "was removed, moved or replaced while it was used: a new one is begun with the" in capsys.readouterr().err


def test_a_file_that_was_moved_is_whole(tmp_path: Path) -> None:
    """Who moves the file away without its log has all events that were stored until then."""
    path = tmp_path / "outbox.db"
    box = Outbox(path, [])
    for number in range(5):
        box.add(record(number))
    move(path)
    box.add(record(5))
    box.close()
    moved = Outbox(tmp_path / "moved.db", [])
    assert moved.records() == [record(number) for number in range(5)]
    moved.close()


@pytest.mark.faults
def test_an_event_stored_in_a_file_that_goes_just_then_is_stored_again(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch, tally: Tally
) -> None:
    """The file goes between the look at its name and the end of the write: the event still stands in the new one."""
    attempt = outbox._attempt

    def vanishing(work: Callable[[sqlite3.Connection], object]) -> object:
        monkeypatch.setattr(outbox, "_attempt", attempt)
        stored = attempt(work)
        remove(outbox.path)
        return stored

    monkeypatch.setattr(outbox, "_attempt", vanishing)
    outbox.add(record(0))
    tally("store taken away within a write, events", 1, 1 - len(outbox.records()))
    assert drain(outbox) == [record(0)]


@pytest.mark.faults
def test_where_no_new_file_can_be_made_events_are_held(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], tally: Tally
) -> None:
    """The folder gives way to a file: events wait in memory, and are stored when there is a folder again."""
    path = tmp_path / "state" / "outbox.db"
    box, paper = Outbox(path, ["shelf"]), Paper()
    enqueuer = EventEnqueuer(box, paper)
    enqueuer.write(record(0))
    shutil.rmtree(path.parent)
    path.parent.write_text("in the way")
    enqueuer.write(record(1))
    assert paper.records == [record(0)]
    path.parent.unlink()
    enqueuer.write(record(2))
    tally("store's folder gone for a while, events", 3, 3 - len(box.records()))
    assert paper.records == drain(box) == [record(0), record(1), record(2)]
    enqueuer.close()
    assert "they are held in memory" in capsys.readouterr().err


@pytest.fixture
def names(tmp_path: Path) -> Iterator[dict[str, Path]]:
    """Other names of a file of events that is in use."""
    path = tmp_path / "outbox.db"
    box = Outbox(path, [])
    (tmp_path / "link.db").symlink_to(path)
    (tmp_path / "folder").symlink_to(tmp_path)
    os.link(path, tmp_path / "hard.db")
    yield {
        name: tmp_path / name
        for name in ("link.db", "hard.db", "folder/outbox.db", "../" + tmp_path.name + "/outbox.db")
    }
    box.close()


def test_no_other_name_passes_the_lock(names: dict[str, Path]) -> None:
    """The file itself is locked, so that a link to it, or another way there, is refused like its own name."""
    for path in names.values():
        with pytest.raises(LprError, match="another lpr-edge uses"):
            Outbox(path, [])


def test_a_link_beside_the_store_is_left_alone(tmp_path: Path) -> None:
    """A symbolic link called like the lock file of earlier versions loses nothing of what it leads to."""
    (tmp_path / "precious").write_text("keep me")
    (tmp_path / "outbox.db.lock").symlink_to(tmp_path / "precious")
    Outbox(tmp_path / "outbox.db", []).close()
    assert (tmp_path / "precious").read_text() == "keep me"


def test_the_lock_ends_with_the_outbox(outbox: Outbox) -> None:
    """While it is open the file is locked for others, and free when it is closed."""
    with outbox.path.open("rb") as file:
        with pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        outbox.close()
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.flock(file, fcntl.LOCK_UN)


def modes(folder: Path) -> set[str]:
    """Permissions of all that is in a folder, by kind."""
    return {stat.filemode(path.lstat().st_mode) for path in folder.rglob("*")}


def test_the_store_is_its_owners_alone(tmp_path: Path) -> None:
    """Whatever the umask, the file, its logs and the folders made for it are closed to others; old ones stay."""
    before = os.umask(0)
    try:
        box = Outbox(tmp_path / "new" / "deep" / "outbox.db", [])
        box.add(record(0))
        assert modes(tmp_path) == {"drwx------", "-rw-------"}
        box.path.chmod(0o640)
        box.close()
        box = Outbox(box.path, [])
        box.add(record(1))
        assert stat.S_IMODE(box.path.stat().st_mode) == 0o640
        box.close()
    finally:
        os.umask(before)


def test_only_who_wants_pictures_reads_them(tmp_path: Path) -> None:
    """A sink without pictures is given none, and pictures leave the disk when those that want them have them."""
    box = Outbox(tmp_path / "outbox.db", ["lines", "pictures"], picture_sinks=["pictures"])
    box.add(record(0), {"frame": b"jpeg"})
    first, second = box.next_for("lines"), box.next_for("pictures")
    assert first is not None
    assert second is not None
    assert (dict(first.pictures), dict(second.pictures)) == ({}, {"frame": b"jpeg"})
    box.mark_delivered("pictures", second.number)
    assert box._connection.execute("SELECT COUNT(*) FROM pictures").fetchone() == (0,)
    assert box.waiting() == {"lines": 1, "pictures": 0}
    box.close()


def test_a_deleted_event_leaves_nothing_behind(tmp_path: Path) -> None:
    """With an event go its pictures, and what was noted of it: refused, damaged, to be sent again."""
    box = Outbox(tmp_path / "outbox.db", ["a", "b"], picture_sinks=["b"])
    for number in range(3):
        box.add(record(number), {"frame": b"jpeg"})
    box.mark_refused("a", 1, "HTTP status 422")
    overwrite(box, 2, b"")
    box.mark_delivered("a", 1)
    box.mark_refused("a", 1, "HTTP status 422")
    assert drain(box, "a") == [record(2)]
    assert (box.refused(), box.damaged()) == ({"a": 1, "b": 0}, 1)
    box.replay()
    box.drop_oldest(3)
    for table in ("events", "pictures", "refused", "damaged", "replays"):
        assert box._connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone() == (0,), table
    box.close()


@pytest.mark.faults
def test_a_file_emptied_while_it_is_used_costs_no_new_event(outbox: Outbox, tally: Tally) -> None:
    """Somebody empties the file (`> outbox.db`): a new one is begun, and what comes is stored there."""
    outbox.add(record(0))
    outbox._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    outbox._connection.execute("PRAGMA shrink_memory").fetchall()
    outbox.path.write_bytes(b"")
    for number in range(1, 4):
        assert outbox.add(record(number)) == record(number)
    got = drain(outbox)
    tally("store emptied while it is used, new events", 3, 3 - len(got))
    assert got == [record(number) for number in range(1, 4)]


@pytest.mark.faults
def test_a_file_cut_short_gives_what_is_left(tmp_path: Path, tally: Tally) -> None:
    """Of a file whose last pages are gone, the events on the others are still delivered."""
    path = tmp_path / "outbox.db"
    box = Outbox(path, ["shelf"])
    for number in range(200):
        box.add(record(number) | {"text": "x" * 1000})
    box.close()
    os.truncate(path, path.stat().st_size - 3 * 4096)
    box = Outbox(path, ["shelf"])
    got = drain(box)
    tally("store cut short by three pages, events (those on them are lost)", 200, 200 - len(got))
    assert len(got) > 150
    box.close()


def test_a_new_file_goes_on_where_each_sink_was(tmp_path: Path) -> None:
    """After the file went, each sink gets what it hadn't had, from the next event on, and nothing is skipped."""
    box = Outbox(tmp_path / "outbox.db", ["ahead", "behind"])
    for number in range(6):
        box.add(record(number))
    for sink, count in (("ahead", 5), ("behind", 3)):
        for number in range(1, count + 1):
            box.mark_delivered(sink, number)
    remove(box.path)
    box.add(record(6))
    assert drain(box, "behind") == [record(number) for number in range(3, 7)]
    assert drain(box, "ahead") == [record(5), record(6)]
    box.close()


def test_numbers_given_anew_count_as_new(tmp_path: Path) -> None:
    """Where every sink had everything when the file went, the events after it are still delivered."""
    box = Outbox(tmp_path / "outbox.db", ["shelf"])
    for number in range(6):
        box.add(record(number))
    assert len(drain(box)) == 6
    remove(box.path)
    box.add(record(6))
    assert drain(box) == [record(6)]
    box.close()


def test_what_a_sink_refused_is_carried_into_a_new_file(tmp_path: Path) -> None:
    """A refused event outlives damage to other pages: it is still counted as refused, and can be sent again."""
    path = tmp_path / "outbox.db"
    box = Outbox(path, ["shelf"], True)
    for number in range(400):
        box.add(record(number) | {"text": "x" * 500})
    box.mark_refused("shelf", 1, "HTTP 413")
    for number in range(2, 401):
        box.mark_delivered("shelf", number)
    box.close()
    with path.open("r+b") as file:
        file.seek((path.stat().st_size // 4096 - 4) * 4096)
        file.write(b"\xa5" * 8192)
    box = Outbox(path, ["shelf"], True)
    assert list(tmp_path.glob("outbox.db.damaged-*"))
    assert box.refused() == {"shelf": 1}
    assert box.replay()["shelf"] >= 1
    assert record(0)["id"] in [event["id"] for event in drain(box)]
    box.close()

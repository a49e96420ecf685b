import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.support.deliveries import wait_until
from tests.support.histories import BEGIN, NEPAL, event, history_of, ids

from lpr_edge.contract.base.errors import LprError
from lpr_edge.delivery.delivery_worker import DeliveryWorker
from lpr_edge.delivery.outbox import Outbox
from lpr_edge.history.schema import FILE, SCHEMA_VERSION
from lpr_edge.history.search import SearchFilter
from lpr_edge.history.sink import HistoryTarget
from lpr_edge.history.store import Entry, History

JPEG = cv2.imencode(".jpg", np.zeros((20, 30, 3), np.uint8))[1].tobytes()
PICTURES = {"frame": JPEG, "plate": JPEG}
NOW = BEGIN.timestamp()


def test_the_same_event_again_is_one(tmp_path: Path) -> None:
    """An event that is delivered twice is stored once; another event of the same id gets an id of its own."""
    access = history_of(tmp_path, [event(1), event(1), event(1, "ना३च५६७८", source="gate-2")])
    assert sorted(ids(access)) == ["e1", "e1.2"]


def test_a_departure_completes_its_event(tmp_path: Path) -> None:
    """`left` adds direction and dwell time to the event with its id, which is then found by its direction."""
    left = event(1) | {"event": "left", "direction": "in", "dwell_s": 4.0}
    access = history_of(tmp_path, [event(1), left])
    assert ids(access, direction="in") == ["e1"]
    found = access.event("e1")
    assert found is not None
    assert (found.record["event"], found.record["dwell_s"]) == ("plate", 4.0)


def test_a_correction_stands_beside_what_was_read(tmp_path: Path) -> None:
    """Both texts are found; the record stays as it was, and says who corrected it and when."""
    access = history_of(tmp_path, [event(1, "बा१प१२३४")])
    access.correct("e1", "ba 1 pa 1934", "Sita", NOW)
    found = access.correct("e1", "ना ३ च ५६७८", "Hari", NOW + 1)
    assert found is not None
    assert (found.text, found.record["text"]) == ("ना३च५६७८", "बा१प१२३४")
    assert [(each.text, each.who, each.at) for each in found.corrections] == [
        ("बा१प१९३४", "Sita", NOW),
        ("ना३च५६७८", "Hari", NOW + 1),
    ]
    assert ids(access, "1234") == ids(access, "na3cha5678") == ["e1"]
    assert ids(access, "1934", exact=True) == []
    assert access.correct("e2", "ba 1 pa 1", "Sita", NOW) is None


def test_a_correction_that_no_plate_can_say_is_refused(tmp_path: Path) -> None:
    """A sign that stands on no plate is named, and nothing is changed."""
    access = history_of(tmp_path, [event(1)])
    with pytest.raises(LprError, match="no letter, digit or separator"):
        access.correct("e1", "<b>1</b>", "Sita", NOW)
    assert access.event("e1").corrections == ()  # type: ignore[union-attr]


def test_old_events_leave_nothing_behind(tmp_path: Path) -> None:
    """Events past their age go with pictures, corrections, pieces and the names of cameras and lists."""
    access = history_of(tmp_path, [event(number, source=f"gate-{number}") for number in range(3)], PICTURES)
    access.correct("e0", "ba 9 pa 9999", "Sita", NOW)
    history = History(tmp_path, NEPAL)
    with closing(sqlite3.connect(tmp_path / FILE)) as connection, connection:
        connection.execute("UPDATE events SET stored = number / 1000")
    assert history.drop_before((BEGIN + timedelta(minutes=2)).timestamp()) == 2
    history.close()
    assert ids(access) == ["e2"]
    assert ids(access, "9999") == []
    assert access.choices()["source"] == ["gate-2"]
    assert len(list(tmp_path.glob("pictures/*/*.jpg"))) == 2
    data = (tmp_path / FILE).read_bytes()
    assert b"gate-2" in data
    for gone in (b"gate-0", b"9999", b"Sita", b"e1"):
        assert gone not in data


def test_the_quota_takes_the_oldest_pictures(tmp_path: Path) -> None:
    """Beyond the quota the oldest events lose their pictures, and stay."""
    access = history_of(tmp_path, [event(number) for number in range(4)], PICTURES)
    history = History(tmp_path, NEPAL)
    assert history.drop_pictures(4 * len(JPEG)) == 2
    history.close()
    assert ids(access) == ["e3", "e2", "e1", "e0"]
    assert [access.picture(f"e{number}", "plate") for number in range(4)] == [None, None, JPEG, JPEG]
    assert access.picture("e3", "../history.db") is None


def test_a_large_frame_is_made_smaller(tmp_path: Path) -> None:
    """A frame's longest side is kept to what shows the vehicle."""
    large = cv2.imencode(".jpg", np.zeros((1080, 1920, 3), np.uint8))[1].tobytes()
    jpeg = history_of(tmp_path, [event(0)], {"frame": large}).picture("e0", "frame")
    assert jpeg
    assert cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR).shape == (720, 1280, 3)


def test_files_are_private(tmp_path: Path) -> None:
    """Other users can read neither the file nor the pictures."""
    history_of(tmp_path / "history", [event(0)], PICTURES)
    modes = {path.stat().st_mode & 0o077 for path in (tmp_path / "history").rglob("*")}
    assert modes == {0}


@pytest.mark.parametrize("damage", ["header", "cut", "middle"])
def test_a_damaged_history_is_put_aside(tmp_path: Path, capsys: pytest.CaptureFixture[str], damage: str) -> None:
    """A damaged file is renamed, its readable events and corrections go into a new one, and that is said."""
    access = history_of(tmp_path, [event(number) for number in range(400)])
    access.correct("e7", "ba 9 pa 9999", "Sita", NOW)
    path = tmp_path / FILE
    data = bytearray(path.read_bytes())
    if damage == "header":
        data[:100] = bytes(100)
    elif damage == "cut":
        data = data[: len(data) * 3 // 4]
    else:
        data[8192 : len(data) // 2] = b"\xaa" * (len(data) // 2 - 8192)
    path.write_bytes(data)
    history = History(tmp_path, NEPAL)
    history.add([(event(1000), {})])
    history.close()
    assert "damaged" in capsys.readouterr().err
    assert list(tmp_path.glob("history.db.damaged-*"))
    found = ids(access)
    assert found[0] == "e1000"
    if damage == "cut":
        assert len(found) > 100


def test_a_history_that_is_taken_away_is_begun_anew(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever deletes the file while lpr runs finds a new one with what came since."""
    history = History(tmp_path, NEPAL)
    history.add([(event(1), {})])
    (tmp_path / FILE).unlink()
    history.add([(event(2), {})])
    history.close()
    assert "was removed or replaced" in capsys.readouterr().err
    assert ids(history_of(tmp_path, [])) == ["e2"]


def test_a_newer_history_and_another_programs_file_are_refused(tmp_path: Path) -> None:
    """Neither is changed."""
    history_of(tmp_path, [event(1)])
    with closing(sqlite3.connect(tmp_path / FILE)) as connection, connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    with pytest.raises(LprError, match="written by a newer lpr"):
        History(tmp_path, NEPAL)
    other = tmp_path / "other"
    other.mkdir()
    with closing(sqlite3.connect(other / FILE)) as connection, connection:
        connection.execute("CREATE TABLE books (title)")
    with pytest.raises(LprError, match="is no history of lpr"):
        History(other, NEPAL)


def test_events_come_through_the_outbox_in_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits in the outbox goes into the history in few transactions, pictures included, and is then delivered."""
    outbox = Outbox(tmp_path / "outbox.db", ["history"], keeps=False, picture_sinks=["history"])
    for number in range(120):
        outbox.add(event(number), PICTURES)
    history = History(tmp_path / "history", NEPAL)
    batches: list[int] = []
    target = HistoryTarget(history, 3600.0, 10**9)
    add = history.add

    def count(entries: Sequence[Entry]) -> int:
        batches.append(len(entries))
        return add(entries)

    monkeypatch.setattr(history, "add", count)
    worker = DeliveryWorker(target, outbox)
    wait_until(lambda: outbox.waiting()["history"] == 0)
    worker.start_closing(5.0)
    worker.close()
    assert batches == [50, 50, 20]
    assert outbox.count() == 0
    outbox.close()
    access = history_of(tmp_path / "history", [])
    assert len(ids(access)) == 120
    assert access.picture("e119", "plate") == JPEG


def test_age_is_no_reason_while_the_clock_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A clock ten years ahead deletes nothing; a right one deletes what is old."""
    access = history_of(tmp_path, [event(1)])
    target = HistoryTarget(History(tmp_path, NEPAL), 60.0, 0, is_clock_held=lambda: False)
    target.prune(4e9)
    assert ids(access) == ["e1"]
    assert "clock can't be believed" in capsys.readouterr().err
    target.close()
    target = HistoryTarget(History(tmp_path, NEPAL), 60.0, 0, is_clock_held=lambda: True)
    target.prune(4e9)
    target.close()
    assert ids(access) == []


def test_hashes_are_found_by_the_whole_plate(tmp_path: Path) -> None:
    """Where hashes are stored, a plate is searched by its hash, and a correction is stored as one."""
    from dataclasses import replace

    access = history_of(tmp_path, [event(1, "#00ff"), event(2, "#11ff")])
    hashing = replace(access, hide=lambda text: "#00ff" if text == "बा१प१२३४" else "#22ff")
    assert [each.record["id"] for each in hashing.page(SearchFilter("ba 1 pa 1234")).events] == ["e1"]
    found = hashing.correct("e2", "ba 1 pa 7", "Sita", NOW)
    assert found is not None
    assert found.text == "#22ff"


def test_merging_the_index_changes_no_search(tmp_path: Path) -> None:
    """After many small transactions the index is merged; every event is still found."""
    history = History(tmp_path, NEPAL)
    for number in range(30):
        history.add([(event(number), {})])
    history.merge()
    history.close()
    access = history_of(tmp_path, [])
    assert ids(access, "1235") == [f"e{number}" for number in range(29, -1, -1)]

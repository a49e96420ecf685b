"""What is deleted to keep within an age and a size, and when."""

import os
import time
import tracemalloc
from pathlib import Path

import pytest
from tests.edge.delivery.test_outbox import Paper
from tests.edge.delivery.test_sinks import event_of
from tests.support.deliveries import record, wait_until
from tests.support.faults import Tally

from lpr_edge.config.loading import config_of
from lpr_edge.delivery.enqueue import EventEnqueuer
from lpr_edge.delivery.outbox import Outbox
from lpr_edge.delivery.retention import Retention
from lpr_edge.delivery.sinks.snapshots import Snapshots
from lpr_edge.wiring.wire_delivery import open_delivery_workers, open_outbox, open_retention
from lpr_edge.wiring.wire_sinks import open_targets

DAY_S = 86400.0
EVENT = event_of("A104")


def test_old_events_and_files_go(tmp_path: Path) -> None:
    """What is older than `keep` is deleted, unless a sink has yet to get it."""
    box = Outbox(tmp_path / "outbox.db", ["shelf"])
    box.add(record(0))
    box.mark_delivered("shelf", 1)
    box.add(record(1))
    old, new = tmp_path / "old.jpg", tmp_path / "new.jpg"
    for path in (old, new):
        path.write_bytes(b"jpeg")
    os.utime(old, (0, 0))
    retention = Retention(box, [lambda: [old, new]], 3600, 0)
    retention.close()
    assert (old.exists(), new.exists(), len(box.records())) == (False, True, 2)
    retention.prune(time.time() + 7200)
    assert (new.exists(), box.records()) == (False, [record(1)])
    box.close()


def test_the_quota_deletes_the_oldest_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Past the quota the oldest file or event goes first, until all fits; what a sink never had is told."""
    box = Outbox(tmp_path / "outbox.db", ["shelf"])
    pictures = [tmp_path / f"{number}.jpg" for number in range(10)]
    for number, path in enumerate(pictures):
        path.write_bytes(b"x" * 100_000)
        os.utime(path, (1000 + number,) * 2)
    retention = Retention(box, [lambda: [path for path in pictures if path.exists()]], 0, 0)
    retention.close()
    retention._closing.clear()
    retention._quota_bytes = box.size() + 300_000
    retention.prune()
    assert [path.exists() for path in pictures] == [False] * 7 + [True] * 3
    for number in range(250):
        box.add(record(number) | {"text": "x" * 5000})
    for path in pictures:
        path.unlink(missing_ok=True)
    retention.prune()
    assert box.size() <= retention._quota_bytes
    assert box.records()[-1]["id"] == record(249)["id"]
    assert "events were deleted before every sink had them" in capsys.readouterr().err
    box.close()


def test_pruning_holds_no_list_of_what_is_kept(tmp_path: Path) -> None:
    """A look at 4,000 pictures, and room made among them, take a third of a megabyte; a list of all took three."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    box = Outbox(tmp_path / "outbox.db", [])
    retention = Retention(box, [Snapshots(folder).finished_files], 3600, 0)
    retention.close()
    for number in range(4000):
        (folder / f"20260301T060000000-{number}.jpg").write_bytes(b"x")
    retention._closing.clear()
    retention._quota_bytes = box.size() + 2500
    tracemalloc.start()
    retention.prune()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    box.close()
    assert len(list(folder.iterdir())) == 2500
    assert most < 500_000


def kept(path: Path, now: float, is_held: bool | None = False, keep_s: float = 30 * DAY_S) -> int:
    """How many events are left after one start at a time."""
    box = Outbox(path, [])
    retention = Retention(box, [], 0, 0, is_clock_held=lambda: is_held)
    retention.close()
    retention._keep_s = keep_s  # only now: the thread's own look is over
    retention.prune(now)
    count = box.count()
    box.close()
    return count


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A store of ten events, one a day, the newest of now."""
    box = Outbox(tmp_path / "plates.db", [])
    for number in range(10):
        box.add(record(number))
        age_s = (9 - number) * DAY_S
        box._connection.execute("UPDATE events SET stored = ? WHERE number = ?", (time.time() - age_s, number + 1))
    box.close()
    return tmp_path / "plates.db"


@pytest.mark.faults
def test_a_clock_far_ahead_deletes_nothing(log: Path, capsys: pytest.CaptureFixture[str], tally: Tally) -> None:
    """Years ahead of the newest event, retention waits and says so once, at this start and at the next ones."""
    counts = [kept(log, time.time() + 3650 * DAY_S) for _ in range(2)]
    tally("clock ten years ahead, stored events", 10, 10 - min(counts))
    assert counts == [10, 10]
    err = capsys.readouterr().err
    assert err.count("nothing is deleted for its age while the clock can't be believed") == 2
    assert "days after the newest event, and no time service holds it" in err
    assert "start with --trust-clock" in err


@pytest.mark.faults
def test_events_of_a_wrong_clock_do_not_make_it_right(log: Path, tally: Tally) -> None:
    """An event stored ten years ahead is no reason to believe that clock: the old ones stay."""
    assert kept(log, time.time()) == 10
    wrong = time.time() + 3650 * DAY_S
    box = Outbox(log, [])
    box.add(record(10))
    box._connection.execute("UPDATE events SET stored = ? WHERE number = 11", (wrong,))
    box.close()
    left = kept(log, wrong)
    tally("event of a clock ten years ahead, others", 10, 11 - left)
    assert left == 11


def test_a_clock_that_is_held_is_believed(log: Path) -> None:
    """After a long time without power a time service, or who starts it with --trust-clock, makes old events go."""
    assert kept(log, time.time() + 60 * DAY_S, is_held=True) == 0


def test_a_clock_that_goes_on_is_believed(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a time service, days follow one another and a weekend may be off: what is too old goes."""
    now = time.time()
    assert kept(log, now, keep_s=5.5 * DAY_S) == 6
    assert kept(log, now + 2.9 * DAY_S, keep_s=5.5 * DAY_S) == 3
    assert kept(log, now + 5.8 * DAY_S, keep_s=5.5 * DAY_S) == 0
    assert "believed" not in capsys.readouterr().err


def test_a_clock_that_was_never_set_deletes_nothing(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In 1970, or before lpr was made, retention waits, whoever says that the clock is held."""
    for now in (0.0, 1_600_000_000.0):
        assert kept(log, now, is_held=True, keep_s=1.0) == 10
    err = capsys.readouterr().err
    assert "it shows 1970-01-01, which is before lpr was made" in err
    assert "it shows 2020-09-13" in err


def test_a_clock_far_ahead_deletes_no_files(tmp_path: Path) -> None:
    """Where all events have left the store, the newest file tells what is far ahead."""
    picture = tmp_path / "20260301T060000000-1.jpg"
    picture.write_bytes(b"jpeg")
    box = Outbox(tmp_path / "outbox.db", [], keeps=False)
    retention = Retention(box, [lambda: [picture]], 0, 0, is_clock_held=lambda: None)
    retention.close()
    retention._keep_s = 30 * DAY_S
    retention.prune(time.time() + 60 * DAY_S)
    assert picture.exists()
    box.close()


def used(folder: Path) -> int:
    """Bytes of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.name.endswith("-shm"))


@pytest.mark.faults
def test_the_quota_holds_at_every_write(tmp_path: Path, tally: Tally) -> None:
    """With all files on, what lies on the disk stays within the quota after each event, and the newest are there."""
    config = config_of(
        source="clip.mp4",
        store=tmp_path / "plates.db",
        jsonl=tmp_path / "plates.jsonl",
        csv=tmp_path / "plates.csv",
        snapshots=tmp_path / "pictures",
        quota="1MB",
    )
    targets = open_targets(config)
    box = open_outbox(config, targets)
    retention = open_retention(config, box, targets)
    workers = open_delivery_workers(targets, box, retention)
    pictures = {"frame": os.urandom(60_000), "plate": os.urandom(3_000)}
    enqueuer = EventEnqueuer(box, Paper(), workers, retention, lambda _: pictures)
    most = 0
    for number in range(60):
        enqueuer.write(record(number) | {"padding": "x" * 2000}, EVENT)
        wait_until(lambda: not any(box.waiting().values()))
        most = max(most, used(tmp_path))
    enqueuer.close()
    tally("quota of 1 MB, bytes beyond it after each event", most, max(0, most - 1_000_000))
    assert most <= 1_000_000
    assert len(list((tmp_path / "pictures").iterdir())) >= 4
    assert record(59)["id"] in (tmp_path / "plates.jsonl").read_text()


def test_an_event_without_its_pictures_is_kept_where_they_are_larger_than_the_quota(tmp_path: Path) -> None:
    """A record counts more than pictures that nothing could make room for."""
    box = Outbox(tmp_path / "plates.db", ["shelf"], picture_sinks=["shelf"])
    retention = Retention(box, [], 0, 1_000_000)
    enqueuer = EventEnqueuer(box, Paper(), [], retention, lambda _: {"frame": b"x" * 2_000_000})
    enqueuer.write(record(0), EVENT)
    stored_event = box.next_for("shelf")
    assert stored_event is not None
    assert (stored_event.record, dict(stored_event.pictures)) == (record(0), {})
    enqueuer.close()

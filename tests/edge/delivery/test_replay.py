"""Events that a sink never had: refused ones, and those of before it was added."""

import json
import sqlite3
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from tests.edge.app.test_edge_cli import Run, models, run, write_clip
from tests.edge.delivery.test_outbox import Paper
from tests.edge.delivery.test_store_damage import drain
from tests.edge.privacy.test_privacy import TEXTS
from tests.support.deliveries import Receiver, receiving, record, wait_until
from tests.support.faults import Tally
from tests.support.urls import webhook_url

from lpr_edge.app.cli import main
from lpr_edge.delivery.delivery_worker import DeliveryWorker
from lpr_edge.delivery.enqueue import EventEnqueuer
from lpr_edge.delivery.outbox import Outbox
from lpr_edge.delivery.sinks.webhook import Webhook

__all__ = ["models", "run"]


@pytest.mark.faults
@pytest.mark.parametrize("keeps", [True, False])
def test_what_a_webhook_refuses_is_kept_and_sent_again(tmp_path: Path, keeps: bool, tally: Tally) -> None:
    """A refused event stays in the store, is counted, holds up nothing, and arrives once it is taken."""
    refused = record(1)["id"]
    path = tmp_path / "outbox.db"
    with receiving() as receiver:

        def answer(handler: BaseHTTPRequestHandler) -> None:
            Receiver.say(handler, 422 if receiver.posts[-1][1]["id"] == refused else 200)

        receiver.answer = answer
        box = Outbox(path, ["webhook"], keeps)
        enqueuer = EventEnqueuer(box, Paper(), [DeliveryWorker(Webhook(webhook_url(receiver.url)), box)])
        for number in range(3):
            enqueuer.write(record(number))
        wait_until(lambda: len(receiver.posts) == 3 and box.waiting() == {"webhook": 0})
        assert enqueuer.set_aside() == {"webhook": 1}
        enqueuer.close()
        box = Outbox(path, ["webhook"], keeps)
        assert (box.refused(), box.records()) == (
            {"webhook": 1},
            [record(n) for n in range(3)] if keeps else [record(1)],
        )
        assert box.replay() == {"webhook": 1}
        receiver.answer = lambda handler: Receiver.say(handler, 200)
        enqueuer = EventEnqueuer(box, Paper(), [DeliveryWorker(Webhook(webhook_url(receiver.url)), box)])
        wait_until(lambda: box.waiting() == {"webhook": 0})
        assert (enqueuer.set_aside(), box.replay(), len(box.records())) == ({"webhook": 0}, {"webhook": 0}, 3 * keeps)
        enqueuer.close()
        tally("webhook refuses, events", 3, 3 - len(set(receiver.ids)))
        assert receiver.ids == [record(number)["id"] for number in (0, 1, 2, 1)]


def test_what_is_refused_again_is_still_kept(tmp_path: Path) -> None:
    """An event that is sent again and refused again is counted once, and not sent until it is asked for."""
    box = Outbox(tmp_path / "outbox.db", ["shelf"], keeps=False)
    box.add(record(0))
    for _ in range(2):
        stored_event = box.next_for("shelf")
        assert stored_event is not None
        box.mark_refused("shelf", stored_event.number, "HTTP status 422")
        assert (box.next_for("shelf"), box.refused(), box.records()) == (None, {"shelf": 1}, [record(0)])
        assert box.replay() == {"shelf": 1}
    box.close()


@pytest.mark.faults
def test_a_sink_added_later_is_told_and_sent_the_past(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], tally: Tally
) -> None:
    """Replay gives it each event that was stored before it came, once and in order; who had them gets none again."""
    path = tmp_path / "outbox.db"
    box = Outbox(path, ["old"])
    for number in range(5):
        box.add(record(number))
    assert drain(box, "old") == [record(number) for number in range(5)]
    box.close()
    assert "is new to" not in capsys.readouterr().err
    box = Outbox(path, ["old", "new"])
    assert f"new is new to {path} and begins with the next event: --replay sends it the 5" in capsys.readouterr().err
    box.add(record(5))
    assert drain(box, "new") == [record(5)]
    box.close()
    box = Outbox(path, ["old", "new"])
    assert "is new to" not in capsys.readouterr().err
    assert box.replay() == {"old": 0, "new": 5}
    box.add(record(6))
    got = drain(box, "new")
    tally("sink added later, stored events", 5, 6 - len(got))
    assert got == [record(number) for number in (0, 1, 2, 3, 4, 6)]
    assert (drain(box, "old"), box.replay()) == ([record(5), record(6)], {"old": 0, "new": 0})
    box.close()


def test_replay_from_a_time(tmp_path: Path) -> None:
    """Only events stored since a time are sent, and what was left out can be asked for later."""
    path = tmp_path / "outbox.db"
    box = Outbox(path, [])
    for number in range(4):
        box.add(record(number))
        box._connection.execute("UPDATE events SET stored = ? WHERE number = ?", (1000 + number, number + 1))
    box.close()
    box = Outbox(path, ["new"])
    assert box.replay(1002) == {"new": 2}
    assert drain(box, "new") == [record(2), record(3)]
    assert box.replay() == {"new": 2}
    assert drain(box, "new") == [record(0), record(1)]
    box.close()


def test_events_to_be_sent_again_outlive_restart_and_age(tmp_path: Path) -> None:
    """What a replay has yet to send is there after a restart, and isn't deleted for its age before it has arrived."""
    path = tmp_path / "outbox.db"
    box = Outbox(path, ["old"])
    box.add(record(0))
    drain(box, "old")
    box.close()
    box = Outbox(path, ["old", "new"])
    box.replay()
    box.close()
    box = Outbox(path, ["old", "new"])
    assert (box.waiting(), box.drop_before(1e12)) == ({"old": 0, "new": 1}, 0)
    assert drain(box, "new") == [record(0)]
    assert box.drop_before(1e12) == 1
    box.close()


def test_pictures_are_not_sent_again(tmp_path: Path) -> None:
    """A folder of snapshots that is added later can't have the past: its pictures weren't kept."""
    box = Outbox(tmp_path / "outbox.db", [])
    box.add(record(0))
    box.close()
    box = Outbox(tmp_path / "outbox.db", ["snapshots", "jsonl"], picture_sinks=["snapshots"])
    assert box.replay() == {"jsonl": 1}
    box.close()


def test_a_store_of_an_earlier_lpr_goes_on(tmp_path: Path) -> None:
    """A file without the newer tables is used as it is: sinks go on where they were."""
    path = tmp_path / "outbox.db"
    connection = sqlite3.connect(path)
    connection.executescript("""
        CREATE TABLE events (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, stored REAL NOT NULL,
            record TEXT NOT NULL);
        CREATE TABLE deliveries (sink TEXT PRIMARY KEY, number INTEGER NOT NULL);
        INSERT INTO deliveries VALUES ('shelf', 1);
        PRAGMA user_version = 1;
    """)
    rows = [(record(number)["id"], json.dumps(record(number))) for number in range(3)]
    connection.executemany("INSERT INTO events (id, stored, record) VALUES (?, 0, ?)", rows)
    connection.commit()
    connection.close()
    box = Outbox(path, ["shelf"])
    assert box.replay() == {"shelf": 0}
    assert drain(box) == [record(1), record(2)]
    box.close()


def test_replay_on_the_command_line(
    models: list[str], tmp_path: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """A log that is added later gets, with --replay, what the store holds; without a sink, or a time, it is refused."""
    clip = write_clip(tmp_path / "clip.avi", TEXTS)
    always = ("--source", str(clip), *models, "--store", str(tmp_path / "plates.db"))
    _, records, _ = run(*always)
    lines = tmp_path / "plates.jsonl"
    status, _, err = run(*always, "--jsonl", str(lines))
    assert (status, lines.exists()) == (0, False)  # the same clip gives the same events, which are stored once
    assert f"--replay sends it the {len(records)} stored there" in err
    status, _, err = run(*always, "--jsonl", str(lines), "--replay")
    assert (status, [json.loads(line)["id"] for line in lines.read_text().splitlines()]) == (
        0,
        [r["id"] for r in records],
    )
    assert f"{len(records)} events that jsonl never had are sent to it" in err
    for wrong in (["--replay"], ["--replay", "yesterday", "--jsonl", "x"]):
        with pytest.raises(SystemExit, match="2"):
            main(["--source", str(clip), *wrong])
    assert "is no time such as 2026-03-01T06:00" in capsys.readouterr().err

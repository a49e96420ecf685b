import json
import signal
import threading
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.edge.app.test_edge_cli import Run, models, pictures, run, start, write_clip
from tests.support.deliveries import free_port, receiving, wait_until
from tests.support.golden import tinyland
from tests.support.servers import camera_that_hangs, motion_jpeg, serving

from lpr_edge.delivery.outbox import Outbox

__all__ = ["models", "pictures", "run"]


def test_a_clip_to_every_sink(run: Run, models: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One run feeds stdout, log, lines, table, pictures and webhook with the same events."""
    clip = write_clip(tmp_path / "clip.avi", ("A104", "L77"))
    with receiving() as receiver:
        flags = ["--store", "log.db", "--jsonl", "p.jsonl", "--csv", "p.csv", "--snapshots", "pictures"]
        paths = [str(tmp_path / flag) if not flag.startswith("--") else flag for flag in flags]
        status, records, err = run("--source", str(clip), *models, *paths, "--webhook", receiver.url)
    ids = [record["id"] for record in records]
    assert (status, err, len(ids)) == (0, "", 2)
    assert receiver.ids == ids
    assert [json.loads(line) for line in (tmp_path / "p.jsonl").read_text().splitlines()] == records
    assert [row.split(",")[0] for row in (tmp_path / "p.csv").read_text().splitlines()] == ["id", *ids]
    names = sorted(path.name for path in (tmp_path / "pictures").iterdir())
    assert names == sorted(f"{event}{part}.jpg" for event in ids for part in ("", "-plate"))


def test_nothing_is_stored_unless_asked_for(
    run: Run, models: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plain run writes no file anywhere in the user's folders; a sent event is forgotten when it has arrived."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    clip = write_clip(tmp_path / "clip.avi", ("A104",))
    assert run("--source", str(clip), *models)[0] == 0
    assert not (tmp_path / "state").exists()
    with receiving() as receiver:
        status, records, _ = run("--source", str(clip), *models, "--webhook", receiver.url)
        assert (status, receiver.ids) == (0, [records[0]["id"]])
    stored = (tmp_path / "state" / "lpr" / "outbox.db").read_bytes()
    assert records[0]["text"].encode() not in stored


def test_pictures_have_no_events_to_store(run: Run, models: list[str], pictures: Path, tmp_path: Path) -> None:
    """Still pictures give no events, so a sink for them is a mistake that is told."""
    status, records, err = run("--source", str(pictures), *models, "--csv", str(tmp_path / "p.csv"))
    assert (status, records) == (1, [])
    assert "contains images, which give no events: write stdout to a file" in err


def hold(released: threading.Event) -> None:
    """Give no answer until then."""
    released.wait(30)


def test_sigterm_stops_cleanly(models: list[str], tmp_path: Path) -> None:
    """SIGTERM ends a hung stream and a hung webhook with status 0; what waits is in the outbox, and comes up again."""
    image = tinyland.draw_scene(("A104",), np.random.default_rng(3)).image_bgr
    released = threading.Event()
    with camera_that_hangs(image) as url, receiving() as receiver:
        receiver.answer = lambda _: hold(released)
        store = str(tmp_path / "log.db")
        process = start("--source", url, "--store", store, "--webhook", receiver.url, *models)
        assert process.stdout is not None
        event = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=15)
        released.set()
    assert (process.returncode, event["text"]) == (0, "A104")
    assert b"1 events for webhook wait in" in err
    box = Outbox(Path(store), ["webhook"])
    assert (box.waiting(), box.records()) == ({"webhook": 1}, [event])
    box.close()


def test_the_page_of_a_run(models: list[str], tmp_path: Path) -> None:
    """The command serves what it reads, to those with the token, and says where; SIGTERM ends page and all."""
    one, kind = motion_jpeg([tinyland.draw_scene(("A104",), np.random.default_rng(3)).image_bgr])
    over = threading.Event()

    def serve(body: Any) -> None:
        while not over.wait(0.05):
            one(body)

    address, token = f"127.0.0.1:{free_port()}", "0123456789abcdef"

    def state() -> Any:
        request = urllib.request.Request(f"http://{address}/state.json", headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    with serving(serve, kind) as url:
        flags = ["--source", url, "--web", address, "--web-token", token, "--device", "gate-1"]
        with start(*flags, "--store", str(tmp_path / "log.db"), *models) as process:
            assert process.stdout is not None
            event = json.loads(process.stdout.readline())
            wait_until(lambda: bool(state()["events"]))
            seen = state()
            process.send_signal(signal.SIGTERM)
            _, err = process.communicate(timeout=15)
        over.set()
    assert (process.returncode, seen["events"][0]["id"], seen["healthy"]) == (0, event["id"], True)
    assert (seen["vitals"]["device"], list(seen["vitals"]["models"])) == ("gate-1", ["detector", "reader"])
    assert f"lpr-edge: live page: http://{address}/" in err.decode()
    assert token not in err.decode()

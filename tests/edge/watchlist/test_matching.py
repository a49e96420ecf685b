"""What is done about a listed plate."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.edge.app.test_edge_cli import Run, models, run, write_clip
from tests.edge.delivery.test_sinks import Listener
from tests.support.deliveries import broker, free_port, wait_until
from tests.support.urls import broker_url

from lpr_edge.config.actions import MatchAction, Program
from lpr_edge.contract.base.errors import LprError
from lpr_edge.delivery.sinks.mqtt import Mqtt
from lpr_edge.watchlist.run_command import CommandAction, find_program

__all__ = ["models", "run"]

NOTE = "import json, os, sys; print(json.dumps([sys.argv[2:], dict(os.environ)]), file=open(sys.argv[1], 'a'))"


def program(command: str) -> Program:
    action = MatchAction.parse(command, "on_match")
    assert isinstance(action, Program)
    return action


def noting(path: Path) -> str:
    """A command that notes its arguments and environment."""
    return f'{sys.executable} -c "{NOTE}" {path}'


def noted(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def match(action: str = "open", number: int = 1, name: str = "Ram") -> dict[str, Any]:
    matched = {"plate": "A 104", "name": name, "action": action, "edits": 0}
    return {"id": f"e-{number}", "text": "A104", "last_seen": "2026-03-01T06:00:00.000Z", "matched": matched}


def test_listed_plates_in_records_and_a_program(
    run: Run, models: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each event says which listed plate it is; the program runs for those with an action, with what was seen."""
    monkeypatch.setattr("lpr_edge.watchlist.run_command.CLOSE_S", 20.0)  # the machine may have other things to do
    clip = write_clip(tmp_path / "clip.avi", ("A104", "L77"))
    (tmp_path / "gate.csv").write_text("plate,name,action\nA 104,Ram Thapa,open\nL 77,Sita,\n")
    note = tmp_path / "note"
    flags = ["--list", str(tmp_path / "gate.csv"), "--on-match", noting(note)]
    status, records, err = run("--source", str(clip), *models, *flags)
    wait_until(lambda: bool(noted(note)))
    assert (status, [record["matched"] for record in records]) == (
        0,
        [
            {"plate": "A 104", "name": "Ram Thapa", "action": "open", "edits": 0},
            {"plate": "L 77", "name": "Sita", "action": "", "edits": 0},
        ],
    )
    ((arguments, environment),) = noted(note)
    assert arguments == ["open", "A104", "Ram Thapa"]
    assert (environment["MATCH_ID"], environment["MATCH_PLATE"]) == (records[0]["id"], "A104")
    assert json.loads(environment["MATCH_RECORD"]) == records[0]
    assert "gate.csv: 2 plates" in err


def test_unlisted_plates_are_null_and_run_nothing(run: Run, models: list[str], tmp_path: Path) -> None:
    """A plate that isn't listed has `matched: null`; without a list, records have no such field."""
    clip = write_clip(tmp_path / "clip.avi", ("A104",))
    (tmp_path / "gate.csv").write_text("plate,name,action\nA 107,Ram,open\n")
    note = tmp_path / "note"
    flags = ["--list", str(tmp_path / "gate.csv"), "--on-match", noting(note)]
    _, (record,), _ = run("--source", str(clip), *models, *flags)
    assert (record["matched"], noted(note)) == (None, [])
    _, (record,), _ = run("--source", str(clip), *models)
    assert "matched" not in record


def test_a_vehicle_that_leaves_opens_nothing(run: Run, models: list[str], tmp_path: Path) -> None:
    """The event of a vehicle that has left names the listed plate too, and no action is done for it."""
    clip = write_clip(tmp_path / "clip.avi", ("A104",))
    (tmp_path / "gate.csv").write_text("plate,name,action\nA 104,Ram,open\n")
    note = tmp_path / "note"
    flags = ["--list", str(tmp_path / "gate.csv"), "--on-match", noting(note), "--events", "all"]
    _, records, _ = run("--source", str(clip), *models, *flags)
    wait_until(lambda: bool(noted(note)))
    assert [(record["event"], record["matched"]["plate"]) for record in records] == [
        ("plate", "A 104"),
        ("left", "A 104"),
    ]
    ((_, environment),) = noted(note)
    assert json.loads(environment["MATCH_RECORD"])["event"] == "plate"


def test_no_shell_sees_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names and plates are arguments, never code; passwords of this device stay out of the program's environment."""
    monkeypatch.setenv("LPR_MQTT_PASSWORD", "secret")
    action = CommandAction(program(noting(tmp_path / "note")), 10)
    name = "$(touch gone); `reboot` & | > \" ' \n बा"
    action.start(match(name=name))
    wait_until(lambda: bool(noted(tmp_path / "note")))
    action.close()
    ((arguments, environment),) = noted(tmp_path / "note")
    assert arguments == ["open", "A104", name]
    assert not [key for key in environment if key.startswith("LPR_")]


def test_program_that_hangs_is_killed_and_the_next_runs(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A program that takes too long is killed with its children, and said so."""
    script = tmp_path / "slow.sh"
    script.write_text('#!/bin/sh\necho "$1" >> "$0.log"\n[ "$1" = open ] || sleep 60\n')
    script.chmod(0o700)
    action = CommandAction(program(str(script)), 2)
    action.start(match("wait"))
    action.start(match("open", 2))
    log = Path(f"{script}.log")
    wait_until(lambda: log.exists() and log.read_text().split() == ["wait", "open"])
    action.close()
    assert "slow.sh took more than 2 s for event e-1, and was killed" in capfd.readouterr().err


def test_starting_never_waits_for_the_program(tmp_path: Path) -> None:
    """While a program runs that only this test can end, the next ones are taken; they run when it has ended."""
    script = tmp_path / "slow.sh"
    script.write_text('#!/bin/sh\necho "$1" >> "$0.log"\nwhile [ ! -e "$0.go" ]; do sleep 0.05; done\n')
    script.chmod(0o700)
    action = CommandAction(program(str(script)), 60)
    log = Path(f"{script}.log")
    action.start(match("wait"))
    wait_until(lambda: log.exists() and log.read_text().split() == ["wait"])
    action.start(match("open", 2))
    assert log.read_text().split() == ["wait"]
    Path(f"{script}.go").touch()
    wait_until(lambda: log.read_text().split() == ["wait", "open"])
    action.close()


def test_programs_that_fail_or_wait_too_long_are_told(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A failure is one line; what has waited too long behind a slow program isn't done any more."""
    monkeypatch.setattr("lpr_edge.watchlist.run_command.STALE_S", 0.5)
    monkeypatch.setattr("lpr_edge.watchlist.run_command.MAX_WAITING", 2)
    action = CommandAction(program("sleep 0"), 10)  # gets `open` as an argument, too: it fails at once
    action.start(match())
    wait_until(lambda: "sleep ended with status 1 for event e-1" in capfd.readouterr().err)
    action.close()
    slow = CommandAction(program('sh -c "sleep 1"'), 10)
    for number in range(2, 6):
        slow.start(match(number=number))
    assert "runs wait already" in capfd.readouterr().err
    wait_until(lambda: "it waited more than 0.5 s" in capfd.readouterr().err)
    slow.close()


def test_closing_lets_programs_end(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """At the end what was asked for is still done; what takes longer is left to itself, and that is said."""
    log = tmp_path / "log"
    action = CommandAction(program(f'sh -c "echo $0 >> {log}"'), 60)
    action.start(match())
    action.close()
    assert log.read_text() == "open\n"
    slow = CommandAction(program(f'sh -c "sleep 1.5; echo done >> {log}"'), 60)
    slow.start(match())
    slow.start(match(number=2))
    wait_until(lambda: slow._waiting.qsize() == 1)
    slow.start_closing()
    slow.close()
    assert "still runs, and is left to itself; 1 more runs weren't begun" in capfd.readouterr().err
    wait_until(lambda: log.read_text() == "open\ndone\n")


@pytest.mark.parametrize("command", ["", " ", "no-such-program-here -x", "'open", "/etc"])
def test_what_is_no_program_is_told(command: str) -> None:
    """A command that can't be run is told at the start."""
    with pytest.raises(LprError, match="Setting `on_match` is "):
        find_program(program(command))


@pytest.mark.skipif(shutil.which("mosquitto") is None, reason="needs mosquitto (Debian: mosquitto)")
def test_match_message_goes_at_once_or_never(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A match is published while the broker is there; one from before it came is said, and never sent."""
    pytest.importorskip("paho.mqtt")
    port = free_port()
    sink = Mqtt(broker_url(f"mqtt://127.0.0.1:{port}"), "gate-1", discovery=False)
    sink.publish_match(match(number=1))
    assert "no match message for event e-1: no connection to the broker" in capsys.readouterr().err
    with broker(tmp_path, port):
        listener = Listener(port)
        wait_until(lambda: bool(sink._client.is_connected()))
        sink.publish_match(match(number=2))
        wait_until(lambda: bool(listener.of("lpr/gate-1/match")))
        sink.close()
        listener.close()
    assert listener.of("lpr/gate-1/match") == [
        {
            "id": "e-2",
            "last_seen": "2026-03-01T06:00:00.000Z",
            "text": "A104",
            "plate": "A 104",
            "name": "Ram",
            "action": "open",
            "edits": 0,
        }
    ]

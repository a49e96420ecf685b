import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.edge.app.test_edge_cli import Run, models, run, start
from tests.edge.app.test_whole_run import hold
from tests.support.deliveries import free_port, receiving, wait_until
from tests.support.golden import tinyland
from tests.support.servers import camera_that_hangs, motion_jpeg, serving

from lpr_edge.base.log import log_debug, log_info, set_volume, warn
from lpr_edge.delivery.outbox import Outbox
from lpr_edge.service.sd_notify import SystemdNotifier

__all__ = ["models", "run"]

UNIT = Path("/etc/systemd/system/lpr-edge.service")
OTHER_VEHICLE = tinyland.draw_scene(("L77",), np.random.default_rng(3)).image_bgr
VEHICLE = tinyland.draw_scene(("A104",), np.random.default_rng(3)).image_bgr


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    """The socket at which systemd listens."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(20)
        yield listener


def heard(listener: socket.socket) -> str:
    return listener.recv(4096).decode()


def test_systemd_hears_how_the_service_is(systemd: socket.socket, tmp_path: Path) -> None:
    """Ready, signs of life three times in the watchdog's time and no more often, and the end."""
    notifier = SystemdNotifier({"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "3000000"})
    notifier.ready()
    for _ in range(100):
        notifier.beat()
    time.sleep(1.1)
    notifier.beat()
    notifier.reloading()
    notifier.stopping()
    assert [heard(systemd).split("\n")[0] for _ in range(5)] == [
        *("READY=1", "WATCHDOG=1", "WATCHDOG=1", "RELOADING=1", "STOPPING=1")
    ]


def test_without_systemd_nothing_is_told(systemd: socket.socket, tmp_path: Path) -> None:
    """No socket, a socket that is gone, no watchdog, or another process's watchdog: nothing happens."""
    address = {"NOTIFY_SOCKET": str(tmp_path / "notify")}
    for environment in (
        {"WATCHDOG_USEC": "1"},
        {"NOTIFY_SOCKET": str(tmp_path / "gone"), "WATCHDOG_USEC": "1"},
        address,
        address | {"WATCHDOG_USEC": "1", "WATCHDOG_PID": "1"},
        address | {"WATCHDOG_USEC": "soon"},
    ):
        notifier = SystemdNotifier(environment)
        notifier.beat()
        if environment.get("NOTIFY_SOCKET") != address["NOTIFY_SOCKET"]:
            notifier.ready()
    systemd.setblocking(False)
    with pytest.raises(BlockingIOError):
        systemd.recv(1)


def test_a_run_tells_systemd_that_it_lives(systemd: socket.socket, tmp_path: Path, models: list[str]) -> None:
    """A run is ready, lives on while its camera hangs, and tells that it stops."""
    told = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "300000"}
    with camera_that_hangs(VEHICLE) as url:
        process = start("--source", url, *models, env=os.environ | told)
        assert heard(systemd).startswith("READY=1")
        assert process.stdout is not None
        process.stdout.readline()
        assert [heard(systemd) for _ in range(6)] == ["WATCHDOG=1"] * 6  # nothing comes from the camera any more
        process.send_signal(signal.SIGTERM)
        beats = list(iter(lambda: heard(systemd), "STOPPING=1"))
        process.communicate()
    assert process.returncode == 0
    assert set(beats) <= {"WATCHDOG=1"}


@pytest.mark.slow
def test_a_stop_waits_for_nothing_that_hangs(tmp_path: Path, models: list[str]) -> None:
    """With a camera and a webhook that hang and a broker that is down, SIGTERM ends a run, and nothing is lost."""
    pytest.importorskip("paho.mqtt")
    released, store = threading.Event(), tmp_path / "plates.db"
    with camera_that_hangs(VEHICLE) as url, receiving() as receiver:
        receiver.answer = lambda _: hold(released)
        flags = ["--store", str(store), "--webhook", receiver.url, "--mqtt", f"mqtt://127.0.0.1:{free_port()}"]
        process = start("--source", url, *flags, *models)
        assert process.stdout is not None
        event = json.loads(process.stdout.readline())
        time.sleep(1.2)  # the camera hangs by now
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0  # while what hangs is held, as it is for a minute
        process.communicate()
        box = Outbox(store, ["webhook", "mqtt"])
        assert (box.records(), box.waiting()) == ([event], {"webhook": 1, "mqtt": 1})
        box.close()
        released.set()


def has_said_more(log: Path, often: int) -> bool:
    return log.read_text().count("The settings stay") > often


def test_sighup_takes_new_settings_and_refuses_broken_ones(
    tmp_path: Path, models: list[str], systemd: socket.socket
) -> None:
    """SIGHUP with broken settings changes nothing and says why; with good ones the same process begins again."""
    (one, kind), (another, _) = motion_jpeg([VEHICLE]), motion_jpeg([OTHER_VEHICLE])
    stop, changed = threading.Event(), threading.Event()

    def serve(body: Any) -> None:
        while not stop.wait(0.1):
            (another if changed.is_set() else one)(body)

    settings, new = tmp_path / "lpr.toml", tmp_path / "new.jsonl"
    with serving(serve, kind) as url, (tmp_path / "err").open("wb") as err:
        settings.write_text(f'source = "{url}"\n')
        environment = os.environ | {"NOTIFY_SOCKET": str(tmp_path / "notify"), "XDG_STATE_HOME": str(tmp_path)}
        # Under nohup, where these tests may run, SIGHUP is ignored, and lpr-edge leaves that so.
        command = ["env", "--default-signal=HUP", sys.executable, "-m", "lpr_edge"]
        command += ["--config", str(settings), *models]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=err, env=environment)
        assert heard(systemd).startswith("READY=1")
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["text"] == "A104"
        for wrong in (
            "sauce = 1\n",
            f'source = "{url}"\nlist = "{tmp_path}/no.csv"\n',
            f'source = "{url}"\nroi = "1"\n',
        ):
            settings.write_text(wrong)
            said = (tmp_path / "err").read_text().count("The settings stay as they were.")
            process.send_signal(signal.SIGHUP)
            wait_until(partial(has_said_more, tmp_path / "err", said), 60.0)
        settings.write_text(f'source = "{url}"\ngap = "1h"\njsonl = "{new}"\n')
        process.send_signal(signal.SIGHUP)
        assert heard(systemd).startswith("RELOADING=1\nMONOTONIC_USEC=")
        assert heard(systemd).startswith("READY=1")
        changed.set()
        wait_until(lambda: new.exists() and bool(new.read_text()), 60.0)
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=20)
        stop.set()
    assert process.returncode == 0
    assert [json.loads(line)["text"] for line in new.read_text().splitlines()] == ["L77"]
    assert [json.loads(line)["text"] for line in out.splitlines()] == ["L77"]
    assert "begins again with the settings as they are now" in (tmp_path / "err").read_text()


def test_a_standing_vehicle_is_announced_once_however_often_settings_are_read(
    tmp_path: Path, models: list[str]
) -> None:
    """SIGHUPs one after the other, also while the process begins again, end nothing and open no gate."""
    one, kind = motion_jpeg([VEHICLE])
    stop = threading.Event()

    def serve(body: Any) -> None:
        while not stop.wait(0.1):
            one(body)

    (tmp_path / "gate.csv").write_text("plate,name,action\nA 104,Ram,open\n")
    program, err_path, store = tmp_path / "open-gate", tmp_path / "err", tmp_path / "a.db"
    program.write_text(f"#!/bin/sh\necho opened >> {tmp_path}/opened\n")
    program.chmod(0o700)
    with serving(serve, kind) as url, err_path.open("wb") as err:
        command = ["env", "--default-signal=HUP", sys.executable, "-m", "lpr_edge", "--source", url, *models]
        command += ["--gap", "1h", "--list", str(tmp_path / "gate.csv"), "--on-match", str(program)]
        command += ["--store", str(store)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=err)
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["text"] == "A104"
        for often in range(1, 4):
            for _ in range(12):  # from the reload's first moment until the new program reads
                process.send_signal(signal.SIGHUP)
                time.sleep(0.05)
            wait_until(partial(has_begun_again, err_path, often), 60.0)
            assert process.poll() is None
        time.sleep(3.0)
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=30)
        stop.set()
    assert (process.returncode, out) == (0, b"")
    assert (tmp_path / "opened").read_text() == "opened\n"
    box = Outbox(store, [])
    assert [event["text"] for event in box.records()] == ["A104"]
    box.close()


def has_begun_again(log: Path, often: int) -> bool:
    return log.read_text().count("begins again") >= often


def test_sigterm_while_the_process_begins_again_stops_it_in_good_order(tmp_path: Path, models: list[str]) -> None:
    """A stop that comes between two programs of one process is heard by the second, which ends with status 0."""
    one, kind = motion_jpeg([VEHICLE])
    stop = threading.Event()

    def serve(body: Any) -> None:
        while not stop.wait(0.1):
            one(body)

    with serving(serve, kind) as url, (tmp_path / "err").open("wb") as err:
        command = ["env", "--default-signal=HUP", sys.executable, "-m", "lpr_edge", "--source", url, *models]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=err)
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGHUP)
        wait_until(lambda: has_begun_again(tmp_path / "err", 1), 60.0)
        blocked = Path(f"/proc/{process.pid}/status")
        wait_until(lambda: signal_is_blocked(blocked, signal.SIGTERM), 60.0)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
        stop.set()
    assert process.returncode == 0


def signal_is_blocked(status: Path, number: int) -> bool:
    (line,) = (line for line in status.read_text().splitlines() if line.startswith("SigBlk:"))
    return bool(int(line.split()[1], 16) >> (number - 1) & 1)


@pytest.fixture
def volume() -> Iterator[None]:
    """The usual volume again afterwards."""
    yield
    set_volume(quiet=False, verbose=False)


@pytest.mark.parametrize(("quiet", "verbose", "said"), [(True, False, "t"), (False, False, "tu"), (False, True, "tud")])
def test_how_much_is_said(
    quiet: bool, verbose: bool, said: str, volume: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """Troubles are always said, the usual unless --quiet, details with --verbose, all in one format."""
    set_volume(quiet, verbose)
    warn("t")
    log_info("u")
    log_debug("d")
    assert capsys.readouterr() == ("", "".join(f"lpr-edge: {line}\n" for line in said))


def test_messages_pass_the_loggers_of_their_modules(volume: None, capsys: pytest.CaptureFixture[str]) -> None:
    """A message has its module's logger and a level; a level set there decides alone what of it is printed."""
    seen: list[tuple[str, int, str]] = []
    logger = logging.getLogger("lpr_edge").getChild(__name__)

    def note(record: logging.LogRecord) -> bool:
        seen.append((record.name, record.levelno, record.getMessage()))
        return True

    logger.addFilter(note)
    try:
        warn("50 % of it")
        logger.setLevel(logging.ERROR)
        warn("nobody wants this")
    finally:
        logger.filters.clear()
        logger.setLevel(logging.NOTSET)
    assert seen == [(f"lpr_edge.{__name__}", logging.WARNING, "50 % of it")]
    assert capsys.readouterr().err == "lpr-edge: 50 % of it\n"


def test_the_journal_hears_what_is_urgent(tmp_path: Path) -> None:
    """Where stderr is systemd's journal, each line begins with its priority; elsewhere it doesn't."""
    code = "from lpr_edge.base.log import log_info, warn; warn('t'); log_info('u')"
    with (tmp_path / "err").open("wb") as err:
        status = os.fstat(err.fileno())
        journal = {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
        subprocess.run([sys.executable, "-c", code], stderr=err, env=os.environ | journal, check=True)
    assert (tmp_path / "err").read_text() == "<4>lpr-edge: t\n<6>lpr-edge: u\n"


def test_quiet_and_verbose_exclude_each_other(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """Asking for less and for more at once is wrong usage."""
    with pytest.raises(SystemExit):
        run("--camera", "0", "--quiet", "--verbose")
    assert "Setting `quiet` is True, and it must be off where `verbose` is on" in capsys.readouterr().err

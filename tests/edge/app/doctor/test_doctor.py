import io
import json
import shutil
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.edge.app.test_edge_cli import models, pictures
from tests.support.deliveries import broker, free_port
from tests.support.golden import tinyland
from tests.support.readings import frame
from tests.support.urls import broker_url, webhook_url

from lpr_edge.app.cli import main
from lpr_edge.app.doctor import machine
from lpr_edge.app.doctor.camera import check_camera
from lpr_edge.app.doctor.examination import check_list, examine, report
from lpr_edge.app.doctor.picture import blur_share, check_exposure, check_focus, check_plates
from lpr_edge.base.board import clock_is_held, read_throttled
from lpr_edge.base.finding import Finding, State
from lpr_edge.capture.frame import Frames, Source
from lpr_edge.config.config import Config
from lpr_edge.config.loading import config_of
from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.base.errors import LprError, SourceError
from lpr_edge.delivery.sinks import mqtt_probe
from lpr_edge.delivery.sinks.mqtt_login import Login
from lpr_edge.delivery.sinks.webhook import check_webhook
from lpr_edge.vision.pipeline import PlatePipeline

__all__ = ["models", "pictures"]


def street(text: str = "A104") -> Image:
    return tinyland.draw_scene((text,), np.random.default_rng(3)).image_bgr


def live(images: list[Image]) -> Callable[[], Source]:
    """A camera that gives these pictures."""

    def frames() -> Frames:
        for index, image in enumerate(images):
            yield replace(frame(index), image_bgr=image)

    return lambda: Source("camera 0", "live", 10.0, frames())


def noisy(image: Image, count: int) -> list[Image]:
    rng = np.random.default_rng(1)
    return [np.clip(image + rng.normal(0, 3, image.shape), 0, 255).astype(np.uint8) for _ in range(count)]


def states(findings: list[Finding]) -> dict[str, str]:
    return {finding.check: str(finding.state) for finding in findings}


def test_a_good_camera(plate_reader: PlatePipeline) -> None:
    """A camera with a sharp, bright picture and a large plate in it is well in every respect."""
    findings = list(check_camera(live(noisy(street(), 20)), plate_reader))
    assert set(states(findings)) == {"camera", "life", "focus", "exposure", "plates"}
    assert {check: state for check, state in states(findings).items() if check != "plates"} == dict.fromkeys(
        ("camera", "life", "focus", "exposure"), "ok"
    )
    assert "pixels wide" in findings[-1].found


def test_a_camera_that_is_missing(plate_reader: PlatePipeline) -> None:
    """A camera that can't be opened, or gives nothing, must be repaired; nothing else is said of it."""

    def missing() -> Source:
        raise SourceError("no camera 0 (/dev/video0 is missing)")

    assert [finding.found for finding in check_camera(missing, plate_reader)] == [
        "no camera 0 (/dev/video0 is missing)"
    ]
    (finding,) = check_camera(live([]), plate_reader)
    assert (finding.state, finding.found) == (State.REPAIR, "camera 0 gives no picture")


def test_a_frozen_camera() -> None:
    """One picture again and again must be repaired."""
    findings = list(check_camera(live([street()] * 20), None))
    assert states(findings)["life"] == "repair"


def test_focus() -> None:
    """A picture blurred by some pixels is noticed, also under noise, which would pass for sharpness in one picture."""
    blurred = np.asarray(cv2.GaussianBlur(street(), (0, 0), 4), np.uint8)
    assert check_focus(noisy(street(), 20)).state is State.OK
    assert check_focus([blurred]).state is State.LOOK
    grey = cv2.cvtColor(street(), cv2.COLOR_BGR2GRAY).astype(np.float32)
    shares = [blur_share(np.asarray(cv2.GaussianBlur(grey, (0, 0), s), np.float32)) for s in (0.5, 1, 2, 4)]
    assert shares == sorted(shares)
    assert blur_share(np.zeros((20, 20), np.float32)) <= 1


@pytest.mark.parametrize(("value", "state"), [(2, "repair"), (30, "look"), (128, "ok"), (225, "look"), (252, "repair")])
def test_exposure(value: int, state: str) -> None:
    """Dark and bright pictures are noticed, black and white ones must be repaired."""
    assert check_exposure(np.full((40, 60, 3), value, np.uint8)).state == state


def test_half_white_is_noticed() -> None:
    """A picture whose mean is well, and of which half is burnt out, is noticed."""
    picture = np.zeros((40, 60, 3), np.uint8)
    picture[:, :30] = 255
    assert check_exposure(picture).state is State.LOOK


def test_plates_that_are_too_small(plate_reader: PlatePipeline) -> None:
    """A plate of less than 40 pixels must be repaired, one of less than 80 looked at; without any, nobody knows."""
    result = plate_reader.read(street())
    plate = result.plates[0]
    for width, state in ((30, "repair"), (60, "look"), (100, "ok")):
        quad = np.array([[0, 0], [width, 0], [width, 20], [0, 20]], np.float32)
        sized = replace(result, plates=(replace(plate, found=replace(plate.found, quad_xy=quad)),))
        assert check_plates([sized]).state == state
    assert check_plates([replace(result, plates=())]).state is State.LOOK


def write_sys(root: Path, degrees: float, bits: int) -> Path:
    zone = root / "sys/class/thermal/thermal_zone0"
    zone.mkdir(parents=True)
    (zone / "temp").write_text(f"{degrees * 1000:.0f}\n")
    firmware = root / "sys/devices/platform/soc/soc:firmware"
    firmware.mkdir(parents=True)
    (firmware / "get_throttled").write_text(f"{bits:x}\n")
    return root


@pytest.mark.parametrize(
    ("degrees", "bits", "temperature", "throttling"),
    [(48.3, 0, "ok", "ok"), (72, 0x50000, "look", "look"), (84, 0x50005, "repair", "repair")],
)
def test_heat_and_power(tmp_path: Path, degrees: float, bits: int, temperature: str, throttling: str) -> None:
    """Heat and throttling as a Raspberry Pi tells them; what was and is over is only looked at."""
    found = states(list(machine.check_machine(config_of(camera=0), write_sys(tmp_path, degrees, bits))))
    assert (found["temperature"], found["throttling"]) == (temperature, throttling)


def test_throttling_in_words() -> None:
    """Bits 0 and 2 now, bit 16 since the start (vcgencmd's documentation)."""
    found = machine.check_throttling(0x10005).found
    assert found == "now too little voltage, throttled; since the start too little voltage"
    assert machine.check_throttling(None).state is State.OK


def test_vcgencmd_is_asked_where_sys_tells_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the kernel has no such file, the board's own command is asked; what isn't understood is no answer."""
    program = tmp_path / "vcgencmd"
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    for text, bits in (("throttled=0x50000", 0x50000), ("no idea", None)):
        program.write_text(f"#!/bin/sh\necho {text}\n")
        program.chmod(0o700)
        assert read_throttled(tmp_path / "nothing") == bits


def test_threads_disk_and_clock(tmp_path: Path) -> None:
    """More threads than cores, a disk without room and a clock that nobody sets are noticed."""
    assert [machine.check_threads(threads, 4).state for threads in (1, 3, 4, 5)] == ["ok", "ok", "look", "repair"]
    assert machine.check_disk(tmp_path, 0).state is State.OK
    assert machine.check_disk(tmp_path, 10**18).state is State.LOOK
    assert [machine.check_clock(held).state for held in (True, None, False)] == ["ok", "ok", "look"]
    assert clock_is_held() in (True, False, None)


def test_full_and_closed_disks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk, and a folder that can't be written, must be repaired."""
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage._replace(free=10**6))
    assert machine.check_disk(tmp_path, 10**9).state is State.REPAIR
    monkeypatch.setattr("os.access", lambda *_: False)
    assert machine.check_disk(tmp_path, 10**9).found == f"{tmp_path} can't be written"


@pytest.mark.skipif(shutil.which("mosquitto") is None, reason="needs mosquitto (Debian: mosquitto)")
def test_broker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker that takes the login is well; one that refuses, is down, hangs or is no address must be repaired."""
    pytest.importorskip("paho.mqtt")
    port = free_port()
    with broker(tmp_path, port):
        assert mqtt_probe.check_broker(Login(broker_url(f"mqtt://127.0.0.1:{port}")), "lpr/gate-1").state is State.OK
    assert "refused" in mqtt_probe.check_broker(Login(broker_url(f"mqtt://127.0.0.1:{port}")), "lpr/gate-1").found
    with broker(tmp_path, port, "allow_anonymous false"):
        finding = mqtt_probe.check_broker(Login(broker_url(f"mqtt://127.0.0.1:{port}")), "lpr/gate-1")
        assert (finding.state, "the broker says: Not authorized" in finding.found) == (State.REPAIR, True)
    monkeypatch.setattr(mqtt_probe, "TIMEOUT_S", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        address = f"mqtt://127.0.0.1:{hanging.getsockname()[1]}"
        assert mqtt_probe.check_broker(Login(broker_url(address)), "lpr/gate-1").found == "no answer in 1 s"


def test_webhook() -> None:
    """A server that listens is well; nothing there, or no TLS where it was promised, must be repaired."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert check_webhook(webhook_url(f"http://127.0.0.1:{port}/plates")).state is State.OK
    assert check_webhook(webhook_url(f"http://127.0.0.1:{port}/plates")).state is State.REPAIR


def test_list(tmp_path: Path, plate_reader: PlatePipeline) -> None:
    """A list is counted; odd plates are looked at, and a broken list must be repaired."""
    path = tmp_path / "gate.csv"
    for text, state in (("plate\nA 104\n", "ok"), ("plate\nA 1\n", "look"), ("plate\nÜ\n", "repair")):
        path.write_text(text)
        assert check_list(config_of(list=path), plate_reader).state == state


def test_models_that_are_missing_keep_nothing_else_from_being_checked(tmp_path: Path) -> None:
    """Without models the camera is looked at all the same."""

    def load() -> PlatePipeline:
        raise LprError("lpr carries no reader here")

    findings = list(examine(config_of(camera=0), lambda _: live([street()])(), load, tmp_path))
    assert findings[0] == Finding(
        "runtime", State.REPAIR, "lpr carries no reader here", "install lpr again, or give other models"
    )
    assert {"camera", "focus", "exposure"} <= set(states(findings))
    assert "plates" not in states(findings)


def test_report_is_text_or_json() -> None:
    """Text has a line a finding, and below it what to do; JSON has the same; the status is 1 for repairs alone."""
    findings = [Finding("clock", State.LOOK, "nobody sets it", "set it"), Finding("disk", State.OK, "1 GB free")]
    text, data = io.StringIO(), io.StringIO()
    assert report(findings, False, text) == 0
    assert text.getvalue().splitlines() == [
        "look    clock        nobody sets it",
        "                    -> set it",
        "ok      disk         1 GB free",
    ]
    assert report([*findings, Finding("camera", State.REPAIR, "none", "x")], True, data) == 1
    assert [item["state"] for item in json.loads(data.getvalue())["findings"]] == ["look", "ok", "repair"]


def test_the_whole_command(
    models: list[str], pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--doctor` looks at what the settings name; a missing broker is status 1, and everything else is said first."""
    flags = ["--source", str(pictures), *models, "--store", str(tmp_path / "log.db"), "--json", "--doctor"]
    assert main(flags) == 0
    found = {item["check"]: item["state"] for item in json.loads(capsys.readouterr().out)["findings"]}
    assert {"runtime", "threads", "temperature", "throttling", "disk", "clock", "camera", "focus", "plates"} <= set(
        found
    )
    assert not (tmp_path / "log.db").exists()
    assert main([*flags, "--webhook", f"http://127.0.0.1:{free_port()}"]) == 1


def test_each_of_several_cameras_is_looked_at(plate_reader: PlatePipeline, tmp_path: Path) -> None:
    """Of several cameras each has its own lines, under its name, and one that is missing keeps no other from them."""

    def open_it(config: Config) -> Source:
        if config.capture.camera == 1:
            raise SourceError("no camera 1")
        return live([street()])()

    config = config_of(cameras=[{"name": "gate", "camera": 1}, {"name": "yard", "camera": 0}])
    found = states(list(examine(config, open_it, lambda: plate_reader, tmp_path)))
    assert (found["camera gate"], found["camera yard"]) == ("repair", "ok")
    assert "exposure yard" in found

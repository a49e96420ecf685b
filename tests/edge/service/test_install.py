import grp
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from tests.edge.app.test_edge_cli import models, run

from lpr_edge.config.config import Config
from lpr_edge.config.loading import config_of, load_config
from lpr_edge.contract.base.errors import LprError
from lpr_edge.service.install import activate, install_service, obstacles, plan, write_files
from lpr_edge.service.unit import SETTINGS, USER, drop_in_text, template_text, unit_text

__all__ = ["models", "run"]
UNIT = Path("/etc/systemd/system/lpr-edge.service")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze (Debian: systemd)")
@pytest.mark.parametrize(
    "config",
    [
        config_of(source="rtsp://camera/1"),
        config_of(camera=0, list=Path("/etc/lpr/gate list.csv"), on_match="/bin/true", store=Path("/srv/100% $x/a.db")),
    ],
)
def test_systemd_finds_no_fault_in_the_unit(tmp_path: Path, config: Config) -> None:
    """`systemd-analyze verify` accepts the unit as it is, odd paths included."""
    unit = tmp_path / "lpr-edge.service"
    unit.write_text(unit_text(config, Path("/etc/lpr/lpr 1.toml"), ["video"]))
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
    assert [line for line in done.stderr.splitlines() if "lpr-edge" in line] == []


def test_unit_gives_no_more_than_is_needed() -> None:
    """Its own account, a watchdog, restarts, messages but no records in the journal; devices where they are needed."""
    text = unit_text(config_of(source="rtsp://camera/1"), SETTINGS, ["video"])
    journal = ("StandardOutput=null", "StandardError=journal")
    for line in ("User=lpr", "WatchdogSec=60", "Restart=always", *journal, "ProtectSystem=strict"):
        assert f"\n{line}\n" in text
    assert "\nPrivateDevices=yes\n" in text
    assert "\nPrivateDevices=no\n" in unit_text(config_of(camera=0), SETTINGS, [])


def test_installed_settings_are_the_command_lines(tmp_path: Path) -> None:
    """What is written under a root is what was given, paths made absolute; nobody else reads the settings."""
    config = config_of(camera=0, store=Path("log.db"), mqtt="mqtt://b", mqtt_password="x", min_confidence=0.6)
    unit, files = plan(config, None)
    write_files(files, tmp_path)
    written = tmp_path / "etc/lpr/lpr.toml"
    assert (unit, stat.S_IMODE(written.stat().st_mode)) == ("lpr-edge", 0o640)
    expected = config_of(camera=0, store=Path.cwd() / "log.db", mqtt="mqtt://b", mqtt_password="x", min_confidence=0.6)
    assert load_config(written, {}) == expected
    assert (tmp_path / "etc/systemd/system/lpr-edge.service").read_text() == files[UNIT]
    with pytest.raises(LprError, match=r"lpr\.toml exists already: edit it, then give --install-service --config"):
        write_files(files, tmp_path)


def test_a_given_file_is_the_services_settings(tmp_path: Path) -> None:
    """With --config the unit names that file; flags beside it would be lost, so they are refused."""
    file = tmp_path / "gate.toml"
    file.write_text("camera = 1\n")
    unit, files = plan(load_config(file, {}), file)
    assert (unit, SETTINGS in files, UNIT in files) == ("lpr-edge@gate", False, False)
    assert f"--config {file}\n" in files[drop_in("gate")]
    with pytest.raises(
        LprError, match=r"the service reads only .*: write the values of flags and LPR_\.\.\. variables there"
    ):
        plan(config_of(camera=2), file)


def drop_in(name: str) -> Path:
    return UNIT.with_name(f"lpr-edge@{name}.service.d") / "lpr.conf"


def install(file: Path, root: Path, text: str) -> str:
    """Install the service of a file of settings under a root folder; the unit's name."""
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    unit, files = plan(load_config(file, {}), file, root)
    write_files(files, root)
    return unit


def test_a_second_camera_leaves_the_first_ones_unit(tmp_path: Path) -> None:
    """Each file of settings is a unit of its own, with its own state folder, devices and writable folders."""
    root = tmp_path / "root"
    units = root / UNIT.parent.relative_to("/")
    write_files(plan(config_of(camera=0), None, root)[1], root)
    first = (units / UNIT.name).read_text()
    assert install(tmp_path / "north.toml", root, 'camera = 1\ncsv = "/srv/n/e.csv"\n') == "lpr-edge@north"
    north = (root / drop_in("north").relative_to("/")).read_text()
    assert install(tmp_path / "south.toml", root, 'source = "rtsp://camera/1"\n') == "lpr-edge@south"
    assert (units / UNIT.name).read_text() == first
    assert (root / drop_in("north").relative_to("/")).read_text() == north
    assert f"\nExecStart=\nExecStart={sys.executable} -m lpr_edge --config {tmp_path}/north.toml\n" in north
    assert "\nReadWritePaths=-/srv/n\nPrivateDevices=no\n" in north
    assert "\nPrivateDevices=yes\n" in (root / drop_in("south").relative_to("/")).read_text()
    template = (units / "lpr-edge@.service").read_text()
    assert "\nStateDirectory=lpr lpr/%i\n" in template
    assert "--config /etc/lpr/%i.toml\n" in template


def test_a_camera_is_installed_again_under_its_own_name(tmp_path: Path) -> None:
    """The same file updates its unit, also one that an earlier lpr called lpr-edge; another of that name is refused."""
    root, old, one, two = (
        tmp_path / "root",
        tmp_path / "old.toml",
        tmp_path / "a" / "gate.toml",
        tmp_path / "b" / "gate.toml",
    )
    place = root / UNIT.relative_to("/")
    place.parent.mkdir(parents=True)
    place.write_text(unit_text(config_of(camera=0), old, []).replace(sys.executable, "/opt/old/bin/python"))
    assert install(old, root, "camera = 0\n") == "lpr-edge"
    assert sys.executable in place.read_text()
    assert [install(one, root, "camera = 1\n") for _ in range(2)] == ["lpr-edge@gate", "lpr-edge@gate"]
    with pytest.raises(LprError, match=r"lpr-edge@gate\.service\.d/lpr\.conf is another camera's: rename gate\.toml"):
        install(two, root, "camera = 2\n")
    with pytest.raises(LprError, match="rename the file so that it has letters, digits, - and _ alone"):
        install(tmp_path / "a gate.toml", root, "camera = 2\n")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze (Debian: systemd)")
def test_systemd_finds_no_fault_in_a_cameras_unit(tmp_path: Path) -> None:
    """`systemd-analyze verify` accepts the template and what one camera has besides it."""
    (tmp_path / "lpr-edge@.service").write_text(template_text(["video"]))
    place = tmp_path / "lpr-edge@gate.service.d" / "lpr.conf"
    place.parent.mkdir()
    config = config_of(camera=0, store=Path("/srv/100% $x/a.db"))
    place.write_text(drop_in_text(config, Path("/etc/lpr/lpr 1.toml"), "gate"))
    command = ["systemd-analyze", "verify", str(tmp_path / "lpr-edge@gate.service")]
    (tmp_path / "lpr-edge@gate.service").symlink_to(tmp_path / "lpr-edge@.service")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
    assert [line for line in done.stderr.splitlines() if "lpr-edge" in line] == []


def test_what_the_service_cannot_reach_is_told(tmp_path: Path) -> None:
    """A list in a closed folder, a folder that isn't the service's, and a window are told before they fail at night."""
    closed = tmp_path / "closed"
    closed.mkdir(0o700)
    (closed / "gate.csv").write_text("plate\n")
    lines = "\n".join(obstacles(config_of(camera=0, list=closed / "gate.csv", csv=tmp_path / "p.csv", show=True), None))
    assert "gate.csv, as " in lines
    assert f"make {tmp_path} writable for lpr, or take one in /var/lib/lpr" in lines
    assert "a service has no screen" in lines


def test_settings_for_root_and_the_account_alone_are_no_obstacle(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that the account's own group may read, as its settings are written, isn't closed to it; another's is."""
    with tempfile.TemporaryDirectory() as name:
        folder, settings = Path(name), Path(name) / "lpr.toml"
        folder.chmod(0o755)
        settings.touch(mode=0o640)
        settings.chmod(0o640)
        assert f"as {settings} is closed to it" in "\n".join(obstacles(config_of(camera=0), settings))
        monkeypatch.setattr(grp, "getgrgid", lambda number: grp.struct_group((USER, "x", number, [])))
        assert str(settings) not in "\n".join(obstacles(config_of(camera=0), settings))


def test_systemd_is_told_of_the_unit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The account is made, then systemd reads its units again; where that fails, one line says so."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    program(tmp_path / "systemd-sysusers", "exit 3")
    with pytest.raises(LprError, match=r"systemd-sysusers failed .*: is this a machine with systemd\?"):
        activate()
    for name in ("systemd-sysusers", "systemctl"):
        program(tmp_path / name, f'echo {name} "$@" >> {tmp_path}/log')
    activate()
    assert (tmp_path / "log").read_text() == "systemd-sysusers\nsystemctl daemon-reload\n"


def program(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o700)


def test_print_writes_nothing(run_text: Any) -> None:
    """`--print` shows every file on stdout, and touches none."""
    status, out = run_text("--install-service", "--print", "--source", "rtsp://camera/1")
    assert (status, SETTINGS.exists(), UNIT.exists()) == (0, False, False)
    assert [line for line in out.splitlines() if line.startswith("# /")] == [
        "# /etc/lpr/lpr.toml",
        "# /etc/sysusers.d/lpr.conf",
        f"# {UNIT}",
    ]


def test_without_root_nothing_is_written(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Who isn't root is shown what would be written, and how to have it written."""
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    install_service(config_of(source="rtsp://camera/1"), None, False, sys.stdout)
    out, err = capsys.readouterr()
    assert "\n[Service]\n" in out
    assert "nothing was written: that takes root" in err
    assert not UNIT.exists()


@pytest.fixture
def run_text(capsys: pytest.CaptureFixture[str]) -> Any:
    """Run the command in this process: status and stdout."""
    from lpr_edge.app.cli import main

    def run_command(*arguments: str) -> tuple[int, str]:
        return main(list(arguments)), capsys.readouterr().out

    return run_command

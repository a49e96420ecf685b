"""The Debian package's tree and scripts, from a folder without wheels; `make deb-test` installs the real one."""

import gzip
import json
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from tools.deb.__main__ import pack, version_of
from tools.deb.targets import MACHINES, RELEASES, Target
from tools.deb.tree import SCRIPTS, SOURCES, control_text, lay_out, site_packages
from tools.deb.wheels import requirements
from tools.demo_events import compared, demo_events
from tools.docs.trial_tables import RESULT, deb

from lpr_edge.config.loading import load_config
from lpr_edge.service.unit import SETTINGS

FILES = {
    "etc/lpr/lpr.toml": 0o640,
    "opt/lpr/bin/lpr-bench": 0o755,
    "opt/lpr/bin/lpr-edge": 0o755,
    "opt/lpr/lib/python3.13/site-packages/wheel.py": 0o644,
    "opt/lpr/pyvenv.cfg": 0o644,
    "usr/lib/systemd/system/lpr-edge.service": 0o644,
    "usr/lib/sysusers.d/lpr.conf": 0o644,
    "usr/share/doc/lpr/changelog.Debian.gz": 0o644,
    "usr/share/doc/lpr/copyright": 0o644,
    "usr/share/lintian/overrides/lpr": 0o644,
}
LINKS = {
    "opt/lpr/bin/python": "/usr/bin/python3.13",
    "usr/bin/lpr-bench": "/opt/lpr/bin/lpr-bench",
    "usr/bin/lpr-edge": "/opt/lpr/bin/lpr-edge",
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """What is packed for arm64's Trixie, with one module in place of the wheels."""
    root, target = tmp_path / "tree", Target("trixie", "arm64")
    packages = site_packages(root, target)
    packages.mkdir(parents=True, mode=0o700)
    (packages / "wheel.py").write_text("x = 1\n")
    (packages / "wheel.py").chmod(0o600)
    lay_out(root, target, "1.2.3-1~deb13")
    return root


def installed(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if "DEBIAN" not in path.parts]


def test_files_and_modes(tree: Path) -> None:
    """The package has these files and links and no other; only the settings are closed, whatever the umask was."""
    files = {path for path in installed(tree) if not path.is_dir()}
    modes = {str(path.relative_to(tree)): stat.S_IMODE(path.stat().st_mode) for path in files if not path.is_symlink()}
    links = {str(path.relative_to(tree)): str(path.readlink()) for path in files if path.is_symlink()}
    assert (modes, links) == (FILES, LINKS)
    folders = {stat.S_IMODE(path.stat().st_mode) for path in installed(tree) if path.is_dir() and not path.is_symlink()}
    assert folders == {0o755}


def test_settings_are_a_conffile_that_lpr_takes(tree: Path) -> None:
    """The settings survive an upgrade as a conffile, and lpr understands each of them."""
    assert (tree / "DEBIAN/conffiles").read_text().splitlines() == [str(SETTINGS)]
    config = load_config(tree / SETTINGS.relative_to("/"), {})
    assert (config.capture.camera, config.delivery.store) == (0, Path("/var/lib/lpr/plates.db"))


def test_unit_runs_the_packages_python(tree: Path) -> None:
    """The unit is that of --install-service, with the package's interpreter, a camera's devices and Debian's group."""
    unit = (tree / "usr/lib/systemd/system/lpr-edge.service").read_text()
    for line in (
        "ExecStart=/opt/lpr/bin/python -m lpr_edge --config /etc/lpr/lpr.toml",
        "User=lpr",
        "SupplementaryGroups=video",
        "StateDirectory=lpr",
        "PrivateDevices=no",
    ):
        assert f"\n{line}\n" in unit
    assert (tree / "opt/lpr/bin/lpr-edge").read_text().startswith("#!/opt/lpr/bin/python\n")


@pytest.mark.parametrize("script", SCRIPTS)
def test_maintainer_scripts_are_shell(tree: Path, script: str) -> None:
    """Each maintainer script can be run, stops at a failing command, and the shell finds no fault in its syntax."""
    path = tree / "DEBIAN" / script
    assert stat.S_IMODE(path.stat().st_mode) == 0o755
    assert "\nset -e\n" in path.read_text()
    subprocess.run(["sh", "-n", str(path)], check=True)


def test_environment_of_somebody_elses_is_not_overwritten(tmp_path: Path) -> None:
    """Installing stops, with what to do, where /opt/lpr holds an environment that pip made."""
    (tmp_path / "opt/lpr").mkdir(parents=True)
    (tmp_path / "opt/lpr/pyvenv.cfg").touch()
    text = (SOURCES / "preinst").read_text().replace(" /opt/", f" {tmp_path}/opt/")
    done = [
        subprocess.run(["sh", "-c", text, "preinst", action], capture_output=True, text=True, check=False)
        for action in ("install", "upgrade")
    ]
    assert [run.returncode for run in done] == [1, 0]
    assert "sudo mv" in done[0].stderr


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("arch", MACHINES)
def test_needs_the_python_of_its_wheels(release: str, arch: str) -> None:
    """Wheels serve one Python, so apt refuses the package on a release with another."""
    target = Target(release, arch)
    text = control_text(target, "1-1", 5)
    assert f"\nArchitecture: {arch}\n" in text
    assert f"python3 (>= {target.python}), python3 (<< {target.next_python}~)" in text


def test_wheels_are_chosen_for_the_target(repository: Path) -> None:
    """Python and machine of the target decide, not those of the machine that builds."""
    old, new = (requirements(repository, Target(release, "arm64")) for release in ("bookworm", "trixie"))
    assert [line for line in old if line.startswith("numpy")] == ["numpy<2,>=1.26"]
    assert [line for line in new if line.startswith("numpy")] == ["numpy>=2"]
    for lines in (old, new):
        assert {"ai-edge-litert>=2", "paho-mqtt>=2", "pillow>=10.1"} <= set(lines)
        assert not any(line.startswith("tflite-runtime") for line in lines)


@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="needs dpkg-deb (Debian: dpkg)")
def test_package_is_roots_and_names_itself(tree: Path, tmp_path: Path, repository: Path) -> None:
    """This machine packs arm64's tree too, as zstd; all files belong to root; a later Debian's version is higher."""
    file = pack(tree, tmp_path / "lpr.deb")
    assert b"data.tar.zst" in file.read_bytes()
    fields = subprocess.run(["dpkg-deb", "--field", str(file)], capture_output=True, text=True, check=True).stdout
    assert "\nVersion: 1.2.3-1~deb13\n" in fields
    listed = subprocess.run(["dpkg-deb", "--contents", str(file)], capture_output=True, text=True, check=True).stdout
    assert {line.split()[1] for line in listed.splitlines()} == {"root/root"}
    versions = [version_of(repository, Target(release, "amd64"), 1) for release in RELEASES]
    subprocess.run(["dpkg", "--compare-versions", versions[0], "lt", versions[1]], check=True)


def test_changelog_names_the_version(tree: Path) -> None:
    """The package's changelog is compressed without a time, and begins with the version."""
    data = (tree / "usr/share/doc/lpr/changelog.Debian.gz").read_bytes()
    assert gzip.decompress(data).startswith(b"lpr (1.2.3-1~deb13) ")
    assert data[4:8] == bytes(4)


def test_result_has_each_step_once(repository: Path) -> None:
    """The result file has each step of a root once, in order, as passed or failed, and so has the table of the docs."""
    lines = (repository / RESULT).read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    roots = dict.fromkeys((one["release"], one["arch"]) for one in records)
    assert roots
    for root in roots:
        own = [one for one in records if (one["release"], one["arch"]) == root]
        assert [one["step"] for one in own] == ["install", "demo", "service", "upgrade", "remove", "purge"]
        assert {one["status"] for one in own} <= {"passed", "failed"}
    assert len(deb(repository).splitlines()) == 2 + len(records)


def test_the_demos_events_are_compared() -> None:
    """Other plates are a failure; a confidence that differs is said; time, source and id don't count."""
    here = demo_events('{"id": "a", "source": "x", "text": "BA1", "confidence": 0.5}\n')
    same = demo_events('{"id": "b", "source": "y", "text": "BA1", "confidence": 0.5}\n')
    near = demo_events('{"id": "b", "source": "y", "text": "BA1", "confidence": 0.6}\n')
    assert compared(same, here) == (True, "1 plates, each field as in this checkout")
    assert compared(near, here) == (True, "1 plates, all but confidence as in this checkout")
    assert not compared([], here)[0]

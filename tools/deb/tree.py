"""The files of the Debian package, laid out under a folder as they will lie on the device."""

import gzip
import shutil
from pathlib import Path

from tools.deb.targets import Target

from lpr_edge.config.loading import load_config
from lpr_edge.service.unit import NAME, SETTINGS, USER, USERS, unit_text

SOURCES = Path(__file__).parent / "debian"
"""Settings, maintainer scripts and the like, each as it is installed."""
PREFIX = Path("opt/lpr")
PYTHON = f"/{PREFIX}/bin/python"
COMMANDS = {"lpr-edge": "lpr_edge", "lpr-bench": "lpr_bench"}
"""What a device runs -> the package whose command line it is; training and export need TensorFlow."""
GROUPS = ["video"]
"""Each Debian has it; the account is put into those that only some devices have when the package is installed."""
SCRIPTS = ("preinst", "postinst", "prerm", "postrm")
LAUNCHER = """\
#!{python}
import sys
from {package}.app.cli import main
sys.exit(main())
"""


def site_packages(root: Path, target: Target) -> Path:
    """Where the wheels go."""
    return root / PREFIX / f"lib/python{target.python}/site-packages"


def lay_out(root: Path, target: Target, version: str) -> None:
    """Write all files but the wheels under a folder, with the package's control files in DEBIAN.

    Args:
        root: the folder; its `site_packages` are filled already, as the package's size counts them.
        target: whose Python runs it.
        version: of the package.
    """
    _environment(root / PREFIX, target)
    _service(root)
    _documents(root / "usr/share/doc/lpr", version)
    _copy(SOURCES / "lintian-overrides", root / "usr/share/lintian/overrides/lpr")
    _modes(root)
    control = root / "DEBIAN"
    _write(control / "control", control_text(target, version, _kilobytes(root)))
    _write(control / "conffiles", f"{SETTINGS}\n")
    for script in SCRIPTS:
        _copy(SOURCES / script, control / script, 0o755)


def control_text(target: Target, version: str, size_kb: int) -> str:
    """deb-control(5): what the package is and needs."""
    return f"""\
Package: lpr
Version: {version}
Architecture: {target.arch}
Maintainer: The lpr developers <lpr@localhost>
Installed-Size: {size_kb}
Depends: python3 (>= {target.python}), python3 (<< {target.next_python}~), systemd, passwd, libc6, libstdc++6,\
 libgcc-s1, libfribidi0
Recommends: ca-certificates
Suggests: python3-picamera2, python3-gpiozero, python3-lgpio, mosquitto
Section: video
Priority: optional
Description: licence plate recognition on an edge device
 Reads licence plates from a camera, a stream or pictures, with small quantised
 networks on the processor, and sends each vehicle as an event to MQTT, a
 webhook or files. Has a live page. The first plates are Nepal's, in
 Devanagari and Latin letters.
 .
 This package holds lpr and its Python packages for Debian {target.number}
 ({target.release}) in /opt/lpr, and the service lpr-edge.
"""


def _environment(prefix: Path, target: Target) -> None:
    """What `python -m venv --system-site-packages` makes: apt's picamera2 is seen, and wheels go before apt's."""
    settings = ("home = /usr/bin", "include-system-site-packages = true", f"version = {target.python}")
    _write(prefix / "pyvenv.cfg", "\n".join((*settings, "")))
    _link(prefix / "bin/python", f"/usr/bin/python{target.python}")
    for command, package in COMMANDS.items():
        _write(prefix / "bin" / command, LAUNCHER.format(python=PYTHON, package=package), 0o755)
        _link(prefix.parents[1] / "usr/bin" / command, f"/{PREFIX}/bin/{command}")


def _service(root: Path) -> None:
    """The unit of `--install-service`, for the settings that the package brings; it makes those of further cameras."""
    settings = SOURCES / SETTINGS.name
    unit = unit_text(load_config(settings, {}), SETTINGS, GROUPS, PYTHON)
    _write(root / f"usr/lib/systemd/system/{NAME}.service", unit)
    _write(root / f"usr/lib/sysusers.d/{USER}.conf", USERS)
    _copy(settings, root / SETTINGS.relative_to("/"), 0o640)


def _documents(folder: Path, version: str) -> None:
    _copy(SOURCES / "copyright", folder / "copyright")
    entry = (
        f"lpr ({version}) unstable; urgency=medium\n\n  * See CHANGELOG.md of this version.\n\n"
        " -- The lpr developers <lpr@localhost>  Thu, 01 Jan 2026 00:00:00 +0000\n"
    )
    (folder / "changelog.Debian.gz").write_bytes(gzip.compress(entry.encode(), mtime=0))


def _modes(root: Path) -> None:
    """Modes that don't depend on the umask of whoever builds; 0640 is that of settings with passwords."""
    for path in root.rglob("*"):
        if path.is_symlink() or path == root / SETTINGS.relative_to("/"):
            continue
        is_open = path.is_dir() or path.parent == root / PREFIX / "bin"
        path.chmod(0o755 if is_open else 0o644)


def _kilobytes(root: Path) -> int:
    return sum(-(-path.lstat().st_size // 1024) for path in root.rglob("*") if path.is_file() or path.is_symlink())


def _write(path: Path, text: str, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)


def _copy(source: Path, path: Path, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, path)
    path.chmod(mode)


def _link(path: Path, to: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(to)

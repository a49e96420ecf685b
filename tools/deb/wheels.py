"""lpr and what it needs, as wheels of the target's Python and architecture, put into a folder."""

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from packaging.markers import default_environment
from packaging.requirements import Requirement
from tools.deb.targets import Target

EXTRAS = ("mqtt", "web")
"""What a device has besides lpr itself: a broker, the live page and the history."""


def install_wheels(repository: Path, target: Target, folder: Path) -> None:
    """Install lpr and its dependencies into a folder; pip chooses, as everywhere, and runs none of it.

    Args:
        repository: where lpr's source lies.
        target: which wheels to choose.
        folder: becomes the environment's `site-packages`.

    Raises:
        CalledProcessError: pip finds no wheel that fits, or can't reach its index.
    """
    into = ["--target", str(folder), "--no-compile", "--upgrade", *target.pip_flags()]
    with TemporaryDirectory() as own:
        pins = Path(own, "constraints.txt")
        pins.write_text("".join(f"{pin}\n" for pin in constraints(repository, target)), encoding="utf-8")
        _pip("install", *into, "--constraint", str(pins), *requirements(repository, target))
        _pip("wheel", "--no-deps", "--wheel-dir", own, str(repository))
        _pip("install", *into, "--no-deps", "--no-index", *map(str, Path(own).glob("lpr-*.whl")))
    prune(folder)


def requirements(repository: Path, target: Target) -> list[str]:
    """What lpr asks for on the target."""
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = list(project["dependencies"])
    for extra in EXTRAS:
        lines += project["optional-dependencies"][extra]
    return _valid_on(target, lines)


def constraints(repository: Path, target: Target) -> list[str]:
    """The pins of constraints.txt that are for the target."""
    lines = (repository / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return _valid_on(target, [line for line in lines if not line.startswith("#")])


def _valid_on(target: Target, lines: Sequence[str]) -> list[str]:
    """Requirements without their markers, which pip would take for the Python that it runs in."""
    environment = {key: str(value) for key, value in default_environment().items()} | target.markers()
    parsed = [Requirement(line) for line in lines]
    return [f"{one.name}{one.specifier}" for one in parsed if one.marker is None or one.marker.evaluate(environment)]


def prune(folder: Path) -> None:
    """Leave out what no device runs: NumPy's own tests, and what was compiled or written for this machine's Python."""
    for left in [*folder.glob("numpy/**/tests"), *folder.glob("**/__pycache__"), folder / "bin"]:
        shutil.rmtree(left, ignore_errors=True)


def _pip(*words: str) -> None:
    environment = os.environ | {"PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    subprocess.run([sys.executable, "-m", "pip", words[0], "--quiet", *words[1:]], check=True, env=environment)

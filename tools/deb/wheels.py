"""lpr and what it needs, as wheels of the target's Python and architecture, put into a folder."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory

from packaging.markers import default_environment
from packaging.requirements import Requirement
from tools.deb.targets import Target

EXTRAS = ("mqtt", "web")
"""What a device has besides lpr itself: a broker, the live page and the history."""
CONSTRAINED = "3.11"
"""The Python that constraints.txt is for."""


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
    constraints = ["--constraint", str(repository / "constraints.txt")] if target.python == CONSTRAINED else []
    _pip("install", *into, *constraints, *requirements(repository, target))
    with TemporaryDirectory() as own:
        _pip("wheel", "--no-deps", "--wheel-dir", own, str(repository))
        _pip("install", *into, "--no-deps", "--no-index", *map(str, Path(own).glob("lpr-*.whl")))
    prune(folder)


def requirements(repository: Path, target: Target) -> list[str]:
    """What lpr asks for on the target. pip would take the markers of the Python that it runs in."""
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    environment = {key: str(value) for key, value in default_environment().items()} | target.markers()
    lines = list(project["dependencies"])
    for extra in EXTRAS:
        lines += project["optional-dependencies"][extra]
    parsed = [Requirement(line) for line in lines]
    return [f"{one.name}{one.specifier}" for one in parsed if one.marker is None or one.marker.evaluate(environment)]


def prune(folder: Path) -> None:
    """Leave out what no device runs: NumPy's own tests, and what was compiled or written for this machine's Python."""
    for left in [*folder.glob("numpy/**/tests"), *folder.glob("**/__pycache__"), folder / "bin"]:
        shutil.rmtree(left, ignore_errors=True)


def _pip(*words: str) -> None:
    environment = os.environ | {"PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    subprocess.run([sys.executable, "-m", "pip", words[0], "--quiet", *words[1:]], check=True, env=environment)

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

# Written so that no pattern matches this file.
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:work|root|farm|home/\w+|Users/\w+)/")
REGISTRY = re.compile(r"index[-]url|find[-]links|https?://\S+(?:/simple\b|[.]whl\b|[.]deb\b)")
PIN = re.compile(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+(; python_version (<|>=) \"3\.\d+\")?")
PYTHONS = ("3.11", "3.12", "3.13")
"""That constraints.txt is for."""
MACHINES = ("x86_64", "aarch64")
UNPINNED = {"lgpio"}
"""Switches pins of a Raspberry Pi, and has wheels for it alone."""


@pytest.fixture(scope="module")
def tracked(repository: Path) -> list[Path]:
    """Every file that git tracks and that still stands."""
    if not (repository / ".git").exists():
        pytest.skip("not a git checkout: nothing says which files belong to the project")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=repository, capture_output=True, text=True, check=True)
    paths = [repository / name for name in listed.stdout.split("\0") if name]
    return [path for path in paths if path.is_file()]


def lines_matching(paths: list[Path], pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{path.name}:{number}: {line.strip()[:100]}"
        for path in paths
        for number, line in enumerate(path.read_bytes().decode("utf-8", "replace").splitlines(), start=1)
        if pattern.search(line)
    ]


def test_no_path_of_a_developers_machine(tracked: list[Path]) -> None:
    """No tracked file, models included, names a place that exists on one machine only."""
    assert lines_matching(tracked, MACHINE_PATH) == []


def test_no_registry_address(tracked: list[Path]) -> None:
    """Where packages come from is the reader's own configuration."""
    assert lines_matching(tracked, REGISTRY) == []


def test_no_large_file(tracked: list[Path]) -> None:
    """No tracked file is larger than 2.5 MB, as the largest float weights are, so a clone stays quick."""
    assert [path.name for path in tracked if path.stat().st_size > 2_500_000] == []


def test_constraints_are_pins(repository: Path) -> None:
    """constraints.txt holds comments and `name==version`, where needed for some Pythons alone; nothing else."""
    lines = (repository / "constraints.txt").read_text().splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert pins
    assert [line for line in pins if not PIN.fullmatch(line)] == []


def pins_for(repository: Path, environment: dict[str, str]) -> dict[str, str]:
    """Canonical name -> version of the pins for an environment; a name that is pinned twice is an error."""
    lines = (repository / "constraints.txt").read_text().splitlines()
    parsed = [Requirement(line) for line in lines if not line.startswith("#")]
    valid = [one for one in parsed if one.marker is None or one.marker.evaluate(environment)]
    pins: dict[str, str] = {canonicalize_name(one.name): str(one.specifier).removeprefix("==") for one in valid}
    assert len(pins) == len(valid)
    return pins


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("python", PYTHONS)
def test_each_supported_python_has_pins_that_fit(repository: Path, python: str, machine: str) -> None:
    """All that pyproject.toml asks for on a Python is pinned, once, to a version that it allows there."""
    own = {"python_version": python, "python_full_version": f"{python}.0", "platform_machine": machine}
    environment = {key: str(value) for key, value in default_environment().items()} | own | {"sys_platform": "linux"}
    pins = pins_for(repository, environment)
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    lines = [*project["dependencies"], *(line for lines in extras for line in lines)]
    asked = [one for one in map(Requirement, lines) if one.marker is None or one.marker.evaluate(environment)]
    named = {canonicalize_name(one.name): one.specifier for one in asked if one.name not in {"lpr", *UNPINNED}}
    assert len(named) > 40
    assert {name for name, range_ in named.items() if not range_.contains(pins.get(name, "0"))} == set()


@pytest.mark.parametrize("python", PYTHONS)
def test_both_opencv_builds_have_one_version(repository: Path, python: str) -> None:
    """Linux's build without windows, and the one with them that `--show` asks for, are the same version."""
    pins = pins_for(repository, {"python_version": python})
    assert pins["opencv-python-headless"] == pins["opencv-python"]


def test_modules_stay_short(tracked: list[Path]) -> None:
    """No test or tool grows past 400 lines; `test_modules_are_short` has a lower limit for the packages."""
    modules = [path for path in tracked if path.suffix == ".py"]
    assert [path.name for path in modules if len(path.read_text(encoding="utf-8").splitlines()) > 400] == []


def test_every_test_says_what_it_keeps(tracked: list[Path]) -> None:
    """Each test function has a docstring: the behaviour that it keeps."""
    without = [
        f"{path.name}: {node.name}"
        for path in tracked
        if path.name.startswith("test_") and path.suffix == ".py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and not ast.get_docstring(node)
    ]
    assert without == []

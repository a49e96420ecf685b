import ast
import re
import subprocess
from pathlib import Path

import pytest

# Written so that no pattern matches this file.
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:work|root|farm|home/\w+|Users/\w+)/")
REGISTRY = re.compile(r"index[-]url|find[-]links|https?://\S+(?:/simple\b|[.]whl\b|[.]deb\b)")
PIN = re.compile(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+")


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
    """constraints.txt holds comments and `name==version`, nothing else."""
    lines = (repository / "constraints.txt").read_text().splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert pins
    assert [line for line in pins if not PIN.fullmatch(line)] == []


def test_both_opencv_builds_have_one_version(repository: Path) -> None:
    """Linux's build without windows, and the one with them that `--show` asks for, are the same version."""
    pins = dict(line.split("==") for line in (repository / "constraints.txt").read_text().split() if "==" in line)
    assert pins["opencv-python-headless"] == pins["opencv-python"]


def test_modules_stay_short(tracked: list[Path]) -> None:
    """No Python module grows past 400 lines: one concept, one file."""
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

"""Fixtures for the export's tests: fitted runs, made once, and copies to spoil."""

import contextlib
import importlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.export.little_runs import make_run

with contextlib.suppress(ImportError):
    # After TensorFlow, which the fixtures import, tflite-runtime couldn't be loaded in this process any more.
    importlib.import_module("tflite_runtime.interpreter")


@pytest.fixture(scope="session")
def fitted_run(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A fitted run by name, not to be changed: `characters`, `reader` or `detector`."""
    made: dict[str, Path] = {}

    def fitted(name: str) -> Path:
        if name not in made:
            made[name] = make_run(tmp_path_factory.mktemp("runs") / name, name)
        return made[name]

    return fitted


@pytest.fixture
def characters_run(fitted_run: Callable[[str], Path], tmp_path: Path) -> Path:
    """A copy of the fitted classifier's run, to be changed."""
    copy: Path = shutil.copytree(fitted_run("characters"), tmp_path / "runs" / "characters")
    return copy

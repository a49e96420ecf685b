"""Fixtures for the export's tests: fitted runs, made once, and copies to spoil."""

import contextlib
import importlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.support.little_runs import make_run

from lpr_export.app.cli import main
from lpr_export.convert.worker import Worker, start_worker

with contextlib.suppress(ImportError):
    # After TensorFlow, which the fixtures import, tflite-runtime couldn't be loaded in this process any more.
    importlib.import_module("tflite_runtime.interpreter")


ALLOWED = {
    "characters": ["--max-drop", "0.5"],
    "reader": ["--max-drop", "10", "--min-accuracy", "0"],
    "detector": ["--max-drop", "0.5", "--min-accuracy", "0"],
}
"""The reader is fitted so briefly that much of what it reads is nearly something else; the detector isn't at all."""


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


@pytest.fixture(scope="session")
def worker() -> Iterator[Worker]:
    """One converting process for all tests but one: TensorFlow takes seconds to start."""
    with start_worker() as started:
        yield started


@pytest.fixture(autouse=True)
def _shared_worker(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.node.get_closest_marker("slow") and "own_worker" not in request.fixturenames:
        shared = request.getfixturevalue("worker")
        monkeypatch.setattr("lpr_export.convert.worker.start_worker", lambda: contextlib.nullcontext(shared))


@pytest.fixture
def own_worker() -> None:
    """Asked for by the test that needs the command's own process."""


@pytest.fixture(scope="session")
def exported(
    fitted_run: Callable[[str], Path], worker: Worker, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Path]:
    """The folder of a fitted run's int8 files, by name."""
    done: dict[str, Path] = {}

    def export(name: str) -> Path:
        if name not in done:
            done[name] = tmp_path_factory.mktemp("models")
            run, out = str(fitted_run(name)), str(done[name])
            assert main(["--int8", run, "--out", out, *ALLOWED[name]]) == 0
        return done[name]

    return export

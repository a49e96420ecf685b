"""Fixtures for the device's tests: golden models, and the plate reader made of them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.support.faults import Table, Tally
from tests.support.golden import tinyland
from tests.support.golden.tinyland import Scene

from lpr_edge.base.workers import FAULTS
from lpr_edge.runtimes.model import Model
from lpr_edge.runtimes.opening import open_model
from lpr_edge.vision.detector import Detector
from lpr_edge.vision.pipeline import PlatePipeline
from lpr_edge.vision.reader import Reader


@pytest.fixture(scope="session")
def golden(repository: Path) -> Path:
    """The folder of the golden models."""
    return repository / "tests" / "support" / "golden"


@pytest.fixture(scope="session")
def golden_model(golden: Path) -> Callable[[str, str], Model]:
    """Open a golden model by name in a runtime."""

    def open_golden(name: str, runtime: str = "auto") -> Model:
        suffix = "onnx" if runtime in ("onnxruntime", "opencv") else "tflite"
        return open_model(golden / f"{name}.int8.{suffix}", runtime)

    return open_golden


@pytest.fixture(scope="session")
def plate_reader(golden_model: Callable[[str], Model]) -> PlatePipeline:
    """Detector and reader for Tinyland."""
    return PlatePipeline(Detector(golden_model("detector")), Reader(golden_model("reader")))


@pytest.fixture(scope="session")
def scenes() -> tuple[Scene, ...]:
    """Twenty streets with a plate each, none of which the models were fitted to."""
    rng = np.random.default_rng(2026)
    return tuple(tinyland.draw_scene(tinyland.random_rows(rng), rng) for _ in range(20))


TABLE = pytest.StashKey[Table]()


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Tally:
    """Note what was tried and what was lost; the run's end shows it in one table."""
    return request.config.stash.setdefault(TABLE, Table()).add


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the table, if there is any."""
    if TABLE in config.stash and config.stash[TABLE].rows:
        terminalreporter.write_sep("=", "what was tried, and what was lost")
        terminalreporter.write_line("\n".join(config.stash[TABLE].lines()))


@pytest.fixture(autouse=True)
def _no_faults_of_others() -> Iterator[None]:
    """What a test made fail on purpose is nothing that another one's `/health` or exit status may show."""
    yield
    FAULTS.reset()

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from tools.demo_events import own_events

pytestmark = pytest.mark.slow

COMMANDS = ("lpr-edge", "lpr-export", "lpr-train", "lpr-bench", "lpr-fleet", "lpr-batch")


def run(*command: str | Path, cwd: Path | None = None) -> str:
    """The command's stdout; a failure shows all that it said."""
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PIP_CONSTRAINT")}
    result = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"
    return result.stdout


@pytest.fixture(scope="module")
def wheel(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip = (sys.executable, "-m", "pip")
    run(*pip, "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, repository)
    (path,) = folder.glob("lpr-*.whl")
    return path


@pytest.fixture(scope="module")
def clean(repository: Path, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of a new environment that holds the wheel and what it depends on, no extras."""
    folder = tmp_path_factory.mktemp("clean")
    venv.create(folder, with_pip=True)
    pip = (folder / "bin" / "python", "-m", "pip")
    run(*pip, "install", "--quiet", "-c", repository / "constraints.txt", wheel)
    return folder / "bin"


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_the_installed_wheel(clean: Path, tmp_path: Path, command: str) -> None:
    """Every command prints its help from the wheel alone, without any extra, away from the repository."""
    assert run(clean / command, "--help", cwd=tmp_path).startswith(f"usage: {command}")


def test_info_of_the_installed_wheel(clean: Path, tmp_path: Path) -> None:
    """The shipped models travel in the wheel and their manifests are read from there."""
    printed = run(clean / "lpr-edge", "--info", cwd=tmp_path)
    assert all(kind in printed for kind in ("detector", "reader", "classifier"))


def test_demo_of_the_installed_wheel(clean: Path, tmp_path: Path) -> None:
    """The demo reads plates with nothing but the device part installed."""
    assert '"text"' in run(clean / "lpr-edge", "--demo", cwd=tmp_path)


NEWEST = ("numpy>=2", "opencv-python-headless>=4.12", "ai-edge-litert", "pillow", "fontpkg-noto-sans-devanagari")
"""What Python 3.12 and newer get; each has wheels for 3.11, too."""


def test_demo_is_the_same_with_the_newest_versions(clean: Path, wheel: Path, tmp_path: Path) -> None:
    """NumPy 1 and 2, OpenCV 4 and 5 give the demo's events to the last digit: texts, votes, confidences, corners."""
    venv.create(tmp_path / "newest", with_pip=True)
    python = tmp_path / "newest/bin/python"
    for words in (NEWEST, ("--no-deps", str(wheel))):
        run(python, "-m", "pip", "install", "--quiet", *words)
    assert own_events(python) == own_events(clean / "python")


def test_plain_install_is_the_device(clean: Path) -> None:
    """Neither TensorFlow nor anything of training or export is installed without an extra, and it stays small.

    Measured: 360 MB on x86-64, where OpenCV alone is 170; the same wheels for arm64 unpack to 256 MB.
    """
    names = run(clean / "python", "-m", "pip", "list", "--format=freeze").lower()
    assert not any(name in names for name in ("tensorflow", "keras", "onnx", "matplotlib"))
    packages = Path(run(clean / "python", "-c", "import numpy; print(numpy.__path__[0])").strip()).parent
    own = {"pip", "setuptools"}  # an environment's furniture, there before lpr
    files = (path for path in packages.rglob("*") if path.relative_to(packages).parts[0].split("-")[0] not in own)
    assert sum(path.stat().st_size for path in files if path.is_file()) < 400e6


def test_data_files_travel_in_the_wheel(clean: Path, tmp_path: Path) -> None:
    """The country's file is found from the installed package."""
    code = "from lpr_edge.contract.countries import load_country; print(load_country('nepal').name)"
    assert run(clean / "python", "-c", code, cwd=tmp_path).strip() == "nepal"

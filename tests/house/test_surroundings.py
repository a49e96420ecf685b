"""Each command where something around it is missing: one line, or it works."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.support.crops_on_disk import noise, write_characters

from lpr_edge.base.state_dir import state_folder
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.countries import load_country

COMMANDS = {
    "lpr_edge": ["--doctor"],
    "lpr_train": ["check", "--data", "nowhere"],
    "lpr_export": ["--int8", "nowhere"],
    "lpr_bench": ["accuracy", "--data", "nowhere"],
}
WITHOUT = """
import importlib, importlib.abc, sys
class Missing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == "cv2":
            raise {error}
sys.meta_path.insert(0, Missing())
sys.exit(importlib.import_module(sys.argv[1] + ".app.cli").main(sys.argv[2:]))
"""
NO_LIBGL = 'ImportError("libGL.so.1: cannot open shared object file: No such file or directory")'
NO_OPENCV = "ModuleNotFoundError(\"No module named 'cv2'\", name=name)"
RUN = "import importlib, sys; sys.exit(importlib.import_module(sys.argv[1] + '.app.cli').main(sys.argv[2:]))"
FOREIGN = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
"""A locale without Devanagari, taken at its word."""


def start(code: str, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    known = os.environ | environment
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, encoding="utf-8", env=known, check=False
    )


@pytest.fixture
def characters(tmp_path: Path) -> Path:
    """Three pictures a class."""
    return write_characters(tmp_path / "characters", load_country("nepal"), 3)


@pytest.mark.parametrize("package", COMMANDS)
@pytest.mark.parametrize(
    ("error", "said"), [(NO_LIBGL, "is missing: libGL.so.1"), (NO_OPENCV, "OpenCV isn't installed")]
)
def test_without_opencvs_libraries(package: str, error: str, said: str) -> None:
    """On a machine without libGL, or without OpenCV, each command says in one line what to install; --doctor too."""
    done = start(WITHOUT.format(error=error), package, *COMMANDS[package])
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
    assert said in done.stderr
    assert "pip install opencv-python-headless" in done.stderr


def test_tables_are_printed_in_any_locale(characters: Path) -> None:
    """A training's or a check's figures name plates' characters: they are UTF-8 even in an ISO-8859-1 locale."""
    for environment in (FOREIGN, {"PYTHONIOENCODING": "latin-1"}):
        done = start(RUN, "lpr_train", "check", "--data", str(characters), **environment)
        assert (done.returncode, done.stderr) == (0, "")
        assert "बा 3" in done.stdout


def test_a_name_beyond_the_locale_is_one_line(tmp_path: Path) -> None:
    """Where the file system's encoding lacks a label's picture, that picture can't be opened: said in one line."""
    label = {"image": "बा.png", "split": "train", "plates": []}
    (tmp_path / "labels.jsonl").write_text(json.dumps(label), encoding="utf-8")
    done = start(RUN, "lpr_train", "check", "--data", str(tmp_path), "--json", **FOREIGN)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert json.loads(done.stdout)["errors"] == 1


@pytest.mark.parametrize(("package", "arguments"), [("lpr_train", ["check", "--data"]), ("lpr_edge", ["--characters"])])
def test_stdout_that_is_closed(characters: Path, package: str, arguments: list[str]) -> None:
    """With `>&-` the work is done and goes nowhere: no traceback, and no file takes stdout's number."""
    data = characters if package == "lpr_train" else characters / "0"
    command = shlex.join([sys.executable, "-c", RUN, package, *arguments, str(data)])
    done = subprocess.run(["bash", "-c", f"{command} >&-"], capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("package", ["lpr_train", "lpr_edge"])
def test_stdout_that_is_full(characters: Path, package: str) -> None:
    """A full disk under stdout is one line and status 1."""
    given = ["--info"] if package == "lpr_edge" else ["check", "--data", str(characters)]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", RUN, package, *given],
            stdout=full,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            check=False,
        )
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "No space left on device" in done.stderr


def test_a_user_without_a_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where nothing tells the state's folder, one line says what to set; a folder that is told is taken."""

    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", no_home)
    with pytest.raises(LprError, match="neither HOME nor XDG_STATE_HOME is set"):
        state_folder({})
    assert state_folder({"HOME": str(tmp_path)}) == tmp_path / ".local" / "state" / "lpr"


def test_pictures_are_read_without_a_home(tmp_path: Path, repository: Path) -> None:
    """Nothing is stored, so nothing asks for a home."""
    cv2.imwrite(str(tmp_path / "a.png"), np.repeat(noise(1, (60, 80)), 4, axis=1))
    golden = repository / "tests" / "support" / "golden"
    models = ["--detector", str(golden / "detector.int8.tflite"), "--reader", str(golden / "reader.int8.tflite")]
    code = "import pathlib\ndef home():\n    raise RuntimeError('no home')\npathlib.Path.home = home\n" + RUN
    environment = {key: value for key, value in os.environ.items() if key not in ("HOME", "XDG_STATE_HOME")}
    done = subprocess.run(
        [sys.executable, "-c", code, "lpr_edge", "--source", str(tmp_path), *models],
        capture_output=True,
        encoding="utf-8",
        env=environment,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")

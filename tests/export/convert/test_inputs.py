"""What a person can give lpr-export wrongly, and what it says."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.support.golden import tinyland

from lpr_edge.contract.manifest import Manifest, TensorSpec
from lpr_edge.contract.preprocess import InputSpec
from lpr_export.app.cli import main
from lpr_export.app.export import check_names
from lpr_export.base import run_folder
from lpr_export.base.errors import ExportError
from lpr_export.base.run_folder import open_run
from lpr_export.base.tensorflow_quiet import load_tensorflow
from lpr_export.convert.keras_model import check_input, check_outputs
from lpr_export.convert.worker import start_worker
from lpr_export.publish.files import staging

SPEC = InputSpec((16, 16), 3, "rgb", "stretch")
CARD = Manifest("classifier", "a", ("0", "X"), SPEC, (), "float32", TensorSpec("float32"), {}, {})


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run folder whose network nobody opens."""
    country = tinyland.tinyland().to_dict()
    card = {"kind": "classifier", "name": "a", "labels": ["0", "X"], "input": SPEC.to_dict(), "thresholds": {}}
    (tmp_path / "model.json").write_text(json.dumps(card | {"country": country}), encoding="utf-8")
    (tmp_path / "model.keras").write_bytes(b"")
    return tmp_path


def network(inputs: list[tuple[int | None, ...]], outputs: Any) -> Any:
    shaped = {name: SimpleNamespace(shape=shape) for name, shape in outputs.items()} if outputs else None
    return SimpleNamespace(inputs=[SimpleNamespace(shape=shape) for shape in inputs], output=shaped)


def test_nothing_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """A precision must be named: that is wrong usage."""
    with pytest.raises(SystemExit, match="2"):
        main([])
    assert "give --int8, --int8-dynamic, --float16 or --float32, or several" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--int8-dynamic"], "ONNX can't hold --int8-dynamic as TFLite computes it: add --format tflite"),
        (["--float32", "--float-layers", "a"], "--float-layers is about int8 files: add --int8"),
        (["--float16", "--explain"], "--explain is about int8 files: add --int8"),
        (["--int8", "--count", "0"], "0 is no number of pictures"),
    ],
)
def test_what_no_file_could_honour(argv: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """An option that a format or precision can't honour is wrong usage, and never ignored."""
    with pytest.raises(SystemExit, match="2"):
        main(argv)
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("points", ["-1", "101", "few"])
def test_impossible_max_drop(points: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Points are a number from 0 to 100."""
    with pytest.raises(SystemExit, match="2"):
        main(["--int8", "--max-drop", points])
    assert "--max-drop" in capsys.readouterr().err


def test_no_run_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder without a run's files is named, with what is missing."""
    assert main(["--int8", str(tmp_path)]) == 1
    expected = f"lpr-export: {tmp_path} is not a run folder: no model.keras and no model.json in {tmp_path}."
    assert capsys.readouterr().err.startswith(expected)


def test_other_keras_file(run: Path) -> None:
    """A Keras file of another name is none of a run's."""
    with pytest.raises(ExportError, match=r"is not a run's model\.keras"):
        open_run(run / "other.keras")


def test_keras_file_stands_for_its_folder(run: Path) -> None:
    """model.keras is as good as the folder it lies in."""
    assert open_run(run / "model.keras") == open_run(run)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "model.json can't be used: Expecting"),
        ("{}", "it lacks kind, name, labels, input, thresholds, country"),
        ("[]", "model.json can't be used"),
    ],
)
def test_broken_card(run: Path, text: str, message: str) -> None:
    """A damaged card is one line, and says which file."""
    (run / "model.json").write_text(text, encoding="utf-8")
    with pytest.raises(ExportError, match=message):
        open_run(run)


def test_unknown_kind(run: Path) -> None:
    """A kind of network that lpr doesn't run is refused."""
    card = (run / "model.json").read_text(encoding="utf-8").replace('"classifier"', '"segmenter"')
    (run / "model.json").write_text(card, encoding="utf-8")
    with pytest.raises(ExportError, match="unknown kind 'segmenter'"):
        open_run(run)


def test_no_representative_pictures(run: Path) -> None:
    """The message says which command makes them."""
    with pytest.raises(ExportError, match=r"has no representative\.npz.*or make it: lpr-train characters --out"):
        open_run(run).representative()


def test_no_held_out_pictures(run: Path) -> None:
    """Parity needs pictures too."""
    with pytest.raises(ExportError, match=r"has no heldout\.npz"):
        open_run(run).held_out()


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ([(None, None, None, 3)], r"dynamic shape \(None, None, 3\).*keras.Input\(\(16, 16, 3\)\)"),
        ([(None, 32, 16, 3)], r"shape \(32, 16, 3\), and its model.json says \(16, 16, 3\)"),
        ([(None, 16, 16, 3)] * 2, "has 2 inputs"),
    ],
)
def test_wrong_input(inputs: list[tuple[int | None, ...]], message: str) -> None:
    """A dynamic, unlike or second input is refused."""
    with pytest.raises(ExportError, match=message):
        check_input(network(inputs, {}), Path("model.keras"), CARD)


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        (None, "outputs without names, and a classifier has scores"),
        ({"logits": (None, 2)}, "outputs logits, and a classifier has scores"),
        ({"scores": (None, None)}, r"dynamic shape \(None,\)"),
        ({"scores": (None, 12)}, "has 12 classes, and model.json has 2 labels"),
    ],
)
def test_wrong_outputs(outputs: dict[str, tuple[int | None, ...]] | None, message: str) -> None:
    """Heads of another kind, without names, dynamic, or of another number of classes than labels are refused."""
    with pytest.raises(ExportError, match=message):
        check_outputs(network([(None, 16, 16, 3)], outputs), Path("model.keras"), CARD)


def test_no_tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without TensorFlow the extra to install is named."""
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(ExportError, match=r"Export needs TensorFlow.*pip install 'lpr\[export\]'"):
        load_tensorflow()


def test_two_runs_of_one_name(run: Path) -> None:
    """Two runs whose files would replace each other's are refused."""
    with pytest.raises(ExportError, match="two runs are called 'a'"):
        check_names([open_run(run)] * 2)


def test_package_without_networks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without arguments and without shipped networks, a run folder is asked for."""
    monkeypatch.setattr(run_folder, "SHIPPED_RUNS", tmp_path)
    with pytest.raises(ExportError, match="has no float networks: give a folder"):
        run_folder.shipped_runs()


def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """A file where the folder should be is one line."""
    (tmp_path / "models").write_text("in the way", encoding="utf-8")
    with (
        pytest.raises(ExportError, match=r"can't write to .*models: .*Give --out another folder"),
        staging(tmp_path / "models"),
    ):
        pass


def test_nothing_is_left_half_written(tmp_path: Path) -> None:
    """What was staged goes away when something fails, a full disk for one, and the final folder holds nothing of it."""

    def stop_in_the_middle() -> None:
        with staging(tmp_path / "models") as folder:
            (folder / "a.int8.tflite").write_bytes(b"half")
            raise OSError(28, "No space left on device")

    with pytest.raises(ExportError, match="No space left"):
        stop_in_the_middle()
    assert list((tmp_path / "models").iterdir()) == []


def fail() -> None:
    raise ExportError("said in the other process")


@pytest.mark.parametrize(
    ("function", "message"),
    [(fail, "said in the other process"), (os.abort, "the process that converts died .*1 GB of memory")],
)
def test_worker_tells_what_went_wrong(function: Callable[[], None], message: str) -> None:
    """An error in the converting process reaches this one, and so does its death."""
    with start_worker() as worker, pytest.raises(ExportError, match=message):
        worker.run(function)

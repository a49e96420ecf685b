"""Faults planted into whole exports: each is caught, and the older good files stay."""

import contextlib
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.support.little_runs import EXPORTED, HELD_OUT, as_samples, draw_samples

from lpr_edge.contract.manifest import Manifest, embed_in_onnx, read_manifest
from lpr_edge.contract.run.samples import write_samples
from lpr_export.app.cli import main
from lpr_export.base.run_folder import open_run
from lpr_export.calibration.sampling import draw_from_run
from lpr_export.convert.convert import convert
from lpr_export.convert.converted import Conversion
from lpr_export.convert.worker import Worker
from lpr_export.onnx.first_divergence import find_divergence
from lpr_export.publish import files

FAILED = ["characters.failed.report.html", "characters.failed.report.json"]

pytestmark = pytest.mark.slow


def plant_old_files(out: Path) -> None:
    out.mkdir()
    for name in EXPORTED:
        (out / name).write_text("older and good", encoding="utf-8")


def old_files_stand(out: Path) -> bool:
    names = sorted(path.name for path in out.iterdir())
    return names == sorted([*EXPORTED, *FAILED]) and all(
        (out / name).read_text(encoding="utf-8") == "older and good" for name in EXPORTED
    )


@pytest.fixture
def spoilt_run(fitted_run: Callable[[str], Path], tmp_path: Path) -> Path:
    """The fitted reader's run with faint noise to calibrate on, renamed to what the old files are called."""
    run: Path = shutil.copytree(fitted_run("reader"), tmp_path / "spoilt")
    noise = np.random.default_rng(3).integers(120, 136, (32, 32, 96, 1), dtype=np.uint8)
    write_samples(run / "representative.npz", as_samples(list(noise), ("",) * 32))
    card = json.loads((run / "model.json").read_text(encoding="utf-8"))
    (run / "model.json").write_text(json.dumps(card | {"name": "characters"}), encoding="utf-8")
    return run


def test_gate_stops_calibration_on_noise(spoilt_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Scales from noise cost accuracy and move scores: exit 1, a report says how much, the older good files stay."""
    plant_old_files(tmp_path / "models")
    argv = ["--int8", str(spoilt_run), "--out", str(tmp_path / "models"), "--min-accuracy", "0"]
    assert main(argv) == 1
    shown = capfd.readouterr()
    assert "characters isn't exported: characters.int8.tflite in litert " in shown.err
    assert old_files_stand(tmp_path / "models")
    report = json.loads((tmp_path / "models/characters.failed.report.json").read_text(encoding="utf-8"))
    assert report["passed"] is False
    assert any("characters.int8.tflite in litert scores otherwise than float" in fault for fault in report["faults"])
    assert report["rows"][-1]["drop_points"]["exact_match"] > 0.5


def test_gate_stops_swapped_labels(
    fitted_run: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """An ONNX twin whose manifest swaps two labels answers otherwise than TFLite, and isn't published."""

    def embed_swapped(model: bytes, manifest: Manifest) -> bytes:
        return embed_in_onnx(model, replace(manifest, labels=manifest.labels[::-1]))

    plant_old_files(tmp_path / "models")
    monkeypatch.setattr(files, "embed_in_onnx", embed_swapped)
    monkeypatch.setattr(files, "read_back", lambda *_: None)
    argv = ["--int8", str(fitted_run("characters")), "--out", str(tmp_path / "models"), "--max-drop", "100"]
    assert main(argv) == 1
    assert "answers 60 of 60 pictures otherwise than characters.int8.tflite in litert" in capfd.readouterr().err
    assert old_files_stand(tmp_path / "models")


def shuffle_weights(path: Path) -> None:
    """Put the numbers of each kernel of a Keras network in another order."""
    import keras

    rng = np.random.default_rng(0)
    model = keras.models.load_model(path)
    model.set_weights([rng.permuted(array) if array.ndim > 1 else array for array in model.get_weights()])
    model.save(path)


def never_answer_the_first_label(path: Path) -> None:
    """Give a classifier's first label a score that no other is below."""
    import keras

    model = keras.models.load_model(path)
    head = next(layer for layer in reversed(model.layers) if layer.get_weights())
    kernel, bias = head.get_weights()
    kernel[..., 0], bias[0] = 0.0, -50.0
    head.set_weights([kernel, bias])
    model.save(path)


def shift_labels(path: Path) -> None:
    """Shift the labels of a network's card by one."""
    card = path.parent / "model.json"
    values = json.loads(card.read_text(encoding="utf-8"))
    values["labels"] = [*values["labels"][1:], values["labels"][0]]
    card.write_text(json.dumps(values), encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "spoil", "said"),
    [
        ("reader", shuffle_weights, "% exact match of 60 on 60 pictures (rendered, held out), and 20 % is the least"),
        ("characters", shift_labels, "has 0.00 % accuracy of 60 on 60 pictures (rendered, held out), and 50 % is"),
        ("characters", never_answer_the_first_label, "never answers 0; 0 stands 30 times in 60 pictures"),
    ],
)
def test_broken_float_network_is_refused(
    name: str,
    spoil: Callable[[Path], None],
    said: str,
    fitted_run: Callable[[str], Path],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """A bad float network isn't published, however well int8 follows it; with --min-accuracy 0 the files are marked."""
    run = shutil.copytree(fitted_run(name), tmp_path / name)
    spoil(run / "model.keras")
    argv = ["--int8", str(run), "--out", str(tmp_path / "models"), "--max-drop", "100"]
    assert main(argv) == 1
    assert f"{name} isn't exported: the float network " in (shown := capfd.readouterr().err)
    assert said in shown
    assert list((tmp_path / "models").glob("*.int8.*")) == []
    if name == "characters":
        assert main([*argv, "--min-accuracy", "0"]) == 0
        manifest = read_manifest(tmp_path / "models/characters.int8.tflite")
        assert any(said in caveat for caveat in manifest.caveats)


def test_few_held_out_pictures_are_marked(
    characters_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Copies of two pictures are two pictures: refused, or, where a person allows it, told by manifest and report."""
    two = draw_samples("characters", 2, seed=5)
    write_samples(characters_run / "heldout.npz", as_samples(two.pictures * 100, (two.truth or ()) * 100))
    out = tmp_path / "models"
    argv = ["--int8", str(characters_run), "--out", str(out)]
    assert main(argv) == 1
    assert "characters has 2 different held-out pictures, and the gate needs 50 or more" in capfd.readouterr().err
    assert main([*argv, "--allow-small"]) == 0
    caveat = "proved on 2 different held-out pictures, and the gate needs 50 or more to detect a loss"
    assert read_manifest(out / "characters.int8.onnx").caveats == (f"{caveat} (--allow-small)",)
    report = json.loads((out / "characters.report.json").read_text(encoding="utf-8"))
    assert report["caveats"] == [f"{caveat} (--allow-small)"]
    assert caveat in (out / "characters.report.html").read_text(encoding="utf-8")
    assert main(["verify", str(out / "characters.int8.tflite")]) == 0
    assert f"  caveat: {caveat}" in capfd.readouterr().out


def test_shared_pictures_are_refused(characters_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A held-out picture among those of the calibration is refused, by its pixels, whatever its hash is said to be."""
    held_out = draw_samples("characters", HELD_OUT, seed=2)
    shared = as_samples(held_out.pictures[:20], ("",) * 20)
    made_up = tuple(f"{number:064x}" for number in range(20))
    write_samples(characters_run / "representative.npz", replace(shared, sha256=made_up))
    assert main(["--int8", str(characters_run), "--out", str(tmp_path / "models")]) == 1
    assert "20 of 20 calibration pictures (rendered) also stand in" in capfd.readouterr().err
    assert not (tmp_path / "models").exists()


class Swapping:
    """A worker that gives the file of another precision for the int8 one."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker

    def run(self, function: Any, path: Any, card: Any, calibration: Any, *_: Any) -> Conversion:
        made: Conversion = self.worker.run(function, path, card, calibration, ("float32", "int8-dynamic"))
        return replace(made, files=(made.files[0], replace(made.files[1], precision="int8")))


def test_gate_stops_dynamic_range_called_int8(
    fitted_run: Callable[[str], Path],
    worker: Worker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """A file that computes in float under int8's name isn't published, and the layer is named."""
    plant_old_files(tmp_path / "models")
    monkeypatch.setattr("lpr_export.convert.worker.start_worker", lambda: contextlib.nullcontext(Swapping(worker)))
    argv = ["--int8", "--format", "tflite", str(fitted_run("characters")), "--out", str(tmp_path / "models")]
    assert main([*argv, "--max-drop", "100"]) == 1
    message = capfd.readouterr().err
    assert "characters.int8.tflite is called int8, and" in message
    assert "of its layer" in message
    assert all((tmp_path / "models" / name).read_text(encoding="utf-8") == "older and good" for name in EXPORTED)


def test_gate_stops_unlike_halves(characters_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A representative data set with one picture unlike all others isn't enough, and the message says how many are."""
    dim = [np.full((16, 16, 3), 128 + number % 2, np.uint8) for number in range(31)]
    odd = np.zeros((16, 16, 3), np.uint8)
    odd[::2], odd[:, ::2] = 255, 0
    write_samples(characters_run / "representative.npz", as_samples([*dim, odd], ("0",) * 32))
    assert main(["--int8", str(characters_run), "--out", str(tmp_path / "models"), "--max-drop", "100"]) == 1
    message = capfd.readouterr().err
    assert "data set of 32 pictures is too small: of its two halves" in message
    assert "pictures. Older files stay" in message


def test_kill_in_the_middle(fitted_run: Callable[[str], Path], tmp_path: Path, own_worker: None) -> None:
    """A process that is killed while it stages leaves the older files, whole, and nothing else under those names."""
    out = tmp_path / "models"
    plant_old_files(out)
    code = "import sys; from lpr_export.app.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "--int8", str(fitted_run("characters")), "--out", str(out)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while not any(out.glob(".lpr-export-*/*.tflite")) and process.poll() is None:
            time.sleep(0.01)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert all((out / name).read_text(encoding="utf-8") == "older and good" for name in EXPORTED)


def test_first_operator_to_part_is_named(fitted_run: Callable[[str], Path], worker: Worker, tmp_path: Path) -> None:
    """Of a twin with one scale 30 % off, the very layer is named where it parts from TFLite, and by how much."""
    onnx = pytest.importorskip("onnx")
    run = open_run(fitted_run("reader"))
    (_, made) = worker.run(convert, run.network, run.card, draw_from_run(run), ("float32", "int8")).files
    assert made.onnx is not None
    model = onnx.ModelProto.FromString(made.onnx)
    node = [node for node in model.graph.node if node.op_type == "QuantizeLinear"][1]
    scale = next(constant for constant in model.graph.initializer if constant.name == node.input[1])
    wrong = onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(scale) * np.float32(1.3), "wrong")
    model.graph.initializer.append(wrong)
    node.input[1] = "wrong"
    (tmp_path / "a.tflite").write_bytes(made.tflite)
    (tmp_path / "a.onnx").write_bytes(model.SerializeToString())
    pictures = [picture[None] for picture in run.held_out().pictures[:3]]
    found = find_divergence(tmp_path / "a.tflite", tmp_path / "a.onnx", made.tensors, pictures)
    assert found is not None
    assert (found.operator, found.layer) == ("CONV_2D", node.name.partition("/")[0])
    assert found.largest > 1
    assert (found.pictures, found.looked_at) == (3, 3)

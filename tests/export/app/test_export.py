"""Whole exports, from a run folder to proved files."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tests.support.golden import tinyland
from tests.support.little_runs import EXPORTED, HELD_OUT, MODELS, write_card

from lpr_edge.contract.base.errors import ModelError
from lpr_edge.contract.base.pictures import file_sha256, read_picture
from lpr_edge.contract.manifest import TensorSpec, read_manifest
from lpr_edge.contract.preprocess import prepare
from lpr_edge.contract.run.samples import Samples, read_samples, write_samples
from lpr_edge.runtimes.model import Model
from lpr_edge.runtimes.opening import open_model
from lpr_edge.text.confidence import ConfidenceCurve
from lpr_export.app import cli
from lpr_export.app.cli import main
from lpr_export.app.export import Exported
from lpr_export.base import run_folder
from lpr_export.base.run_folder import open_run
from lpr_export.calibration.confidence import Confidence
from lpr_export.evaluate import parity

pytestmark = pytest.mark.slow


def raw_steps(model: Model, pixels: Any) -> list[Any]:
    pairs = zip(model.run(pixels), model.manifest.outputs, strict=True)
    return [array.astype(int) - spec.zero_point for array, spec in pairs]


@pytest.mark.parametrize("name", ["characters", "reader", "detector"])
def test_formats_agree_bit_for_bit(
    name: str, exported: Callable[[str], Path], fitted_run: Callable[[str], Path]
) -> None:
    """LiteRT and ONNX Runtime give the same integers on every picture, counted from their zero points."""
    tflite = open_model(exported(name) / f"{name}.int8.tflite", "litert")
    onnx = open_model(exported(name) / f"{name}.int8.onnx", "onnxruntime")
    for picture in read_samples(fitted_run(name) / "heldout.npz").pictures:
        for a, b in zip(raw_steps(tflite, picture[None]), raw_steps(onnx, picture[None]), strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", ["characters", "reader", "detector"])
def test_manifest_in_both_files(name: str, exported: Callable[[str], Path]) -> None:
    """Both files say what goes in and comes out, where they were calibrated and measured, and where they run."""
    a, b = (read_manifest(exported(name) / f"{name}.int8.{suffix}") for suffix in ("tflite", "onnx"))
    assert a.precision == b.precision == "int8"
    byte = float(np.float32(1 / 255))
    assert (a.input_tensor, b.input_tensor) == (TensorSpec("int8", byte, -128), TensorSpec("uint8", byte, 0))
    assert {output.dtype for output in a.outputs} == {"int8"}
    assert [(o.role, o.shape, o.scale, o.zero_point + 128) for o in a.outputs] == [
        (o.role, o.shape, o.scale, o.zero_point) for o in b.outputs
    ]
    assert (a.calibration["source"], a.calibration["count"], a.calibration["seed"]) == ("rendered", 48, 1)
    assert {(metric["split"], metric["precision"]) for metric in a.metrics} == {("held out", "int8")}
    assert {metric["measured_by"] for metric in a.metrics} == {"lpr-export"}
    assert {"litert", "tflite"} >= set(a.runtimes) >= {"litert"}
    assert {"onnxruntime", "opencv"} >= set(b.runtimes) >= {"onnxruntime"}


def test_outputs_mean_the_same_as_in_keras(exported: Callable[[str], Path], fitted_run: Callable[[str], Path]) -> None:
    """Every role of the file is the network's own output of that name, within what 8 bits cost."""
    import keras

    network = keras.models.load_model(fitted_run("reader") / "model.keras")
    model = open_model(exported("reader") / "reader.int8.tflite")
    for picture in read_samples(fitted_run("reader") / "heldout.npz").pictures[:8]:
        expected = network(picture[None].astype(np.float32) / 255, training=False)
        for role, found in model.outputs(picture[None]).items():
            spread = float(np.ptp(expected[role]))
            assert float(np.abs(np.asarray(expected[role])[0] - found).mean()) < 0.03 * spread


def test_int8_file_holds_integers_alone(exported: Callable[[str], Path]) -> None:
    """No tensor of the TFLite file is float, and convolutions have a scale for each of their channels."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(exported("reader") / "reader.int8.tflite"))
    tensors = interpreter.get_tensor_details()
    assert {tensor["dtype"].__name__ for tensor in tensors} <= {"int8", "uint8", "int32"}
    assert max(len(tensor["quantization_parameters"]["scales"]) for tensor in tensors) > 1


def test_same_inputs_give_same_bytes(
    exported: Callable[[str], Path], fitted_run: Callable[[str], Path], tmp_path: Path, own_worker: None
) -> None:
    """A second export in another process writes the same bytes."""
    assert main(["--int8", str(fitted_run("characters")), "--out", str(tmp_path)]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == EXPORTED
    for name in MODELS:
        assert (tmp_path / name).read_bytes() == (exported("characters") / name).read_bytes()


def test_the_next_command_names_both_int8_files(capsys: pytest.CaptureFixture[str]) -> None:
    """After a detector and a reader that are of use; one alone has no next command."""
    paths = {kind: (Path(f"{kind}.int8.onnx"), Path(f"{kind}.int8.tflite")) for kind in ("detector", "reader")}
    cli._show_files([Exported(kind, own, "") for kind, own in paths.items()])
    line = "next: lpr-edge --detector detector.int8.tflite --reader reader.int8.tflite --source PICTURE"
    assert capsys.readouterr().out.endswith(f"{line}\n")
    cli._show_files([Exported("reader", paths["reader"], "")])
    assert "next:" not in capsys.readouterr().out


def test_report_and_output(
    fitted_run: Callable[[str], Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The table, the files and what follows go to stdout, progress to stderr, the comparison to a JSON file.

    The little detector passes the gate and finds no plate: the next command isn't for such a one.
    """
    runs = [str(fitted_run(name) / "model.keras") for name in ("reader", "detector")]
    out = str(tmp_path / "models")
    assert main(["--int8", "--float32", *runs, "--out", out, "--max-drop", "10", "--min-accuracy", "0"]) == 0
    shown = capfd.readouterr()
    assert "reader.int8.onnx" in shown.out
    assert f"wrote {out}/detector.int8.tflite" in shown.out
    assert "The detector has a recall of 0 on 60 held-out examples. The files equal the float network" in shown.out
    assert "next: lpr-edge" not in shown.out
    assert "reader: converting (1 of 2)" in shown.err
    report = json.loads((tmp_path / "models" / "reader.report.json").read_text(encoding="utf-8"))
    assert report["passed"] is True
    assert report["pictures"] == HELD_OUT
    assert report["rows"][0]["file"] == "reader.float32.tflite"
    assert report["rows"][0]["metrics"]["exact_match"]["count"] == HELD_OUT
    assert {row["precision"] for row in report["rows"]} == {"int8", "float32"}
    assert report["files"]["reader.float32.onnx"]["bytes"] == (tmp_path / "models/reader.float32.onnx").stat().st_size
    assert len([path for path in (tmp_path / "models").iterdir() if path.suffix in (".tflite", ".onnx")]) == 8


def test_runtime_that_cannot_is_not_claimed(
    fitted_run: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """A runtime that doesn't load the file is left out of its manifest, and the table says why."""

    def open_but_not_in_opencv(path: Path, runtime: str) -> Model:
        if runtime == "opencv":
            raise ModelError("opencv can't load it")
        return open_model(path, runtime)

    monkeypatch.setattr(parity, "open_model", open_but_not_in_opencv)
    assert main(["--int8", str(fitted_run("characters")), "--out", str(tmp_path)]) == 0
    assert "not claimed: characters.int8.onnx in opencv: opencv can't load it" in capfd.readouterr().out
    assert read_manifest(tmp_path / "characters.int8.onnx").runtimes == ("onnxruntime",)


def test_shipped_networks_without_arguments(
    characters_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without arguments the package's own float networks are exported, with their own pictures, into ./models."""
    monkeypatch.setattr(run_folder, "SHIPPED_RUNS", characters_run.parent)
    monkeypatch.chdir(tmp_path)
    assert main(["--int8"]) == 0
    assert sorted(path.name for path in (tmp_path / "models").iterdir()) == EXPORTED


def test_one_bad_run_does_not_stop_the_others(
    characters_run: Path, fitted_run: Callable[[str], Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A run that can't be exported is named, the next one is exported, and the exit status is 1."""
    (characters_run / "representative.npz").unlink()
    write_card(characters_run, "characters", name="spoilt")
    out = tmp_path / "models"
    assert main(["--int8", str(characters_run), str(fitted_run("characters")), "--out", str(out)]) == 1
    assert "no representative.npz" in capfd.readouterr().err
    assert sorted(path.name for path in out.iterdir()) == EXPORTED


def test_custom_layer_is_named(characters_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A network with a layer of one's own is refused, and the layer named."""
    import keras

    class Doubled(keras.layers.Layer):  # type: ignore[misc, unused-ignore]
        def call(self, x: Any) -> Any:
            return 2 * x

    image = keras.Input((16, 16, 3), name="image")
    scores = keras.layers.Dense(2)(keras.layers.Flatten()(Doubled()(image)))
    keras.Model(image, {"scores": scores}).save(characters_run / "model.keras")
    assert main(["--int8", str(characters_run), "--out", str(tmp_path / "models")]) == 1
    assert "has a custom layer" in (message := capfd.readouterr().err)
    assert "Doubled" in message


def test_damaged_network(characters_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A file that is no Keras model is refused in one line."""
    (characters_run / "model.keras").write_bytes(b"PK not really")
    assert main(["--int8", str(characters_run), "--out", str(tmp_path / "models")]) == 1
    message = capfd.readouterr().err.splitlines()
    assert [line for line in message if "is no Keras 3 model, or is damaged" in line] == message[-1:]


def write_character_data(root: Path) -> Path:
    """A data folder of rings and crosses, 40 of each."""
    rng = np.random.default_rng(9)
    for folder, label in tinyland.tinyland().characters.items():
        (root / "characters" / folder).mkdir(parents=True)
        for number in range(40):
            crop = tinyland.draw_character(label, rng)
            cv2.imwrite(str(root / "characters" / folder / f"{number:02}.png"), crop)
    return root


def test_data_folder_replaces_the_runs_pictures(
    characters_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """With --data, calibration draws from its training split and parity from its validation split."""
    (characters_run / "representative.npz").unlink()
    (characters_run / "heldout.npz").unlink()
    data = write_character_data(tmp_path / "data")
    out = tmp_path / "models"
    assert (
        main(["--int8", str(characters_run), "--data", str(data), "--seed", "4", "--out", str(out), "--allow-small"])
        == 0
    )
    assert "24 pictures, characters, validation (accuracy of 24)" in capfd.readouterr().out
    manifest = read_manifest(out / "characters.int8.tflite")
    assert (manifest.calibration["source"], manifest.calibration["count"]) == ("train split of characters", 56)
    assert manifest.calibration["seed"] == 4
    assert (manifest.metrics[0]["data"], manifest.metrics[0]["split"]) == ("characters", "validation")


def test_held_out_crops_of_the_training_split_are_left_out(
    characters_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A run that held out a part of the training split exports with the same data: its calibration goes around them."""
    data = write_character_data(tmp_path / "data")
    labels = tinyland.tinyland().characters
    crops = [path for folder in labels for path in sorted((data / "characters" / folder).iterdir())[-5:]]
    pictures = [prepare(read_picture(path), open_run(characters_run).card.input).pixels[0] for path in crops]
    truth = tuple(labels[path.parent.name] for path in crops)
    hashes = tuple(map(file_sha256, crops))
    write_samples(characters_run / "heldout.npz", Samples(tuple(pictures), "characters, held out", hashes, truth))
    out = tmp_path / "models"
    argv = ["--int8", str(characters_run), "--data", str(data), "--out", str(out), "--allow-small"]
    assert main(argv) == 0
    assert "calibration: 10 files of the training split were left out" in capfd.readouterr().out
    calibration = read_manifest(out / "characters.int8.tflite").calibration
    assert (calibration["count"], calibration["refused"]) == (46, 10)
    assert {digest[:12] for digest in hashes}.isdisjoint(calibration["files"])


def test_confidence_is_part_of_the_export(
    fitted_run: Callable[[str], Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A reader's confidence stands in both files before they are proved: they verify as they were published."""
    fitted = Confidence(0.6, ConfidenceCurve(1.0, -0.5, -2.0), {"readings": 40})
    fitted.write(tmp_path / "confidence.json")
    argv = ["--int8", str(fitted_run("reader")), "--out", str(tmp_path), "--max-drop", "10", "--min-accuracy", "0"]
    assert main([*argv, "--confidence", str(tmp_path / "confidence.json")]) == 0
    for suffix in ("tflite", "onnx"):
        manifest = read_manifest(tmp_path / f"reader.int8.{suffix}")
        assert manifest.thresholds == {"peak": 0.4, **fitted.to_thresholds()}
        assert manifest.calibration["confidence"] == {"readings": 40}
    assert main(["verify", str(tmp_path / "reader.int8.tflite")]) == 0
    assert "reader.int8.tflite: as it was proved" in capfd.readouterr().out


def test_twin_is_the_same_in_every_process(repository: Path) -> None:
    """Byte for byte, whatever seed Python's hashes have: tf2onnx sets some fields by the order of a set."""
    code = """
import hashlib, sys
from lpr_edge.contract.manifest import read_manifest
from lpr_export.onnx.from_tflite import convert_to_onnx
from tests.support.rewriting import weights
from pathlib import Path
path = Path(sys.argv[1])
from ai_edge_litert.interpreter import Interpreter
names = [detail["name"] for detail in Interpreter(model_path=str(path)).get_output_details()]
roles = dict(zip(names, (output.role for output in read_manifest(path).outputs)))
print(hashlib.sha256(convert_to_onnx(weights(path), roles).onnx).hexdigest())
"""
    path = repository / "tests/support/golden/characters.int8.tflite"
    output_hashes = set()
    for seed in ("0", "1", "2", "3"):
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(repository), "TF_CPP_MIN_LOG_LEVEL": "3"}
        command = [sys.executable, "-c", code, str(path)]
        made = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        output_hashes.add(made.stdout.split()[-1])
    assert len(output_hashes) == 1


def test_exported_files_verify(exported: Callable[[str], Path], capfd: pytest.CaptureFixture[str]) -> None:
    """What was exported is as it was proved, with the held-out pictures beside it."""
    for name in ("characters", "reader", "detector"):
        assert main(["verify", str(exported(name) / f"{name}.int8.tflite")]) == 0
        assert f"{name}.int8.tflite: as it was proved" in capfd.readouterr().out

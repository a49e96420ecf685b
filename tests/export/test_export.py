"""Whole exports, from a run folder to proved files."""

import contextlib
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tests.edge.golden import tinyland
from tests.export.little_runs import as_samples, draw_samples, write_card

from lpr_edge.contract.errors import ModelError
from lpr_edge.contract.manifest import Manifest, embed_in_onnx, read_manifest
from lpr_edge.contract.outputs import ROLES
from lpr_edge.contract.samples import read_samples, write_samples
from lpr_edge.runtimes import Model, open_model
from lpr_export import files, parity, shipped
from lpr_export.cli import main
from lpr_export.convert import Conversion
from lpr_export.operators import read_operators
from lpr_export.worker import Worker, start_worker

pytestmark = pytest.mark.slow

MODELS = ["characters.int8.onnx", "characters.int8.tflite"]
REPORTS = ["characters.report.html", "characters.report.json"]
FILES = sorted(["characters.heldout.npz", *MODELS, *REPORTS])
FAILED = ["characters.failed.report.html", "characters.failed.report.json"]
ALLOWED = {"characters": "0.5", "reader": "10", "detector": "0.5"}
"""Points: the reader is fitted so briefly that much of what it reads is nearly something else."""


@pytest.fixture(scope="session")
def worker() -> Iterator[Worker]:
    """One converting process for all tests but one: TensorFlow takes seconds to start."""
    with start_worker() as started:
        yield started


@pytest.fixture(autouse=True)
def _shared_worker(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "own_worker" not in request.fixturenames:
        shared = request.getfixturevalue("worker")
        monkeypatch.setattr("lpr_export.worker.start_worker", lambda: contextlib.nullcontext(shared))


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
            assert main(["--int8", run, "--out", out, "--max-drop", ALLOWED[name]]) == 0
        return done[name]

    return export


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
    assert (a.input_tensor.dtype, a.input_tensor.scale, a.input_tensor.zero_point) == (
        "uint8",
        float(np.float32(1 / 255)),
        0,
    )
    assert a.input_tensor == b.input_tensor
    assert {output.dtype for output in a.outputs} == {"int8"}
    assert [(o.role, o.shape, o.scale, o.zero_point + 128) for o in a.outputs] == [
        (o.role, o.shape, o.scale, o.zero_point) for o in b.outputs
    ]
    assert (a.calibration["source"], a.calibration["count"], a.calibration["seed"]) == ("rendered", 48, 1)
    assert (a.metrics[0]["split"], a.metrics[0]["precision"], a.metrics[-1]["metric"]) == ("held out", "int8", "loss")
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
    assert sorted(path.name for path in tmp_path.iterdir()) == FILES
    for name in MODELS:
        assert (tmp_path / name).read_bytes() == (exported("characters") / name).read_bytes()


def test_report_and_output(
    fitted_run: Callable[[str], Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The table, the files and the next command go to stdout, progress to stderr, the comparison to a JSON file."""
    runs = [str(fitted_run(name) / "model.keras") for name in ("reader", "detector")]
    out = str(tmp_path / "models")
    assert main(["--int8", "--float32", *runs, "--out", out, "--max-drop", "10"]) == 0
    shown = capfd.readouterr()
    assert "reader.int8.onnx" in shown.out
    assert f"next: lpr-edge --detector {out}/detector.int8.tflite --reader {out}/reader.int8.tflite" in shown.out
    assert "reader: converting (1 of 2)" in shown.err
    report = json.loads((tmp_path / "models" / "reader.report.json").read_text(encoding="utf-8"))
    assert report["passed"] is True
    assert report["pictures"] == 40
    assert report["rows"][0]["file"] == "reader.float32.tflite"
    assert report["rows"][0]["metrics"]["exact_match"]["count"] == 40
    assert {row["precision"] for row in report["rows"]} == {"int8", "float32"}
    assert report["files"]["reader.float32.onnx"]["bytes"] == (tmp_path / "models/reader.float32.onnx").stat().st_size
    assert len([path for path in (tmp_path / "models").iterdir() if path.suffix in (".tflite", ".onnx")]) == 8


def plant_old_files(out: Path) -> None:
    out.mkdir()
    for name in FILES:
        (out / name).write_text("older and good", encoding="utf-8")


def old_files_stand(out: Path) -> bool:
    names = sorted(path.name for path in out.iterdir())
    return names == sorted([*FILES, *FAILED]) and all(
        (out / name).read_text(encoding="utf-8") == "older and good" for name in FILES
    )


@pytest.fixture
def spoilt_run(fitted_run: Callable[[str], Path], tmp_path: Path) -> Path:
    """The fitted reader's run with noise for a representative data set, renamed to what the old files are called."""
    run: Path = shutil.copytree(fitted_run("reader"), tmp_path / "spoilt")
    noise = np.random.default_rng(3).integers(0, 256, (32, 32, 96, 1), dtype=np.uint8)
    write_samples(run / "representative.npz", as_samples(list(noise), ("",) * 32))
    card = json.loads((run / "model.json").read_text(encoding="utf-8"))
    (run / "model.json").write_text(json.dumps(card | {"name": "characters"}), encoding="utf-8")
    return run


def test_gate_stops_calibration_on_noise(spoilt_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Scales from noise cost accuracy: exit 1, a report says how much, and the older good files stay."""
    plant_old_files(tmp_path / "models")
    assert main(["--int8", str(spoilt_run), "--out", str(tmp_path / "models")]) == 1
    shown = capfd.readouterr()
    assert "in litert loses" in shown.err
    assert "--max-drop allows 0.5" in shown.err
    assert old_files_stand(tmp_path / "models")
    report = json.loads((tmp_path / "models/characters.failed.report.json").read_text(encoding="utf-8"))
    assert (report["passed"], len(report["faults"]) > 0) == (False, True)
    assert report["rows"][-1]["drop_points"]["exact_match"] > 0.5


def test_max_drop_is_what_stops_it(spoilt_run: Path, tmp_path: Path) -> None:
    """The same loss passes where a person allows it, and the report of the failure goes."""
    out = tmp_path / "models"
    assert main(["--int8", str(spoilt_run), "--out", str(out)]) == 1
    assert main(["--int8", str(spoilt_run), "--out", str(out), "--max-drop", "100"]) == 0
    assert sorted(path.name for path in out.iterdir()) == FILES


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
    assert "answers 40 of 40 pictures otherwise than characters.int8.tflite in litert" in capfd.readouterr().err
    assert old_files_stand(tmp_path / "models")


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
    monkeypatch.setattr(shipped, "MODELS", characters_run.parent)
    monkeypatch.chdir(tmp_path)
    assert main(["--int8"]) == 0
    assert sorted(path.name for path in (tmp_path / "models").iterdir()) == FILES


def test_one_bad_run_does_not_stop_the_others(
    characters_run: Path, fitted_run: Callable[[str], Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A run that can't be exported is named, the next one is exported, and the exit status is 1."""
    (characters_run / "representative.npz").unlink()
    write_card(characters_run, "characters", name="spoilt")
    out = tmp_path / "models"
    assert main(["--int8", str(characters_run), str(fitted_run("characters")), "--out", str(out)]) == 1
    assert "no representative.npz" in capfd.readouterr().err
    assert sorted(path.name for path in out.iterdir()) == FILES


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
    assert main(["--int8", str(characters_run), "--data", str(data), "--seed", "4", "--out", str(out)]) == 0
    assert "24 pictures, characters, validation (accuracy of 24)" in capfd.readouterr().out
    manifest = read_manifest(out / "characters.int8.tflite")
    assert (manifest.calibration["source"], manifest.calibration["count"]) == ("train split of characters", 56)
    assert manifest.calibration["seed"] == 4
    assert (manifest.metrics[0]["data"], manifest.metrics[0]["split"]) == ("characters", "validation")


def test_shared_pictures_are_refused(characters_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A held-out picture among those of the calibration is refused, by content."""
    held_out = draw_samples("characters", 40, seed=2)
    shared = as_samples(held_out.pictures[:20], ("",) * 20)
    write_samples(characters_run / "representative.npz", shared)
    assert main(["--int8", str(characters_run), "--out", str(tmp_path / "models")]) == 1
    assert "20 of 20 calibration pictures (rendered) also stand in" in capfd.readouterr().err
    assert not (tmp_path / "models").exists()


class Swapping:
    """A worker that gives the file of another precision for the int8 one."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker

    def run(self, function: Any, path: Any, card: Any, calibration: Any, *_: Any) -> Conversion:
        made = self.worker.run(function, path, card, calibration, ("float32", "int8-dynamic"))
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
    monkeypatch.setattr("lpr_export.worker.start_worker", lambda: contextlib.nullcontext(Swapping(worker)))
    argv = ["--int8", "--format", "tflite", str(fitted_run("characters")), "--out", str(tmp_path / "models")]
    assert main([*argv, "--max-drop", "100"]) == 1
    message = capfd.readouterr().err
    assert "characters.int8.tflite is called int8, and" in message
    assert "of its layer" in message
    assert all((tmp_path / "models" / name).read_text(encoding="utf-8") == "older and good" for name in FILES)


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


def test_layers_kept_in_float(
    fitted_run: Callable[[str], Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A named layer computes in float in both formats' one file, they still agree, and the manifest says so."""
    argv = ["--int8", str(fitted_run("reader")), "--out", str(tmp_path), "--max-drop", "100"]
    assert main([*argv, "--float-layers", "conv2d_9"]) == 1
    message = capfd.readouterr().err
    assert "the network has no layer 'conv2d_9' to keep in float: it has" in message
    layer = next(part for part in message.split("it has ")[1].split(" and others")[0].split(", ") if "conv2d" in part)
    assert main([*argv, "--float-layers", f"{layer}, classes"]) == 0
    assert read_manifest(tmp_path / "reader.int8.onnx").calibration["float_layers"] == [layer, "classes"]
    operators = read_operators((tmp_path / "reader.int8.tflite").read_bytes(), ROLES["reader"])
    assert any(one.is_float and one.name == "CONV_2D" for one in operators)


def test_every_precision(fitted_run: Callable[[str], Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """One table has size, accuracy and time of all precisions; 16 bits take half of 32's weights in both formats."""
    argv = [str(fitted_run("reader")), "--out", str(tmp_path), "--max-drop", "100"]
    assert main(["--int8", "--float16", "--float32", *argv]) == 0
    assert main(["--int8", "--int8-dynamic", "--format", "tflite", *argv]) == 0
    shown = capfd.readouterr().out
    assert "ms  exact match %" in shown
    assert "reader.int8-dynamic.tflite" in shown
    for suffix in ("tflite", "onnx"):
        half, whole = (open_model(tmp_path / f"reader.{name}.{suffix}") for name in ("float16", "float32"))
        assert half.manifest.precision == "float16"
        size = [_weights(tmp_path / f"reader.{name}.{suffix}") for name in ("float16", "float32")]
        assert size[0] < 0.75 * size[1]
        assert whole.manifest.outputs == half.manifest.outputs


def _weights(path: Path) -> int:
    """Bytes of a file without its manifest."""
    return path.stat().st_size - len(read_manifest(path).to_json()) // (3 if path.suffix == ".tflite" else 1)


def test_layers_are_explained(fitted_run: Callable[[str], Path], tmp_path: Path) -> None:
    """The report has each layer's noise, saturation, time, and what it would win and cost in float."""
    argv = ["--int8", "--explain", str(fitted_run("characters")), "--out", str(tmp_path)]
    assert main(argv) == 0
    report = json.loads((tmp_path / "characters.report.json").read_text(encoding="utf-8"))
    layers = {layer["name"]: layer for layer in report["layers"]}
    assert "scores" in layers
    convolutions = [layer for layer in report["layers"] if layer["operator"] == "CONV_2D"]
    assert all(10 < layer["signal_to_noise_db"] < 80 for layer in convolutions)
    assert all(0 <= layer["saturated"] < 0.1 and layer["milliseconds"] > 0 for layer in convolutions)
    assert all("accuracy" in layer["wins"] and layer["costs_bytes"] > 0 for layer in convolutions)
    page = (tmp_path / "characters.report.html").read_text(encoding="utf-8")
    assert page.index("Passed") < page.index("accuracy %") < page.index("Layer by layer") < page.index("data:image/png")
    assert "http" not in page.replace("http-equiv", "")


def test_exported_files_verify(exported: Callable[[str], Path], capfd: pytest.CaptureFixture[str]) -> None:
    """What was exported is as it was proved, with the held-out pictures beside it."""
    for name in ("characters", "reader", "detector"):
        assert main(["verify", str(exported(name) / f"{name}.int8.tflite")]) == 0
        assert f"{name}.int8.tflite: as it was proved" in capfd.readouterr().out


def test_kill_in_the_middle(fitted_run: Callable[[str], Path], tmp_path: Path, own_worker: None) -> None:
    """A process that is killed while it stages leaves the older files, whole, and nothing else under those names."""
    out = tmp_path / "models"
    plant_old_files(out)
    code = "import sys; from lpr_export.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "--int8", str(fitted_run("characters")), "--out", str(out)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 300
        while not any(out.glob(".lpr-export-*/*.tflite")) and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.01)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert all((out / name).read_text(encoding="utf-8") == "older and good" for name in FILES)

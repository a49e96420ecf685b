"""Precisions, layers in float and what is told of layers, in whole exports."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from lpr_edge.contract.manifest import read_manifest
from lpr_edge.contract.run.model_types import READER
from lpr_edge.runtimes.opening import open_model
from lpr_export.app.cli import main
from lpr_export.base.operator_versions import read_operators

pytestmark = pytest.mark.slow


def test_layers_kept_in_float(
    fitted_run: Callable[[str], Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A named layer computes in float in both formats' one file, they still agree, and the manifest says so."""
    argv = ["--int8", str(fitted_run("reader")), "--out", str(tmp_path), "--max-drop", "100", "--min-accuracy", "0"]
    assert main([*argv, "--float-layers", "conv2d_999"]) == 1
    message = capfd.readouterr().err
    assert "the network has no layer 'conv2d_999' to keep in float: it has" in message
    layer = next(part for part in message.split("it has ")[1].split(" and others")[0].split(", ") if "conv2d" in part)
    assert main([*argv, "--float-layers", f"{layer}, classes"]) == 0
    assert read_manifest(tmp_path / "reader.int8.onnx").calibration["float_layers"] == [layer, "classes"]
    operators = read_operators((tmp_path / "reader.int8.tflite").read_bytes(), READER.roles)
    assert any(one.is_float and one.name == "CONV_2D" for one in operators)


def test_every_precision(fitted_run: Callable[[str], Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """One table has size, accuracy and time of all precisions; 16 bits take half of 32's weights in both formats."""
    argv = [str(fitted_run("reader")), "--out", str(tmp_path), "--max-drop", "100", "--min-accuracy", "0"]
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
    assert all("accuracy" in layer["wins"] for layer in convolutions)
    assert convolutions[0]["costs_bytes"] < 0, "the first layer in float needs no table for pictures' integers"
    assert all(layer["costs_bytes"] > 0 for layer in convolutions[1:])
    page = (tmp_path / "characters.report.html").read_text(encoding="utf-8")
    assert page.index("Passed") < page.index("accuracy %") < page.index("Layer by layer") < page.index("data:image/png")
    assert "http" not in page.replace("http-equiv", "")

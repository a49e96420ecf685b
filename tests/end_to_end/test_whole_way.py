"""A network trained, exported and run, by the commands that a person types."""

import json
from pathlib import Path

import cv2
import pytest

from lpr_edge.app.cli import main as lpr_edge
from lpr_edge.contract.countries import load_country
from lpr_train.render.plate.glyphs import GlyphBook
from lpr_train.render.plate.plates import PlateRenderer
from lpr_train.render.scene.scenes import SceneRenderer

pytestmark = pytest.mark.slow
SHORT = ["--epochs", "1", "--steps-per-epoch", "3", "--batch-size", "8", "--representative", "48", "--heldout", "12"]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The three networks after a few steps on rendered pictures, exported as int8."""
    from lpr_export.app.cli import main as lpr_export
    from lpr_train.app.cli import main as lpr_train

    folder = tmp_path_factory.mktemp("whole_way")
    runs = [folder / "runs" / name for name in ("detector", "reader", "characters")]
    for run in runs:
        assert lpr_train([run.name, "--out", str(run), *SHORT]) == 0
    # After three steps a network knows nothing, so losing some of that is no fault.
    waived = ["--max-drop", "100", "--allow-small", "--min-accuracy", "0"]
    assert lpr_export(["--int8", *map(str, runs), "--out", str(folder / "models"), *waived]) == 0
    return folder / "models"


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import numpy as np

    country = load_country()
    renderer = SceneRenderer(country, PlateRenderer(country, GlyphBook(country)))
    path = tmp_path_factory.mktemp("scene") / "scene.png"
    cv2.imwrite(str(path), renderer.render(np.random.default_rng(4), (480, 640)).image_bgr)
    return path


@pytest.mark.parametrize(("runtime", "suffix"), [("litert", ".tflite"), ("onnxruntime", ".onnx")])
def test_what_was_trained_runs_on_the_device(
    models: Path, scene: Path, runtime: str, suffix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """From lpr-train through lpr-export to a record of lpr-edge, in both formats."""
    capsys.readouterr()
    files = [f"--{name}={models / f'{name}.int8{suffix}'}" for name in ("detector", "reader")]
    assert lpr_edge(["--source", str(scene), "--runtime", runtime, *files]) == 0
    (record,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert record["source"] == str(scene)
    assert set(record) == {"source", "frame", "plates", "ms"}


def test_single_characters_too(models: Path, scene: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The classifier that was just exported gives a label of the country's for a crop."""
    capsys.readouterr()
    model = models / "characters.int8.tflite"
    assert lpr_edge(["--characters", str(scene), "--classifier", str(model)]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["label"] in load_country().characters.values()

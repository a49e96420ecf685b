"""What a person gets who installs lpr and types one command."""

import json
from pathlib import Path

import pytest

from lpr_edge.app.cli import main
from lpr_edge.contract.manifest import Manifest, read_manifest
from lpr_edge.contract.run.model_types import NAMED_TYPES
from lpr_edge.runtimes.shipped_models import MODELS
from lpr_export.app.cli import main as verify

NAMES = tuple(NAMED_TYPES)


@pytest.fixture(scope="module")
def manifests() -> dict[str, Manifest]:
    return {name: read_manifest(MODELS / f"{name}.int8.tflite") for name in NAMES}


def test_the_shipped_models_are_small() -> None:
    """All together stay under a megabyte and a half."""
    assert sum(path.stat().st_size for path in MODELS.iterdir() if path.is_file()) < 1_500_000


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_model_says_where_it_comes_from(manifests: dict[str, Manifest], name: str) -> None:
    """Data, split, seed, metrics, calibration and licence stand in its manifest, and nobody's folders."""
    manifest = manifests[name]
    assert (manifest.kind, manifest.precision) == (NAMED_TYPES[name].kind, "int8")
    assert "litert" in manifest.runtimes
    assert {"data", "split", "metric", "value", "count"} <= set(manifest.metrics[0])
    assert {"seed", "epochs", "batch_size"} <= set(manifest.training)
    assert manifest.calibration
    assert manifest.licence
    assert manifest.training["data"] in ("", "data")


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_model_is_as_it_was_proved(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`lpr-export verify` holds for the very file that is shipped, on the held-out pictures that lpr carries."""
    path = MODELS / f"{name}.int8.tflite"
    assert verify(["verify", str(path)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"{path.name}: as it was proved"
    assert read_manifest(path).caveats == ()


def test_reader_and_classifier_agree_on_what_a_character_is(manifests: dict[str, Manifest]) -> None:
    """The classifier's labels are among the reader's, and all carry the same country but for what the renderer uses."""
    assert set(manifests["characters"].labels) <= set(manifests["reader"].labels)
    rendered = {"layouts", "shares", "render"}  # of the time of each network's training
    countries = [
        {key: value for key, value in manifests[name].country.items() if key not in rendered} for name in NAMES
    ]
    assert countries[0] == countries[1] == countries[2]


def test_the_demo_reads_every_plate_right(capsys: pytest.CaptureFixture[str]) -> None:
    """The clip is read by the shipped int8 models: every plate right, and none reported twice."""
    assert main(["--demo"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    right = [event["text"] for event in events if event["right"]]
    assert len(right) == len(events) == 6
    assert len(right) == len(set(right))


def test_an_empty_wall_is_no_plate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is invented on pictures without a plate: grey, noise, a red square."""
    import cv2
    import numpy as np

    rng = np.random.default_rng(0)
    cv2.imwrite(str(tmp_path / "grey.png"), np.full((480, 640, 3), 127, np.uint8))
    cv2.imwrite(str(tmp_path / "noise.png"), rng.integers(0, 256, (480, 640, 3), dtype=np.uint8))
    red = np.full((480, 640, 3), 90, np.uint8)
    red[200:280, 240:400] = (40, 30, 190)
    cv2.imwrite(str(tmp_path / "red.png"), red)
    assert main(["--source", str(tmp_path)]) == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [record["plates"] for record in records] == [[], [], []]

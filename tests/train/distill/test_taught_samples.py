"""Samples with the outputs of an exported reader in addition to their labels."""

from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
import pytest

from lpr_edge.contract.base.arrays import Floats, Image
from lpr_edge.contract.base.errors import LprError
from lpr_train.tasks.reader.exported import ExportedReader
from lpr_train.tasks.reader.teacher import TaughtSamples, changed

GRID = (32, 64)


@pytest.fixture(scope="module")
def shipped() -> Path:
    """The shipped reader's int8 network."""
    with as_file(files("lpr_edge") / "models" / "reader.int8.tflite") as path:
        return path


def labelled(index: int) -> tuple[Image, dict[str, Floats]]:
    """A grey picture with labels full of its index."""
    pixels = np.full((128, 256, 1), 60 + index % 100, np.uint8)
    channels = {"centre": 2, "classes": 2, "size": 3}
    targets = {role: np.full((*GRID, count), 0.5, np.float32) for role, count in channels.items()}
    return pixels, targets | {"corners": np.full(9, 0.25, np.float32)}


def test_outputs_of_an_exported_reader_by_role(shipped: Path) -> None:
    """Heat in 0..1, sizes, corners and as many classes as there are labels."""
    outputs = ExportedReader(shipped).outputs(labelled(0)[0])
    assert {role: values.shape[:-1] for role, values in outputs.items()} == {
        "centre": GRID,
        "classes": GRID,
        "size": GRID,
        "corners": (),
    }
    assert outputs["classes"].shape[-1] > 70
    assert 0.0 <= outputs["centre"].min() <= outputs["centre"].max() <= 1.0


def test_other_networks_are_refused(shipped: Path, tmp_path: Path) -> None:
    """A detector's outputs have other shapes; a broken file says so."""
    with pytest.raises(LprError, match="isn't a reader's network"):
        ExportedReader(shipped.with_name("detector.int8.tflite"))
    (tmp_path / "broken.tflite").write_bytes(b"no network")
    with pytest.raises(LprError, match="can't be loaded"):
        ExportedReader(tmp_path / "broken.tflite")


def test_targets_end_with_the_teachers_outputs(shipped: Path) -> None:
    """Labels first, then the teacher's heat and outputs; a repeated sample is changed, not its targets."""
    samples = TaughtSamples(labelled, shipped, seed=3, repeats=2)
    pixels, targets = samples.sample(5)
    soft = ExportedReader(shipped).outputs
    count = soft(pixels)["classes"].shape[-1]
    assert {role: target.shape[-1] for role, target in targets.items()} == {
        "centre": 3,
        "classes": 3 + count,
        "size": 6,
        "corners": 17,
    }
    assert (targets["centre"][..., :2] == 0.5).all()
    assert (targets["corners"][:9] == 0.25).all()
    np.testing.assert_array_equal(targets["centre"][..., 2], targets["classes"][..., 2])
    again, same = samples.sample(5)
    np.testing.assert_array_equal(pixels, again)
    np.testing.assert_array_equal(targets["size"], same["size"])


def test_changes_of_a_repeated_sample_stay_small() -> None:
    """Contrast, brightness and noise change, within the range of a pixel."""
    grey = np.full((64, 64, 1), 128, np.uint8)
    rng = np.random.default_rng(0)
    means = [float(changed(grey, rng).mean()) for _ in range(40)]
    assert 95 < min(means) < 118
    assert 138 < max(means) < 160

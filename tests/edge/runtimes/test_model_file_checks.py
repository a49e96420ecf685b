"""What is checked of a model's file before it is used."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from lpr_edge.config.extensions import RUNTIMES
from lpr_edge.contract.base.errors import ManifestError, ModelError
from lpr_edge.contract.manifest import embed_in_tflite, read_manifest
from lpr_edge.runtimes.model import Model
from lpr_edge.runtimes.opening import open_model

OpenGolden = Callable[..., Model]


@pytest.mark.parametrize("suffix", ["tflite", "onnx"])
def test_changed_byte_is_noticed(golden: Path, tmp_path: Path, suffix: str) -> None:
    """One changed byte anywhere in the weights, and the file is refused before a runtime sees it."""
    path = tmp_path / f"reader.{suffix}"
    data = bytearray((golden / f"reader.int8.{suffix}").read_bytes())
    data[len(data) // 3] ^= 1
    path.write_bytes(data)
    with pytest.raises(ManifestError, match=r"damaged|can't be read|manifest"):
        open_model(path)


def test_missing_and_foreign_files(golden: Path, tmp_path: Path) -> None:
    """A file that isn't there, and one without a manifest, are distinguished, each with what to do."""
    with pytest.raises(ManifestError, match=r"no model file .*missing.tflite"):
        open_model(tmp_path / "missing.tflite")
    foreign = tmp_path / "foreign.tflite"
    foreign.write_bytes(b"TFL3 but nothing of lpr's")
    with pytest.raises(ManifestError, match=r"no readable lpr manifest in it.*lpr-export"):
        open_model(foreign)


def test_weights_that_no_runtime_can_load(golden: Path, tmp_path: Path) -> None:
    """A file whose hash is right and whose network isn't one is the runtime's error, in one line with a remedy."""
    path = tmp_path / "nonsense.tflite"
    path.write_bytes(embed_in_tflite(b"no flatbuffer at all" * 10, read_manifest(golden / "reader.int8.tflite")))
    with pytest.raises(ModelError, match=r"can't load .*nonsense.tflite .*take another --runtime") as caught:
        open_model(path)
    assert "\n" not in str(caught.value)


def test_manifest_of_another_network(golden: Path, tmp_path: Path) -> None:
    """A manifest whose outputs aren't the network's is refused when the model is opened, not believed."""
    path = tmp_path / "mixed.tflite"
    plain = (golden / "reader.int8.tflite").read_bytes()
    path.write_bytes(embed_in_tflite(plain, read_manifest(golden / "detector.int8.tflite")))
    with pytest.raises(ModelError, match=r"can't run|its manifest says"):
        open_model(path)


def test_kind_is_checked(golden_model: OpenGolden) -> None:
    """A reader given as a detector is an error that names both."""
    with pytest.raises(ModelError, match=r"reader.int8.tflite is a reader, and a detector is needed"):
        golden_model("reader").expect("detector")


def test_path_with_spaces_and_devanagari(golden: Path, tmp_path: Path) -> None:
    """Model files may have any name that the file system allows."""
    path = tmp_path / "नयाँ model.tflite"
    shutil.copy(golden / "characters.int8.tflite", path)
    model = open_model(path)
    assert model.manifest.kind == "classifier"
    assert model.runtime_name in RUNTIMES.own
    assert model.runtime_version

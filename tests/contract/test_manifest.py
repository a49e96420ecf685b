"""The manifest inside a model file."""

import hashlib
import io
import json
import tracemalloc
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpr_edge.contract.base.errors import ManifestError
from lpr_edge.contract.manifest import (
    FORMAT_VERSION,
    Manifest,
    OutputSpec,
    TensorSpec,
    embed_in_onnx,
    embed_in_tflite,
    read_manifest,
)
from lpr_edge.contract.preprocess import InputSpec

WEIGHTS = b"TFL3 and then some weights" * 20
# A ModelProto by hand: ir_version (1) = 8, producer_name (2) = "lpr".
ONNX = b"\x08\x08\x12\x03lpr"


def manifest(**changes: object) -> Manifest:
    """A small reader's manifest."""
    values = Manifest(
        kind="reader",
        name="reader",
        labels=("०", "बा", "प्रदेश"),
        input=InputSpec((96, 192), 1, "gray", "stretch"),
        outputs=(OutputSpec("int8", 0.1, -3, "centre", (24, 48, 1)),),
        precision="int8",
        input_tensor=TensorSpec("uint8", 1 / 255, 0),
        thresholds={"peak": 0.3},
        country={"name": "nepal"},
        metrics=({"metric": "exact", "value": 0.5, "count": 59},),
    )
    return replace(values, **changes)  # type: ignore[arg-type]


texts = st.text(max_size=20)


@given(st.lists(texts, max_size=5), st.dictionaries(texts, st.floats(0, 1), max_size=3), texts)
def test_a_manifest_survives_json(labels: list[str], thresholds: dict[str, float], licence: str) -> None:
    """Labels of any script, thresholds and notes come back as they were."""
    whole = manifest(labels=tuple(labels), thresholds=thresholds, licence=licence)
    assert Manifest.from_json(whole.to_json()) == whole


@pytest.mark.parametrize(("suffix", "embed", "weights"), [
    (".tflite", embed_in_tflite, WEIGHTS), (".onnx", embed_in_onnx, ONNX),
])  # fmt: skip
def test_a_manifest_comes_back_from_the_file(tmp_path: Path, suffix: str, embed, weights: bytes) -> None:  # type: ignore[no-untyped-def]
    """Both formats give it back, with the weights' hash, and the same input gives the same bytes."""
    data = embed(weights, manifest())
    assert data == embed(weights, manifest())
    assert data.startswith(weights)
    path = tmp_path / f"model{suffix}"
    path.write_bytes(data)
    found = read_manifest(path)
    assert found == manifest().bound_to(weights)
    assert found.weights_sha256 == hashlib.sha256(weights).hexdigest()


def test_embedding_again_replaces_the_manifest_of_an_onnx_file(tmp_path: Path) -> None:
    """Only one manifest stays in the file."""
    path = tmp_path / "model.onnx"
    path.write_bytes(embed_in_onnx(embed_in_onnx(ONNX, manifest(name="old")), manifest(name="new")))
    assert read_manifest(path).name == "new"
    assert path.read_bytes().count(b"lpr.manifest") == 1


def test_every_kind_of_protobuf_field_is_passed_over(tmp_path: Path) -> None:
    """Fields of 4 and of 8 bytes, before the manifest, are part of the weights, and a cut one is no ONNX file."""
    weights = b"\x09" + bytes(range(8)) + b"\x15" + bytes(range(4)) + ONNX
    path = tmp_path / "model.onnx"
    path.write_bytes(embed_in_onnx(weights, manifest()))
    assert path.read_bytes().startswith(weights)
    assert read_manifest(path).weights_sha256 == hashlib.sha256(weights).hexdigest()
    for cut in (b"\x09" + bytes(7), b"\x15" + bytes(3), b"\x0b", b"\x08" + b"\xff" * 11):
        path.write_bytes(cut)
        with pytest.raises(ManifestError, match=r"it is no ONNX file, or is damaged\. Copy or export it again"):
            read_manifest(path)


@settings(max_examples=120)
@given(st.data())
def test_a_changed_byte_anywhere_is_noticed(data: st.DataObject) -> None:
    """No single changed byte, in weights or manifest, passes for the model it was."""
    for embed, weights, suffix in ((embed_in_tflite, WEIGHTS, ".tflite"), (embed_in_onnx, ONNX * 1, ".onnx")):
        whole = bytearray(embed(weights, manifest()))
        place = data.draw(st.integers(0, len(whole) - 1))
        whole[place] ^= data.draw(st.integers(1, 255))
        path = _temporary(bytes(whole), suffix)
        try:
            changed = read_manifest(path)
        except ManifestError:
            continue
        finally:
            path.unlink()
        # What the zip format doesn't read (dates, attributes) may change: then the manifest is whole and the same.
        assert suffix == ".tflite"
        assert place >= len(weights)
        assert changed == manifest().bound_to(weights)


def _temporary(data: bytes, suffix: str) -> Path:
    import tempfile

    with tempfile.NamedTemporaryFile(suffix=suffix, delete=False) as file:
        file.write(data)
    return Path(file.name)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The path is in the message."""
    with pytest.raises(ManifestError, match=r"no model file .*gone\.tflite"):
        read_manifest(tmp_path / "gone.tflite")


@pytest.mark.parametrize("name", ["model.tflite", "model.onnx"])
def test_a_model_from_elsewhere_says_what_to_do(tmp_path: Path, name: str) -> None:
    """Files without a manifest point to lpr-export."""
    path = tmp_path / name
    path.write_bytes(WEIGHTS if name.endswith("tflite") else ONNX)
    with pytest.raises(ManifestError, match="lpr-export"):
        read_manifest(path)


def test_a_newer_format_asks_for_an_upgrade(tmp_path: Path) -> None:
    """It is refused, not half read."""
    path = tmp_path / "model.tflite"
    path.write_bytes(embed_in_tflite(WEIGHTS, manifest(format=FORMAT_VERSION + 1)))
    with pytest.raises(ManifestError, match="Upgrade lpr on this device: pip install --upgrade lpr"):
        read_manifest(path)


def written(path: Path, text: str) -> Path:
    """A file with the weights of these tests and this text for a manifest, whatever it says."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as members:
        members.writestr("manifest.json", text)
    path.write_bytes(WEIGHTS + archive.getvalue())
    return path


def edited(change: Callable[[dict[str, object]], object]) -> str:
    """The manifest's text after somebody changed its values, and neither of its hashes."""
    values = json.loads(manifest().bound_to(WEIGHTS).to_json())
    change(values)
    return json.dumps(values)


def test_the_order_and_spacing_of_keys_do_not_matter(tmp_path: Path) -> None:
    """The hash is of the canonical JSON: the same values written otherwise are the same manifest."""
    path = written(tmp_path / "model.tflite", edited(lambda values: values))
    assert read_manifest(path) == manifest().bound_to(WEIGHTS)


@pytest.mark.parametrize(
    "change",
    [
        lambda values: values["thresholds"].update(peak=0.9),
        lambda values: values["thresholds"].update(confidence_slope=2.0),
        lambda values: values["metrics"][0].update(value=1.0),
        lambda values: values.update(licence="public domain"),
        lambda values: values.update(caveats=["none"]),
        lambda values: values.update(unknown="a key that this lpr doesn't know"),
        lambda values: values.pop("licence"),
        lambda values: values.update(manifest_sha256=""),
        lambda values: values.pop("manifest_sha256"),
    ],
)
def test_an_edited_manifest_is_refused(tmp_path: Path, change: Callable[[dict[str, object]], object]) -> None:
    """Thresholds, metrics, licence and all else are covered by the hash, in a zip archive that is whole."""
    with pytest.raises(ManifestError, match=r"model\.tflite: its manifest was changed after it was exported\. Copy or"):
        read_manifest(written(tmp_path / "model.tflite", edited(change)))


def test_an_edited_manifest_of_an_onnx_file_is_refused(tmp_path: Path) -> None:
    """The same in the other format."""
    path = tmp_path / "model.onnx"
    path.write_bytes(embed_in_onnx(ONNX, manifest(licence="mine")).replace(b'"licence":"mine"', b'"licence":"none"'))
    with pytest.raises(ManifestError, match=r"model\.onnx: its manifest was changed after it was exported"):
        read_manifest(path)


def test_a_manifest_of_other_weights_is_refused(tmp_path: Path) -> None:
    """A whole manifest taken from another file doesn't pass, and the weights are what is named."""
    path = written(tmp_path / "model.tflite", manifest().bound_to(WEIGHTS[1:]).to_json())
    with pytest.raises(ManifestError, match="its weights don't match its manifest"):
        read_manifest(path)


def test_a_file_of_format_1_asks_for_an_export(tmp_path: Path) -> None:
    """A file that was published before the hash covered the manifest is refused, with the command to type."""
    path = written(tmp_path / "model.tflite", edited(lambda values: values.update(format=1)))
    with pytest.raises(
        ManifestError, match=r"has format 1, .*Export it again with this version: lpr-export --int8 RUN"
    ):
        read_manifest(path)


def test_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    """A kind this lpr can't run is named."""
    path = tmp_path / "model.tflite"
    path.write_bytes(embed_in_tflite(WEIGHTS, manifest(kind="segmenter")))
    with pytest.raises(ManifestError, match="unknown kind 'segmenter'"):
        read_manifest(path)


def test_the_tflite_part_is_an_ordinary_zip() -> None:
    """TFLite's own convention: any unzip shows manifest.json."""
    with zipfile.ZipFile(io.BytesIO(embed_in_tflite(WEIGHTS, manifest()))) as members:
        assert members.namelist() == ["manifest.json"]


@pytest.mark.parametrize("promised", [17 << 20, 100])
def test_a_manifest_of_gigabytes_is_refused_unread(tmp_path: Path, promised: int) -> None:
    """Some kilobytes that unpack to more than a manifest has: refused, also where the archive's head tells less."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as members:
        members.writestr("manifest.json", b" " * (17 << 20))
    data = archive.getvalue().replace((17 << 20).to_bytes(4, "little"), promised.to_bytes(4, "little"))
    path = tmp_path / "a.tflite"
    path.write_bytes(WEIGHTS + data)
    tracemalloc.start()
    with pytest.raises(ManifestError, match=r"a\.tflite: (its manifest is larger than 16 MB|no readable)"):
        read_manifest(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64 << 20


def test_a_model_file_too_large_is_refused_unread(tmp_path: Path) -> None:
    """Its size decides, not the memory that there is."""
    path = tmp_path / "a.tflite"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(ManifestError, match=r"a\.tflite is larger than 1024 MB"):
        read_manifest(path)


def test_a_manifest_too_deep_is_refused() -> None:
    """Lists inside each other end in one line, not in a RecursionError."""
    for deep in ("[" * 100_000, '{"a": ' * 100 + "1" + "}" * 100):
        with pytest.raises(ManifestError, match="more than 64 deep"):
            Manifest.from_json(deep)

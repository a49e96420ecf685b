"""Model files with another manifest around the same weights, as somebody with lpr's own code could make them."""

import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from lpr_edge.contract.manifest import embed_in_onnx, embed_in_tflite, read_manifest
from lpr_edge.contract.run.manifest_bytes import TFLITE_MEMBER


def rewrite(source: Path, target: Path, **changes: Any) -> Path:
    """Write a model file anew; `changes` are fields of its manifest, whose hashes fit again afterwards."""
    manifest = replace(read_manifest(source), **changes)
    data = source.read_bytes()
    whole = embed_in_onnx(data, manifest) if source.suffix == ".onnx" else embed_in_tflite(weights(source), manifest)
    target.write_bytes(whole)
    return target


def weights(tflite: Path) -> bytes:
    """A `.tflite` file's bytes without the manifest."""
    with zipfile.ZipFile(tflite) as members:
        return tflite.read_bytes()[: members.getinfo(TFLITE_MEMBER).header_offset]

"""Exported files: name, manifest, staging folder, publication."""

import hashlib
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from lpr_edge.contract.manifest import Manifest, embed_in_onnx, embed_in_tflite, read_manifest
from lpr_edge.runtimes.runtime import own_runtimes
from lpr_export.base.errors import ExportError
from lpr_export.convert.converted import Converted
from lpr_export.onnx.from_tflite import OPSET


@dataclass(frozen=True)
class Draft:
    """A file before it is written: its weights and its manifest."""

    precision: str
    suffix: str
    weights: bytes
    manifest: Manifest

    @property
    def name(self) -> str:
        """The file's name."""
        return f"{self.manifest.name}.{self.precision}{self.suffix}"

    def write(self, folder: Path) -> Path:
        """Write the file with its manifest, and check that the manifest can be read back."""
        path = folder / self.name
        embed = embed_in_tflite if self.suffix == ".tflite" else embed_in_onnx
        path.write_bytes(embed(self.weights, self.manifest))
        read_back(path, self.manifest.bound_to(self.weights))
        return path


def read_back(path: Path, manifest: Manifest) -> None:
    """Check that a file returns its manifest, and that it belongs to the weights.

    Raises:
        ExportError: it is different.
    """
    if read_manifest(path).to_json() != manifest.to_json():
        raise ExportError(f"{path.name} doesn't give its manifest back as it was written; report it")


def draft(card: Manifest, converted: Converted, suffix: str, facts: Mapping[str, Any]) -> Draft:
    """A file before its evaluation: without metrics, and with every runtime of its format.

    Args:
        card: the run's manifest.
        converted: the network in one precision.
        suffix: `.tflite` or `.onnx`.
        facts: how it was calibrated.
    """
    how = {"tensorflow": version("tensorflow"), "tf2onnx": version("tf2onnx"), "opset": OPSET}
    manifest = replace(
        card,
        outputs=converted.outputs if suffix == ".tflite" else converted.onnx_outputs,
        precision=converted.precision,
        input_tensor=converted.input_tensor if suffix == ".tflite" else converted.onnx_input,
        metrics=(),
        calibration={**card.calibration, **(facts if converted.precision == "int8" else {}), "converter": how},
        runtimes=tuple(runtime.name for runtime in own_runtimes() if suffix in runtime.suffixes),
        lpr_version=version("lpr"),
        weights_sha256="",
    )
    weights = converted.tflite if suffix == ".tflite" else converted.onnx
    assert weights is not None  # the command line refuses int8-dynamic in ONNX
    return Draft(converted.precision, suffix, weights, manifest)


@contextmanager
def staging(out: Path) -> Iterator[Path]:
    """A temporary folder inside the final one, so on the same disk; it is removed after the block.

    Raises:
        ExportError: it can't be written to, or the disk is full.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out, prefix=".lpr-export-") as name:
            yield Path(name)
    except OSError as error:
        raise ExportError(f"can't write to {out}: {error.strerror or error}. Give --out another folder") from error


def publish(paths: list[Path], out: Path) -> list[Path]:
    """Move staged files to their final places, each atomically."""
    return [path.replace(out / path.name) for path in paths]


def file_facts(path: Path) -> Mapping[str, Any]:
    """Size and hash of a finished file."""
    data = path.read_bytes()
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}

"""The exported files: named, with their manifests inside, staged apart and published together."""

import hashlib
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from lpr_edge.contract.manifest import Manifest, embed_in_onnx, embed_in_tflite, read_manifest
from lpr_edge.runtimes.opening import RUNTIMES
from lpr_export.base.errors import ExportError
from lpr_export.convert.converted import Converted
from lpr_export.onnx.from_tflite import OPSET


@dataclass(frozen=True)
class Draft:
    """A file to be: its weights, and what its manifest says."""

    precision: str
    suffix: str
    weights: bytes
    manifest: Manifest

    @property
    def name(self) -> str:
        """The file's name."""
        return f"{self.manifest.name}.{self.precision}{self.suffix}"

    def write(self, folder: Path) -> Path:
        """Write the file with its manifest inside, and read that back."""
        path = folder / self.name
        embed = embed_in_tflite if self.suffix == ".tflite" else embed_in_onnx
        path.write_bytes(embed(self.weights, self.manifest))
        read_back(path, self.manifest.bound_to(self.weights))
        return path


def read_back(path: Path, manifest: Manifest) -> None:
    """See that a file gives its manifest back, and that it belongs to the weights.

    Raises:
        ExportError: it came back changed.
    """
    if read_manifest(path).to_json() != manifest.to_json():
        raise ExportError(f"{path.name} doesn't give its manifest back as it was written; report it")


def draft(card: Manifest, converted: Converted, suffix: str, facts: Mapping[str, Any]) -> Draft:
    """A file before anything was measured: it claims no metric, and every runtime that could read it.

    Args:
        card: what the run says of it.
        converted: the network in one precision.
        suffix: `.tflite` or `.onnx`.
        facts: how it was calibrated.
    """
    how = {"tensorflow": version("tensorflow"), "tf2onnx": version("tf2onnx"), "opset": OPSET}
    manifest = replace(
        card,
        outputs=converted.outputs if suffix == ".tflite" else converted.onnx_outputs,
        precision=converted.precision,
        input_tensor=converted.input_tensor,
        metrics=(),
        calibration={**card.calibration, **(facts if converted.precision == "int8" else {}), "converter": how},
        runtimes=tuple(name for name, (able, _) in RUNTIMES.items() if able == suffix),
        lpr_version=version("lpr"),
        weights_sha256="",
    )
    weights = converted.tflite if suffix == ".tflite" else converted.onnx
    assert weights is not None  # who asks for both formats of int8-dynamic is refused before
    return Draft(converted.precision, suffix, weights, manifest)


@contextmanager
def staging(out: Path) -> Iterator[Path]:
    """A folder inside the final one, so on the same disk, that goes away with the block.

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
    """Rename staged files to their final places; each is whole there at any time."""
    return [path.replace(out / path.name) for path in paths]


def file_facts(path: Path) -> Mapping[str, Any]:
    """Size and hash of a finished file."""
    data = path.read_bytes()
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}

"""The manifest that travels inside each model file, with two hashes that bind it to the file.

In a `.tflite` it is `manifest.json` in a zip archive on the file's end, TFLite's own convention for associated files,
which every runtime ignores. In an `.onnx` it is the metadata property `lpr.manifest`.

`weights_sha256` is of the file's bytes without the manifest. `manifest_sha256` is of the canonical JSON of everything
else in the manifest, `weights_sha256` included: thresholds, metrics, licence and the confidence curve can't be edited.
"""

import hashlib
import json
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from lpr_edge.contract.base.errors import DataError, ManifestError
from lpr_edge.contract.base.text_files import parse_json, read_bytes
from lpr_edge.contract.preprocess import InputSpec
from lpr_edge.contract.run.manifest_bytes import (
    append_to_onnx,
    append_to_tflite,
    split_onnx,
    split_tflite,
    weights_of_onnx,
)
from lpr_edge.contract.run.model_types import MODEL_TYPES

FORMAT_VERSION = 2
"""What this lpr writes and reads. Format 1 had no `manifest_sha256`."""

MAX_BYTES = 1 << 30
"""Of a model file."""
SELF_HASH = "manifest_sha256"
"""The one key that `manifest_sha256` doesn't cover."""


@dataclass(frozen=True)
class TensorSpec:
    """Quantisation of a tensor: value = scale × (integer − zero_point)."""

    dtype: str
    """numpy's name: uint8, int8, float32."""
    scale: float = 1.0
    zero_point: int = 0


@dataclass(frozen=True)
class OutputSpec(TensorSpec):
    """One output of the file, in the file's order."""

    role: str = ""
    """Meaning of the output: see `model_types`."""
    shape: tuple[int, ...] = ()
    """Without the batch axis."""


@dataclass(frozen=True)
class Manifest:
    """All data needed to run a model file, and its origin."""

    kind: str
    """`classifier`, `reader` or `detector`."""
    name: str
    """Name of the model, the file's name without its suffixes."""
    labels: tuple[str, ...]
    """In the order of the network's outputs; empty for a detector."""
    input: InputSpec
    """Size, colour and resizing of the input image."""
    outputs: tuple[OutputSpec, ...]
    """Role, shape and quantisation of each output."""
    precision: str
    """`int8`, `int8-dynamic`, `float16` or `float32`."""
    input_tensor: TensorSpec
    """Quantisation of the input."""
    thresholds: dict[str, float]
    """For decoding: see `outputs`. A reader's `confidence_…` and `vote_…` are the calibration curves of one frame and
    of a vote. A classifier's `reject` is its rejection threshold."""
    country: dict[str, Any]
    """Content of the country's file."""
    metrics: tuple[dict[str, Any], ...] = ()
    """Measured on this file by lpr-export, each with `data`, `split`, `metric`, `value`, `count`."""
    calibration: dict[str, Any] = field(default_factory=dict)
    """Source, number, seed and hash of the calibration images."""
    training: dict[str, Any] = field(default_factory=dict)
    """Settings of the training run."""
    runtimes: tuple[str, ...] = ()
    """Runtimes that loaded and ran this file when it was exported."""
    proofs: tuple[dict[str, Any], ...] = ()
    """Evaluation on held-out images, which `lpr-export verify` repeats."""
    caveats: tuple[str, ...] = ()
    """Checks of the export that were switched off, in words; empty for a file that passed all checks."""
    licence: str = ""
    """Licence of the weights."""
    lpr_version: str = ""
    """Version of lpr-export."""
    weights_sha256: str = ""
    """SHA-256 of the file without the manifest."""
    manifest_sha256: str = ""
    """SHA-256 of this manifest's canonical JSON without this field."""
    format: int = FORMAT_VERSION
    """Version of this format."""

    @property
    def margin(self) -> float:
        """Margin of a reader's input around the plate on each side, relative to the plate's size."""
        return self.thresholds.get("margin", 0.0)

    def to_json(self) -> str:
        """One line of canonical JSON: equal manifests give equal bytes."""
        return _canonical(asdict(self) | {"input": self.input.to_dict()})

    def bound_to(self, weights: bytes) -> "Manifest":
        """A copy with both hashes, for a file with these weights."""
        bound = replace(self, weights_sha256=hashlib.sha256(weights).hexdigest(), manifest_sha256="")
        return replace(bound, manifest_sha256=_self_hash(json.loads(bound.to_json())))

    @staticmethod
    def from_json(text: str) -> "Manifest":
        """Parse the text of `to_json`; its hashes aren't checked.

        Raises:
            ManifestError: it isn't JSON, is of another format than this lpr's, or lacks something.
        """
        try:
            values = parse_json(text)
            _check_format(values)
            return _from_values(values)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ManifestError(
                f"the manifest can't be read ({error!r}); export the model again with lpr-export"
            ) from error


def _canonical(values: dict[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _self_hash(values: dict[str, Any]) -> str:
    """Hash of a manifest's values, including keys unknown to this version of lpr."""
    covered = {key: value for key, value in values.items() if key != SELF_HASH}
    return hashlib.sha256(_canonical(covered).encode()).hexdigest()


def _check_format(values: dict[str, Any]) -> None:
    found = values["format"]
    if not isinstance(found, int) or found > FORMAT_VERSION:
        raise ManifestError(
            f"the model was made for format {found}, and this lpr reads format {FORMAT_VERSION}. "
            "Upgrade lpr on this device: pip install --upgrade lpr"
        )
    if found < FORMAT_VERSION:
        raise ManifestError(
            f"the model has format {found}, whose thresholds and metrics no hash covers, and this lpr reads format "
            f"{FORMAT_VERSION}. Export it again with this version: lpr-export --int8 RUN"
        )


def _from_values(values: dict[str, Any]) -> Manifest:
    known = {f.name for f in fields(Manifest)}
    values = {key: value for key, value in values.items() if key in known}
    manifest = Manifest(
        **values
        | {
            "labels": tuple(values["labels"]),
            "input": InputSpec.from_dict(values["input"]),
            "outputs": tuple(OutputSpec(**o | {"shape": tuple(o["shape"])}) for o in values["outputs"]),
            "input_tensor": TensorSpec(**values["input_tensor"]),
            "metrics": tuple(values.get("metrics", ())),
            "runtimes": tuple(values.get("runtimes", ())),
            "proofs": tuple(values.get("proofs", ())),
            "caveats": tuple(values.get("caveats", ())),
        }
    )
    if manifest.kind not in MODEL_TYPES:
        raise ManifestError(f"the model is of the unknown kind {manifest.kind!r}; lpr runs {', '.join(MODEL_TYPES)}")
    return manifest


def read_manifest(path: str | Path) -> Manifest:
    """Read a model file's manifest and check that it belongs to the weights.

    Raises:
        ManifestError: the file is missing or damaged, has no manifest, or one that is too new or of other weights.
    """
    path = Path(path)
    try:
        data = read_bytes(path, MAX_BYTES)
    except OSError as error:
        raise ManifestError(f"no model file {path}: {error.strerror or error}") from error
    except DataError as error:
        raise ManifestError(str(error)) from error
    try:
        weights, text = split_onnx(data) if path.suffix == ".onnx" else split_tflite(data)
        manifest = Manifest.from_json(text)
        _check_hashes(weights, manifest, text)
    except ManifestError as error:
        raise ManifestError(f"{path}: {error}") from error
    return manifest


def _check_hashes(weights: bytes, manifest: Manifest, text: str) -> None:
    if hashlib.sha256(weights).hexdigest() != manifest.weights_sha256:
        raise ManifestError("it is damaged: its weights don't match its manifest. Copy or export it again")
    if _self_hash(json.loads(text)) != manifest.manifest_sha256:
        raise ManifestError("its manifest was changed after it was exported. Copy or export it again")


def embed_in_tflite(model: bytes, manifest: Manifest) -> bytes:
    """Append the manifest with its hashes; equal inputs give equal bytes."""
    return append_to_tflite(model, manifest.bound_to(model).to_json())


def embed_in_onnx(model: bytes, manifest: Manifest) -> bytes:
    """Add or replace the manifest; `weights_sha256` is the hash of the rest."""
    weights = weights_of_onnx(model)
    return append_to_onnx(weights, manifest.bound_to(weights).to_json())

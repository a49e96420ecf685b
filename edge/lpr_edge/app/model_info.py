"""`--info`: prints model files' manifests as text or JSON."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

from lpr_edge.contract.manifest import Manifest, read_manifest


def print_info(paths: Sequence[Path], as_json: bool, stream: TextIO) -> None:
    """Print the manifests of model files, checked against their weights.

    Args:
        paths: the files.
        as_json: one JSON object a file, a line each, in place of text.
        stream: where to.

    Raises:
        ManifestError: a file is damaged, or not lpr's.
    """
    for path in paths:
        manifest = read_manifest(path)
        if as_json:
            stream.write(json.dumps({"file": str(path)} | json.loads(manifest.to_json()), ensure_ascii=False) + "\n")
        else:
            stream.write("\n".join(describe(path, manifest)) + "\n\n")


def describe(path: Path, manifest: Manifest) -> Iterator[str]:
    """Format a manifest as lines of text."""
    yield f"{path} ({path.stat().st_size / 1000:.0f} kB)"
    for name, value in _facts(manifest):
        if value:
            yield f"  {name:<12} {value}"


def _facts(manifest: Manifest) -> Iterator[tuple[str, str]]:
    height, width = manifest.input.size_hw
    yield "kind", f"{manifest.kind}, {manifest.precision}, {manifest.name}"
    yield "country", str(manifest.country.get("title") or manifest.country.get("name", ""))
    yield "input", f"{width} x {height} px, {manifest.input.colour}, {manifest.input.resize}"
    yield "outputs", ", ".join(f"{o.role} {' x '.join(map(str, o.shape))} {o.dtype}" for o in manifest.outputs)
    yield "labels", f"{len(manifest.labels)}: {' '.join(manifest.labels)}" if manifest.labels else ""
    yield "thresholds", ", ".join(f"{name} {value:g}" for name, value in manifest.thresholds.items())
    for metric in manifest.metrics:
        yield "measured", _metric(metric)
    yield "calibration", ", ".join(f"{name} {_short(value)}" for name, value in manifest.calibration.items())
    yield "proved on", "; ".join(f"{proof['data']}, {proof['split']}" for proof in manifest.proofs)
    for caveat in manifest.caveats:
        yield "caveat", caveat
    yield "runs under", ", ".join(manifest.runtimes)
    yield "licence", manifest.licence
    yield "made by", f"lpr {manifest.lpr_version}, format {manifest.format}"
    yield "weights", f"sha256 {manifest.weights_sha256}, as in the file"


def _short(value: object) -> str:
    """Abbreviate a value; a long list, such as files' hashes, is replaced by its length."""
    return f"({len(value)})" if isinstance(value, list) and len(value) > 8 else str(value)


def _metric(metric: dict[str, object]) -> str:
    """Format a metric in one line: name, value, and data set."""
    value = metric.get("value")
    shown = f"{value:.4g}" if isinstance(value, int | float) else str(value)
    return f"{metric.get('metric')} {shown} on {metric.get('data')}, {metric.get('split')} ({metric.get('count')})"

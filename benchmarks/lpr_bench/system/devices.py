"""Open the device's networks: the shipped models, or those of the flags."""

import argparse
from pathlib import Path
from typing import Any

from lpr_edge.config.extensions import RUNTIMES
from lpr_edge.contract.base.pictures import file_sha256
from lpr_edge.contract.manifest import Manifest, read_manifest
from lpr_edge.regions.shapes import TILES_AUTO
from lpr_edge.runtimes.model import Model
from lpr_edge.runtimes.opening import open_model
from lpr_edge.runtimes.shipped_models import shipped_model
from lpr_edge.vision.character_classifier import CharacterClassifier
from lpr_edge.vision.detector import TTA_VIEWS, Detector
from lpr_edge.vision.pipeline import PlatePipeline
from lpr_edge.vision.reader import Reader


def add_runtime_flags(parser: argparse.ArgumentParser) -> None:
    """The flags that every benchmark of a network takes."""
    parser.add_argument("--runtime", choices=("auto", *RUNTIMES.own), default="auto", help="what runs the networks")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="threads a network may use (default: 1)")


def add_model_flag(parser: argparse.ArgumentParser, flag: str) -> None:
    """Add a flag for a file instead of a shipped model."""
    parser.add_argument(flag, type=Path, metavar="FILE", help=f"{flag.strip('-')} (default: the shipped one)")


def add_device_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of every benchmark of both networks."""
    for flag in ("--detector", "--reader"):
        add_model_flag(parser, flag)
    add_runtime_flags(parser)


def add_folds_flags(parser: argparse.ArgumentParser) -> None:
    """Add flags for one network instead of a shipped one, or for the folds of a cross-validation."""
    for name in ("detector", "reader"):
        parser.add_argument(
            f"--{name}",
            type=Path,
            nargs="+",
            metavar="FILE",
            help=f"{name} (default: the shipped one); of several, the first that hasn't learnt from a photograph "
            "reads it",
        )


def open_reader(parsed: argparse.Namespace) -> PlatePipeline:
    """Open the device's pipeline with the networks of `--detector` and `--reader`.

    Raises:
        LprError: one of them can't be opened, or is of the wrong kind.
    """
    return open_plate_reader(parsed.detector, parsed.reader, parsed.runtime, parsed.threads)


def open_plate_reader(detector: Path | None, reader: Path | None, runtime: str, threads: int) -> PlatePipeline:
    """Open the device's pipeline, with tiles as lpr-edge has them by default; None stands for the shipped model.

    Args:
        detector: model file.
        reader: model file.
        runtime: its name, or `auto`.
        threads: of each network.

    Raises:
        LprError: one of them can't be opened, or is of the wrong kind.
    """
    models = [
        open_model(path or shipped_model(name, runtime), runtime, threads)
        for name, path in (("detector", detector), ("reader", reader))
    ]
    return PlatePipeline(Detector(models[0]), Reader(models[1]), tiling=TILES_AUTO)


def open_detectors(parsed: argparse.Namespace) -> list[Detector]:
    """Open the detectors of `--detector`, or the shipped one, with test-time augmentation as for photographs.

    Raises:
        LprError: one of them can't be opened, or is of the wrong kind.
    """
    return [Detector(model, TTA_VIEWS) for model in _open_all(parsed, "detector")]


def open_readers(parsed: argparse.Namespace) -> list[Reader]:
    """Open the readers of `--reader`, or the shipped one.

    Raises:
        LprError: one of them can't be opened, or is of the wrong kind.
    """
    return [Reader(model) for model in _open_all(parsed, "reader")]


def _open_all(parsed: argparse.Namespace, name: str) -> list[Model]:
    paths = getattr(parsed, name) or [shipped_model(name, parsed.runtime)]
    return [open_model(path, parsed.runtime, parsed.threads) for path in paths]


def open_classifier(parsed: argparse.Namespace) -> CharacterClassifier:
    """Open the classifier of `--classifier`, or the shipped one.

    Raises:
        LprError: it can't be opened, or is of the wrong kind.
    """
    path = parsed.classifier or shipped_model("characters", parsed.runtime)
    return CharacterClassifier(open_model(path, parsed.runtime, parsed.threads))


def describe_model(model: Model) -> dict[str, Any]:
    """Description of an opened model in a result file."""
    return {
        **describe_file(model.path, model.manifest),
        "runtime": model.runtime_name,
        "runtime_version": model.runtime_version,
    }


def describe_file(path: Path, manifest: Manifest | None = None) -> dict[str, Any]:
    """Description of a model file in a result file; its manifest is read unless it is given.

    Raises:
        ManifestError: it is missing, damaged, or not lpr's.
    """
    known = manifest or read_manifest(path)
    return {
        "file": path.name,
        "kind": known.kind,
        "name": known.name,
        "precision": known.precision,
        "bytes": path.stat().st_size,
        "sha256": file_sha256(path),
    }

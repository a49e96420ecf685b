"""Open what the device runs: the shipped models, or those that the flags name."""

import argparse
from importlib.resources import files
from pathlib import Path
from typing import Any

from lpr_bench.plates import ReadPlate
from lpr_edge.classifier import Classifier
from lpr_edge.contract.arrays import Image
from lpr_edge.contract.data import file_sha256
from lpr_edge.detector import Detector
from lpr_edge.pipeline import PlateReader
from lpr_edge.reader import Reader
from lpr_edge.runtimes import RUNTIMES, Model, open_model


def shipped_model(name: str) -> Path:
    """The shipped int8 model `detector`, `reader` or `characters`."""
    return Path(str(files("lpr_edge"))) / "models" / f"{name}.int8.tflite"


def add_runtime_flags(parser: argparse.ArgumentParser) -> None:
    """The flags that every benchmark of a network takes."""
    parser.add_argument("--runtime", choices=("auto", *RUNTIMES), default="auto", help="what runs the networks")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="threads a network may use (default: 1)")


def add_reader_flags(parser: argparse.ArgumentParser) -> None:
    """Flags that choose the two networks of a plate reader."""
    for kind in ("detector", "reader"):
        parser.add_argument(
            f"--{kind}", type=Path, default=shipped_model(kind), metavar="FILE", help=f"{kind} (default: the shipped)"
        )


def open_reader(parsed: argparse.Namespace) -> PlateReader:
    """The device's own code over the networks that the flags name.

    Raises:
        LprError: one of them can't be opened, or is of the wrong kind.
    """
    detector = Detector(open_model(parsed.detector, parsed.runtime, parsed.threads))
    return PlateReader(detector, Reader(open_model(parsed.reader, parsed.runtime, parsed.threads)))


def open_classifier(parsed: argparse.Namespace) -> Classifier:
    """The classifier that the flags name.

    Raises:
        LprError: it can't be opened, or is of the wrong kind.
    """
    return Classifier(open_model(parsed.classifier, parsed.runtime, parsed.threads))


def read_plates(device: PlateReader, frame_bgr: Image) -> list[ReadPlate]:
    """What the device says of a frame, as accuracy is scored on."""
    return [ReadPlate(plate.reading.quad_xy, plate.reading.text) for plate in device.read(frame_bgr).plates]


def describe_model(model: Model) -> dict[str, Any]:
    """What a result file says of a network that it was measured with."""
    return {
        "file": model.path.name,
        "kind": model.manifest.kind,
        "name": model.manifest.name,
        "precision": model.manifest.precision,
        "bytes": model.path.stat().st_size,
        "sha256": file_sha256(model.path),
        "runtime": model.runtime_name,
        "runtime_version": model.runtime_version,
    }

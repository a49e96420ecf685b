"""`lpr-bench calibrate`: make a reader's confidence mean how often its readings are right."""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lpr_bench.accuracy.fold_models import Networks, open_networks
from lpr_bench.accuracy.plates import score_photos
from lpr_bench.accuracy.reliability import format_reliability
from lpr_bench.accuracy.scoring import Judged, Judgement
from lpr_bench.calibration.confidence_fit import cross_fitted, fit_curve, fit_temperature
from lpr_bench.system.devices import add_folds_flags, add_runtime_flags
from lpr_edge.contract.country import country_from_dict
from lpr_edge.contract.data import PlatePhoto, load_plates
from lpr_edge.contract.errors import LprError
from lpr_edge.contract.manifest import Manifest, read_manifest, replace_manifest
from lpr_edge.contract.splits import TRAINING_SPLIT
from lpr_edge.contract.text_files import read_json

CARD = "model.json"


def add_command(benchmarks: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to `lpr-bench`."""
    parser = benchmarks.add_parser("calibrate", help="fit a reader's confidence on training plates that it hasn't seen")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="holds plates/")
    parser.add_argument(
        "--write",
        type=Path,
        nargs="+",
        default=[],
        metavar="FILE",
        help="put the fit into these .tflite and .onnx files, and run folders (default: show it only)",
    )
    add_folds_flags(parser)
    add_runtime_flags(parser)
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    """Read what the networks haven't seen, fit, print, and write where wished."""
    photos = load_plates(parsed.data, TRAINING_SPLIT)
    # As a camera's frames are read, without a vote: what a photograph's votes make of a reading is no less right.
    networks = open_networks(parsed, photos, is_thorough=False)
    unseen = [photo for photo in photos if "reader" not in networks.seen_by(photo)]
    temperature = _fit_temperature(networks, unseen)
    for reader in networks.readers:
        reader.thresholds = {**reader.thresholds, "temperature": temperature}
    readings = read_unseen(networks, unseen)
    thresholds = {"temperature": round(temperature, 4), **fit_curve(readings).to_thresholds()}
    about = _about(networks, unseen, readings)
    print(format_reliability([(c, r.right) for c, r in zip(cross_fitted(readings), readings, strict=True)]))
    print("\n" + ", ".join(f"{name} {value:g}" for name, value in thresholds.items()))
    print(", ".join(f"{name.replace('_', ' ')} {value}" for name, value in about.items()))
    for path in parsed.write:
        write_confidence(path, thresholds, about)
        print(f"Wrote {path}", file=sys.stderr)
    return 0


def _fit_temperature(networks: Networks, unseen: Sequence[PlatePhoto]) -> float:
    """The temperature of all readers together; they must have been given one so far."""
    manifest = networks.readers[0].model.manifest
    found = {float(reader.thresholds.get("temperature", 1.0)) for reader in networks.readers}
    if len(found) > 1:
        raise LprError(f"the readers have the temperatures {sorted(found)}: give folds of one cross-validation")
    labels, country = manifest.labels, country_from_dict(manifest.country)
    return found.pop() * fit_temperature(read_unseen(networks, unseen), labels, country)


def read_unseen(networks: Networks, photos: Sequence[PlatePhoto]) -> list[Judged]:
    """Readings of whole photographs, by networks that haven't learnt from them, with what is known of each.

    Raises:
        LprError: there is no such photograph.
    """
    if not photos:
        raise LprError(
            "no photograph of the training split was held out from the reader's training (a run that began by --init "
            "may have seen all). Train it with --holdout, or give the readers of a cross-validation's folds: lpr-train "
            "cross-validate reader"
        )
    judgement = Judgement()
    score_photos(photos, networks.read, [judgement.watch])
    return judgement.readings


def _about(networks: Networks, photos: Sequence[PlatePhoto], readings: Sequence[Judged]) -> dict[str, Any]:
    """Where a fit comes from, as a manifest keeps it."""
    count = len(networks.readers)
    from_whom = f"each held out from one of {count} readers trained alike" if count > 1 else "held out from the reader"
    return {
        "source": f"training photographs, {from_whom}, whole frames in",
        "photographs": len(photos),
        "seen_by_detector": sum("detector" in networks.seen_by(photo) for photo in photos),
        "readings": len(readings),
        "right": sum(reading.right for reading in readings),
        "readers": sorted({reader.model.manifest.weights_sha256[:12] for reader in networks.readers}),
    }


def write_confidence(path: Path, thresholds: Mapping[str, float], about: Mapping[str, Any]) -> None:
    """Put a fit into a model file's manifest, or into a run folder's card, from which the next export takes it.

    Raises:
        LprError: it is no reader, or can't be written.
    """
    if path.is_dir():
        _write_card(path / CARD, thresholds, about)
        return
    manifest = read_manifest(path)
    _expect_reader(path, manifest.kind)
    replace_manifest(path, _with_confidence(manifest, thresholds, about))


def _with_confidence(manifest: Manifest, thresholds: Mapping[str, float], about: Mapping[str, Any]) -> Manifest:
    return replace(
        manifest,
        thresholds={**manifest.thresholds, **thresholds},
        calibration={**manifest.calibration, "confidence": dict(about)},
    )


def _write_card(path: Path, thresholds: Mapping[str, float], about: Mapping[str, Any]) -> None:
    try:
        card = read_json(path)
        _expect_reader(path, str(card["kind"]))
        card["thresholds"] |= thresholds
        card["confidence"] = dict(about)
        beside = path.with_name(f".{path.name}")
        beside.write_text(json.dumps(card, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        beside.replace(path)
    except (OSError, ValueError, KeyError) as error:
        raise LprError(
            f"{path} can't be used ({error!r}): give a reader's run folder, or its .tflite or .onnx"
        ) from error


def _expect_reader(path: Path, kind: str) -> None:
    if kind != "reader":
        raise LprError(f"{path} is a {kind}, and a confidence is a reader's: give reader files to --write")

"""`lpr-bench calibrate`: fit a reader's confidence so that it equals the share of right readings, or right votes."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from lpr_bench.accuracy.fold_models import Networks, open_networks
from lpr_bench.accuracy.plates import PlateFinder, ReadPlate, score_photos
from lpr_bench.accuracy.reliability import (
    ScoredReading,
    ScoredReadings,
    format_operating_point,
    format_reliability,
    operating_point,
)
from lpr_bench.calibration.confidence_fit import cross_fitted, fit_curve, fit_temperature, has_enough
from lpr_bench.calibration.votes import score_votes, unseen_clips
from lpr_bench.system.devices import add_folds_flags, add_runtime_flags
from lpr_bench.visits.real_clips import load_real_clips
from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.country import country_from_dict
from lpr_edge.contract.data.label_file import TRAINING_SPLIT
from lpr_edge.contract.data.plate_photos import PlatePhoto, ground_truth, load_plates_and_crops
from lpr_edge.contract.run.model_types import DETECTOR, READER
from lpr_edge.text.confidence import ConfidenceCurve
from lpr_edge.vision.plates import FoundPlate
from lpr_edge.vision.strategy import PhotographStrategy
from lpr_export.calibration.confidence import Confidence

DIVISIONS = 20
"""Divisions of the photographs by which the operating point is chosen."""
NEUTRAL = ConfidenceCurve(1.0, 0.0, -3.0)
"""The curve of readings in photographs while there is none: it makes the reader compare them."""


def add_command(benchmarks: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to `lpr-bench`."""
    parser = benchmarks.add_parser("calibrate", help="fit a reader's confidence on training plates that it hasn't seen")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="holds plates/")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="write the fit as JSON: confidence.json in a run, or lpr-export --confidence FILE (default: show it only)",
    )
    parser.add_argument(
        "--clips",
        type=Path,
        metavar="DIR",
        help="holds visits.jsonl with clips that fit the votes' confidence too, such as lpr-train clip makes",
    )
    parser.add_argument(
        "--limit", type=int, metavar="N", help="plates that clips are made of at most, 0 for none (default: all)"
    )
    add_folds_flags(parser)
    add_runtime_flags(parser)
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    """Read plates that the networks weren't trained on, fit, print, and write the fit if `--out` is given."""
    everything = load_plates_and_crops(parsed.data, TRAINING_SPLIT)
    # As camera frames, without test-time augmentation, which only makes readings better.
    networks = open_networks(parsed, everything, is_photograph=False)
    unseen = [photo for photo in ground_truth(everything)[0] if READER.kind not in networks.seen_by(photo)]
    temperature = _fit_temperature(networks, unseen)
    networks = networks.with_thresholds({"temperature": temperature})
    readings = read_unseen(networks.read, unseen)
    fitted = Confidence(temperature, fit_curve(readings), _about(networks, unseen, readings))
    _print_fit(readings)
    fitted = _with_photographs(fitted, Networks(networks.detectors, networks.readers, everything), unseen)
    fitted = _with_votes(fitted, networks, unseen, parsed)
    print("\n" + ", ".join(f"{name} {value:g}" for name, value in fitted.to_thresholds().items()))
    print(", ".join(f"{name.replace('_', ' ')} {value}" for name, value in fitted.about.items()))
    if parsed.out:
        fitted.write(parsed.out)
        print(f"Wrote {parsed.out}. Next: lpr-export --int8 RUN --confidence {parsed.out}", file=sys.stderr)
    return 0


def _print_fit(readings: Sequence[ScoredReading], compared: bool = False) -> float | None:
    """Print the calibration of the cross-fitted confidence; returns its operating point.

    One division of the photographs makes the table. The operating point comes from many, since a single one moves it by
    several points.
    """
    each = [cross_fitted(readings, compared, division) for division in range(DIVISIONS)]
    pairs = [[(c, r.right) for c, r in zip(confidences, readings, strict=True)] for confidences in each]
    print(format_reliability(pairs[0]))
    pooled = [pair for own in pairs for pair in own]
    threshold = operating_point(pooled)
    print("\n" + format_operating_point(pairs[0], threshold))
    return threshold


def _with_photographs(fitted: Confidence, networks: Networks, unseen: Sequence[PlatePhoto]) -> Confidence:
    """Add the fit for photographs, which are read with more effort than a camera's frames."""
    for reader in networks.readers:
        reader.photo_curve = NEUTRAL
    readings = read_unseen(partial(read_closely, networks), unseen)
    print("\nAs photographs are read:")
    reported = _print_fit(readings, compared=True)
    return replace(fitted, photo_curve=fit_curve(readings, compared=True), photo_reported=reported)


def read_closely(networks: Networks, photo: PlatePhoto, frame_bgr: Image) -> list[ReadPlate]:
    """Readings of a photograph as the device reads photographs; of a crop the same, at its label's corners.

    Args:
        networks: that are calibrated.
        photo: the photograph or crop, with its labels.
        frame_bgr: (H, W, 3) uint8, BGR, its pixels.
    """
    if not photo.is_crop:
        return networks.read(photo, frame_bgr)
    device = networks.device(photo)
    places = [FoundPlate(label.quad_xy, 1.0, (1.0, 0.0, 0.0, 0.0)) for label in photo.plates]
    readings = [PhotographStrategy(device.detector.threshold).read(device.reader, frame_bgr, place) for place in places]
    return [ReadPlate(place.quad_xy, one.text, one) for place, one in zip(places, readings, strict=True)]


def _with_votes(
    fitted: Confidence, networks: Networks, unseen: Sequence[PlatePhoto], parsed: argparse.Namespace
) -> Confidence:
    """Add the fit for votes, from clips of the same plates and from given ones; unchanged if there are too few.

    Raises:
        LprError: the given clips can't be read.
    """
    networks = networks.with_thresholds(fitted.curve.to_thresholds())
    votes: list[ScoredReading] = []
    given = [(clip, networks.device(unseen[0])) for clip in load_real_clips(parsed.clips)] if parsed.clips else []
    for clip, device in (*unseen_clips(networks, unseen, parsed.limit), *given):
        print(f"{clip.name}: votes on {len(clip.visits)} visits", file=sys.stderr)
        votes += score_votes(clip, device)
    vehicles = sum(vote.weight for vote in votes)
    if not has_enough(votes):
        print(f"\n{vehicles:.0f} vehicles voted on: too few for a curve, so votes keep that of readings")
        return fitted
    print("\nVotes over frames:")
    _print_fit(votes)
    about = {**fitted.about, "votes_on": round(vehicles), "votes_right": round(sum(v.weight * v.right for v in votes))}
    return replace(fitted, vote_curve=fit_curve(votes), about=about)


def _fit_temperature(networks: Networks, unseen: Sequence[PlatePhoto]) -> float:
    """Fit one temperature for all readers, which must have the same one so far."""
    manifest = networks.readers[0].model.manifest
    found = {float(reader.thresholds.get("temperature", 1.0)) for reader in networks.readers}
    if len(found) > 1:
        raise LprError(f"the readers have the temperatures {sorted(found)}: give folds of one cross-validation")
    labels, country = manifest.labels, country_from_dict(manifest.country)
    return found.pop() * fit_temperature(read_unseen(networks.read, unseen), labels, country)


def read_unseen(find: PlateFinder, photos: Sequence[PlatePhoto]) -> list[ScoredReading]:
    """Readings of photographs that the reader wasn't trained on, known to be right or wrong.

    Args:
        find: returns the plates of a photograph, given its frame.
        photos: the photographs.

    Raises:
        LprError: there is no such photograph.
    """
    if not photos:
        raise LprError(
            "no photograph of the training split was held out from the reader's training (a run that began by --init "
            "may have seen all). Train it with --holdout, or give the readers of a cross-validation's folds: lpr-train "
            "cross-validate reader"
        )
    scored_readings = ScoredReadings()
    score_photos(photos, find, [scored_readings.observe])
    return scored_readings.readings


def _about(networks: Networks, photos: Sequence[PlatePhoto], readings: Sequence[ScoredReading]) -> dict[str, Any]:
    """Origin of a fit, for the manifest."""
    count = len(networks.readers)
    from_whom = f"each held out from one of {count} readers trained alike" if count > 1 else "held out from the reader"
    return {
        "source": f"training photographs, {from_whom}, whole frames in, and crops of plates at given corners",
        "photographs": sum(not photo.is_crop for photo in photos),
        "crops": sum(photo.is_crop for photo in photos),
        "seen_by_detector": sum(DETECTOR.kind in networks.seen_by(photo) for photo in photos),
        "readings": len(readings),
        "right": sum(reading.right for reading in readings),
        "readers": sorted({reader.model.manifest.weights_sha256[:12] for reader in networks.readers}),
    }

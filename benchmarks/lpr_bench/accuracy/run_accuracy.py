"""`lpr-bench accuracy`: metrics of the device's code on labelled pictures."""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lpr_bench.accuracy import characters, plate_changes, plates, plates_report, robustness
from lpr_bench.accuracy.accuracy_page import Part, write_page
from lpr_bench.accuracy.fold_models import open_networks
from lpr_bench.accuracy.misses import MissFolder, MissGallery
from lpr_bench.accuracy.reliability import (
    ScoredReadings,
    format_reliability,
    format_reported,
    summarize_reliability,
    summarize_reported,
)
from lpr_bench.base.copies import without_copies
from lpr_bench.base.results import write_result
from lpr_bench.system.devices import (
    add_folds_flags,
    add_model_flag,
    add_runtime_flags,
    describe_model,
    open_classifier,
)
from lpr_bench.system.environment import describe_environment
from lpr_edge.contract.base.errors import DataError
from lpr_edge.contract.country import country_from_dict
from lpr_edge.contract.data.character_files import load_characters
from lpr_edge.contract.data.label_file import TRAINING_SPLIT
from lpr_edge.contract.data.plate_photos import PlatePhoto, ground_truth, load_plates_and_crops
from lpr_edge.contract.report.html_page import check_installed
from lpr_edge.text.confidence import default_min_confidence
from lpr_edge.vision.pipeline import PlatePipeline
from lpr_export.report.progress import show_progress

PHOTOGRAPHS_ALONE = ("kind", "page", "against", "misses")
"""Flags without effect for single characters and rendered frames."""


def add_command(benchmarks: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to `lpr-bench`."""
    parser = benchmarks.add_parser("accuracy", help="recall, precision, exact match and CER on labelled pictures")
    measured_on = parser.add_mutually_exclusive_group(required=True)
    measured_on.add_argument("--data", type=Path, metavar="DIR", help="holds plates/, crops/ and characters/")
    measured_on.add_argument(
        "--rendered", action="store_true", help="rendered frames instead: dark, overexposed, mirrored, rotated, crowded"
    )
    parser.add_argument("--split", help="part of the data (default: test; validation with --characters)")
    parser.add_argument("--kind", help="script whose texts count (default: the one the country's file names)")
    parser.add_argument("--characters", action="store_true", help="score the classifier on single characters instead")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write figures and every outcome there")
    parser.add_argument("--page", type=Path, metavar="FILE", help="figures and every miss, drawn, as one HTML file")
    parser.add_argument(
        "--against", type=Path, metavar="FILE", help="compare plate by plate with what --json wrote before"
    )
    parser.add_argument("--misses", type=Path, metavar="DIR", help="draw each photograph with a mistake there")
    add_folds_flags(parser)
    add_model_flag(parser, "--classifier")
    add_runtime_flags(parser)
    parser.set_defaults(run=run, refuse=parser.error)


def run(parsed: argparse.Namespace) -> int:
    """Score, print, and write the result if `--json` is given."""
    _refuse_idle_flags(parsed)
    score = _score_rendered if parsed.rendered else _score_characters if parsed.characters else _score_plates
    result = score(parsed)
    if parsed.json:
        write_result(parsed.json, {"benchmark": "accuracy", **result, "environment": describe_environment()})
        print(f"Wrote {parsed.json}", file=sys.stderr)
    return 0


def _refuse_idle_flags(parsed: argparse.Namespace) -> None:
    """Refuse flags without effect as wrong usage (exit 2)."""
    idle = PHOTOGRAPHS_ALONE if parsed.characters else (*PHOTOGRAPHS_ALONE, "characters", "split")
    given = [f"--{name}" for name in idle if getattr(parsed, name)]
    if given and (parsed.characters or parsed.rendered):
        parsed.refuse(f"{', '.join(given)} can't go with {'--rendered' if parsed.rendered else '--characters'}")


def _score_plates(parsed: argparse.Namespace) -> dict[str, Any]:
    if parsed.page:
        check_installed()
    split = parsed.split or "test"
    everything = load_plates_and_crops(parsed.data, split)
    if not everything:
        raise DataError(f"{parsed.data} has no photograph in the split {split!r}: see `split` in its labels.jsonl")
    before = plate_changes.read_previous_result(parsed.against) if parsed.against else None
    networks = open_networks(parsed, everything)
    labelled, by_votes = ground_truth(everything)
    kept, copies = without_copies(labelled, _training_beside(parsed.data, split))
    photos, crops = [photo for photo in kept if not photo.is_crop], [photo for photo in kept if photo.is_crop]
    country = country_from_dict(networks.readers[0].model.manifest.country)
    misses = MissFolder(parsed.misses) if parsed.misses else None
    scored_readings, gallery = ScoredReadings(), MissGallery()
    observers = [*([gallery.observe] if parsed.page else []), *([misses.observe] if misses else [])]
    outcome = plates.score_photos(photos, networks.read, [scored_readings.observe, *observers], networks.describe)
    of_crops = plates.score_photos(crops, networks.read, observers, networks.describe)
    of_uncut = plates.score_photos(crops, networks.read_uncut)
    kind = parsed.kind or country.script
    models = [describe_model(model) for model in networks.models]
    pairs = [(scored.reading.confidence, scored.right) for scored in scored_readings.readings]
    seen = networks.count_seen(photos)
    result: dict[str, Any] = {"data": "plates", "split": split, "kind": kind, "models": models, "seen": seen}
    result |= plates_report.summarize(outcome, country, kind) | {"reliability": summarize_reliability(pairs)}
    result |= copies.summarize() | {"by_votes": by_votes}
    scored = plates_report.scored_plates(outcome, kind)
    least = default_min_confidence(networks.readers[0].thresholds, is_photograph=True)
    result["reported"] = summarize_reported(scored, pairs, least)
    parts = [Part("Figures", plates_report.format_plates(outcome, country, kind))]
    parts.append(Part("Reported by default", format_reported(scored, pairs, least)))
    if crops:
        result["crops"] = plates_report.summarize_crops(of_crops, of_uncut, country, kind)
        text = plates_report.format_crops(of_crops, of_uncut, country, kind)
        parts.append(Part("Crops, read once at given corners", text))
    parts.append(Part("Confidence", format_reliability(pairs)))
    if before is not None:
        comparison = plate_changes.compare(before, result)
        result["comparison"] = plate_changes.summarize_comparison(comparison)
        parts.append(Part("Compared", plate_changes.format_comparison(comparison, parsed.against.name)))
    warning = "\n".join(filter(None, [warn_of_seen(seen), *copies.warnings(), warn_of_votes(by_votes)]))
    print("\n\n".join(filter(None, [warning, *(part.text for part in parts)])))
    if misses:
        print(f"Drew {misses.written} photographs with mistakes in {misses.folder}", file=sys.stderr)
    if parsed.page:
        write_page(parsed.page, _title(result), warning, parts, pairs, gallery.misses)
        print(f"Wrote {parsed.page}", file=sys.stderr)
    return result


def _training_beside(folder: Path, split: str) -> list[PlatePhoto]:
    """What networks learn from, where another split is measured."""
    return [] if split == TRAINING_SPLIT else load_plates_and_crops(folder, TRAINING_SPLIT)


def warn_of_seen(seen: Mapping[str, int]) -> str:
    """Warning above results on photographs that networks were trained on; empty if there are none."""
    had = ", ".join(f"the {kind} {seen[kind]}" for kind in ("detector", "reader") if seen[kind])
    return f"SEEN BY TRAINING: of {seen['photos']} photographs {had}. Figures on these flatter." if had else ""


def warn_of_votes(count: int) -> str:
    """Note above results that leave pictures out because no person labelled them; empty if there are none."""
    return f"LEFT OUT: {count} pictures labelled by a vote or a model, which are no ground truth." if count else ""


def _title(result: Mapping[str, Any]) -> str:
    names = " and ".join(dict.fromkeys(model["file"] for model in result["models"]))
    return f"lpr accuracy: {names} on the {result['split']} split, {result['photos']} photographs"


def _score_rendered(parsed: argparse.Namespace) -> dict[str, Any]:
    networks = open_networks(parsed, [])
    device = PlatePipeline(networks.detectors[0], networks.readers[0])
    outcomes = [robustness.score_kind(device, kind) for kind in show_progress(list(robustness.KINDS), "rendering")]
    print(robustness.format_kinds(outcomes))
    models = [describe_model(model) for model in networks.models]
    return {"data": "painted", "models": models, "kinds": robustness.summarize_kinds(outcomes)}


def _score_characters(parsed: argparse.Namespace) -> dict[str, Any]:
    classifier, split = open_classifier(parsed), parsed.split or "validation"
    country = country_from_dict(classifier.model.manifest.country)
    # Training files of the same bytes are left out of training by the loader itself.
    files, copies = without_copies(load_characters(parsed.data, split, country))
    outcomes = characters.score_characters(files, classifier.guess)
    print("\n\n".join([*copies.warnings(), characters.format_characters(outcomes)]))
    models = [describe_model(classifier.model)]
    result = {"data": "characters", "split": split, "models": models, "copies": copies.summarize()["copies"]}
    return result | characters.summarize(outcomes)

"""`lpr-bench parity`: inputs, integers and texts of every runtime compared with LiteRT's, on rendered pictures."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lpr_bench.base.frames import make_frames
from lpr_bench.base.results import Record
from lpr_bench.parity import parity
from lpr_bench.system.boards import add_board_flags, publish, show
from lpr_bench.system.devices import describe_file
from lpr_bench.system.environment import describe_environment
from lpr_bench.system.validity import describe_validity
from lpr_edge.config.extensions import RUNTIMES
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.base.pictures import file_sha256
from lpr_edge.contract.manifest import read_manifest
from lpr_edge.contract.run.model_types import CLASSIFIER, DETECTOR, MODEL_TYPES, READER
from lpr_edge.runtimes.model import Model
from lpr_edge.runtimes.opening import open_model
from lpr_edge.runtimes.runtime import find_runtime
from lpr_edge.runtimes.shipped_models import shipped_model
from lpr_edge.runtimes.tflite import uses_xnnpack
from lpr_edge.vision.character_classifier import CharacterClassifier
from lpr_edge.vision.detector import Detector
from lpr_edge.vision.pipeline import PlatePipeline
from lpr_edge.vision.reader import Reader
from lpr_export.report.text_table import format_table

REFERENCES = ("litert", "tflite")
"""Runtimes that can be the reference: those that read the shipped files."""
MAX_STEPS = 1
"""Largest allowed difference of integers between two runtimes or machines, in LSB."""

NO_XNNPACK = (
    "LiteRT ran without XNNPACK, so slower and with other integers: "
    "it needs /sys/devices/system/cpu and /proc/cpuinfo of this machine's own processor"
)
"""In a container or an emulator without them, LiteRT says nothing and computes with its own kernels (seen with 2.3)."""

Files = dict[str, Path]
"""Kind of network -> file."""


def add_command(benchmarks: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to `lpr-bench`."""
    parser = benchmarks.add_parser("parity", help="every runtime against LiteRT: integers, and texts of every picture")
    parser.add_argument(
        "--models",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="files instead of the shipped ones, or in addition (.onnx)",
    )
    names = list(RUNTIMES.own)
    parser.add_argument("--runtimes", nargs="+", choices=names, default=names, metavar="NAME")
    parser.add_argument(
        "--reference", choices=REFERENCES, default=REFERENCES[0], help="whose answers the others are to give"
    )
    parser.add_argument("--write-reference", type=Path, metavar="FILE", help="keep pictures and outputs (.npz)")
    parser.add_argument("--against", type=Path, metavar="FILE", help="compare with another machine's reference")
    parser.add_argument(
        "--strict",
        nargs="*",
        choices=names,
        metavar="NAME",
        help="exit 1 where a text differs, or integers by > 1 step, in these runtimes (default: all)",
    )
    add_board_flags(parser)
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    """Compare, print, and write the result."""
    files = files_by_suffix(parsed.models or [])
    reference = _reference(files[".tflite"], parsed)
    if parsed.write_reference:
        parity.save_reference(parsed.write_reference, reference, _hashes(files[".tflite"]))
        print(f"Wrote {parsed.write_reference}", file=sys.stderr)
    record = compare_runtimes(parsed.runtimes, files, reference, parsed.against)
    show(record, format_parity(record))
    publish(record, parsed)
    scored = parsed.runtimes if parsed.strict == [] else parsed.strict
    return 1 if scored and not is_within(record, scored) else 0


def files_by_suffix(given: Sequence[Path]) -> dict[str, Files]:
    """Format -> kind -> file; the shipped `.tflite` for a kind without one.

    Raises:
        LprError: a file isn't int8, or not lpr's.
    """
    files: dict[str, Files] = {
        ".tflite": {one.kind: shipped_model(one.name) for one in MODEL_TYPES.values()},
        ".onnx": {},
    }
    for path in given:
        manifest = read_manifest(path)
        if manifest.precision != "int8":
            raise LprError(f"{path} is {manifest.precision}, and parity compares integers: give int8 files")
        files.setdefault(path.suffix, {})[manifest.kind] = path
    return files


def _hashes(files: Files) -> dict[str, str]:
    return {kind: file_sha256(path) for kind, path in files.items()}


def _reference(files: Files, parsed: argparse.Namespace) -> parity.Reference:
    """The reference of another machine, or of a runtime on this one.

    Raises:
        LprError: the other machine's answers are of another runtime than was asked for.
    """
    if parsed.against:
        kept = parity.load_reference(parsed.against, _hashes(files))
        if kept.runtime != parsed.reference:
            raise LprError(f"{parsed.against} holds the answers of {kept.runtime}: give --reference {kept.runtime}")
        return kept
    models = {kind: open_model(path, parsed.reference) for kind, path in files.items()}
    device = PlatePipeline(Detector(models["detector"]), Reader(models["reader"]))
    frames = make_frames(device.reader.grammar.country)
    return parity.make_reference(
        device, CharacterClassifier(models["classifier"]), [*frames.with_plate, *frames.without[:5]]
    )


def compare_runtimes(
    runtimes: Sequence[str], files: Mapping[str, Files], reference: parity.Reference, against: Path | None
) -> Record:
    """Compare every runtime with the reference; returns the record.

    Args:
        runtimes: names.
        files: suffix -> the model files with it.
        reference: what each is compared with.
        against: file that the reference was read from; None if it was made here.
    """
    compared = [
        _compare(name, found, reference) for name in runtimes if (found := files.get(find_runtime(name).suffixes[0]))
    ]
    bare = [one for one in compared if one["runtime"] == "litert" and one.get("xnnpack") is False]
    return {
        "benchmark": "parity",
        "environment": describe_environment(),
        "models": [describe_file(path) for kinds in files.values() for path in kinds.values()],
        "reference": f"{reference.runtime} on another machine" if against else f"{reference.runtime} here",
        "plates_in_reference": int(np.sum([len(texts) for texts in reference.texts])),
        "inputs": [parity.compare_inputs(read_manifest(path), reference) for path in files[".tflite"].values()],
        "runtimes": compared,
        "validity": describe_validity([NO_XNNPACK] if bare else []),
    }


def _compare(runtime: str, files: Files, reference: parity.Reference) -> dict[str, Any]:
    opened, refused = _open_all(runtime, files)
    result: dict[str, Any] = {"runtime": runtime, "refused": refused, "integers": []}
    if opened:
        result["version"] = next(iter(opened.values())).runtime_version
    if opened and ".tflite" in find_runtime(runtime).suffixes:
        result["xnnpack"] = all(uses_xnnpack(path, runtime) for kind, path in files.items() if kind in opened)
    for model in opened.values():
        try:
            result["integers"].append(parity.compare_integers(model, reference))
        except LprError as error:
            refused.append(str(error))
    if {DETECTOR.kind, READER.kind} <= opened.keys():
        device = PlatePipeline(Detector(opened[DETECTOR.kind]), Reader(opened[READER.kind]))
        result["texts"] = parity.compare_answers(reference.texts, parity.texts_of(device, reference.frames))
    if CLASSIFIER.kind in opened:
        labels = parity.labels_of(CharacterClassifier(opened[CLASSIFIER.kind]), reference.crops)
        result["labels"] = parity.compare_answers(reference.labels, labels)
    return result


def _open_all(runtime: str, files: Files) -> tuple[dict[str, Model], list[str]]:
    opened, refused = {}, []
    for kind, path in files.items():
        try:
            opened[kind] = open_model(path, runtime)
        except LprError as error:
            refused.append(str(error))
    return opened, refused


def is_within(record: Mapping[str, Any], scored: Sequence[str]) -> bool:
    """Whether every checked runtime gave equal texts and labels, and integers within the allowed difference."""
    ran = [one for one in record["runtimes"] if one["integers"] and one["runtime"] in scored]
    texts = [one[what] for one in ran for what in ("texts", "labels") if what in one]
    return (
        bool(ran)
        and all(text["same"] == text["pictures"] for text in texts)
        and all(integers["most_steps"] <= MAX_STEPS for one in ran for integers in one["integers"])
    )


def format_parity(record: Mapping[str, Any]) -> str:
    """Results as a text table, one line per runtime and network."""
    rows = [["all", f"{found['kind']}'s input", *_cells(found), ""] for found in record["inputs"] if found["integers"]]
    for one in record["runtimes"]:
        named = f"{one['runtime']} {one.get('version', '')}"
        rows += [[named, found["kind"], *_cells(found), ""] for found in one["integers"]]
        for what in ("texts", "labels"):
            if what in one:
                same = f"{one[what]['same']} of {one[what]['pictures']} same"
                rows.append([named, what, "", "", "", "", same])
        rows += [[named, "left out", "", "", "", "", why[:70]] for why in one["refused"]]
    head = f"against {record['reference']}; {record['plates_in_reference']} plates read there\n\n"
    return head + format_table(["runtime", "of", "integers", "equal", "1 step", "most", "answers"], rows)


def _cells(found: Mapping[str, Any]) -> list[str]:
    shares = [f"{found[what] / found['integers']:.2%}" for what in ("equal", "one_step")]
    return [str(found["integers"]), *shares, f"{found['most_steps']:g}"]

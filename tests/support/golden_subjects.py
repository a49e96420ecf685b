"""The golden models as an export's files, and pictures of Tinyland to ask them about; no TensorFlow is needed."""

from pathlib import Path
from typing import Any

import numpy as np
from tests.support.golden import tinyland
from tests.support.rewriting import rewrite

from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.manifest import Manifest, read_manifest
from lpr_edge.contract.preprocess import prepare
from lpr_edge.contract.run.samples import Samples, picture_sha256, write_samples
from lpr_edge.runtimes.opening import open_model
from lpr_export.evaluate.evidence import make_evaluation_record
from lpr_export.evaluate.gate import Verdict, compare_files
from lpr_export.evaluate.held_out import HeldOut, held_out_of_samples
from lpr_export.evaluate.parity import Subject, run_cases
from lpr_export.evaluate.task_metrics import TASK_METRICS

GOLDEN = Path(__file__).parent / "golden"
COUNT = 12


def draw(name: str, count: int = COUNT, seed: int = 4) -> Samples:
    """Prepared pictures of Tinyland, with what they show."""
    rng = np.random.default_rng(seed)
    manifest = read_manifest(GOLDEN / f"{name}.int8.tflite")
    drawn = [_draw_one(name, number, rng, manifest) for number in range(count)]
    pictures = tuple(picture for picture, _ in drawn)
    return Samples(pictures, "rendered", tuple(map(picture_sha256, pictures)), tuple(truth for _, truth in drawn))


def _draw_one(name: str, number: int, rng: np.random.Generator, manifest: Manifest) -> tuple[Image, Any]:
    if name == "characters":
        label = "0X"[number % 2]
        return prepare(tinyland.draw_character(label, rng), manifest.input).pixels[0], label
    rows = tinyland.random_rows(rng)
    return prepare(tinyland.draw_plate(rows).image_bgr, manifest.input).pixels[0], rows


def compared(
    paths: list[tuple[Path, str]], held_out: HeldOut, kind: str, max_drop: float = 0.5
) -> tuple[list[Subject], Verdict]:
    """Open each file in its runtime, ask every case, and judge; the first is the reference."""
    subjects = [Subject(path, open_model(path, runtime)) for path, runtime in paths]
    run_cases(subjects, held_out.cases, TASK_METRICS[kind])
    return subjects, compare_files(subjects, [], held_out, TASK_METRICS[kind], max_drop)


def pair(name: str, folder: Path = GOLDEN) -> list[tuple[Path, str]]:
    """Both formats, each in the runtime that it is proved in."""
    return [(folder / f"{name}.int8.tflite", "litert"), (folder / f"{name}.int8.onnx", "onnxruntime")]


def proved(name: str, folder: Path, **changes: Any) -> Path:
    """Copy a golden pair into a folder, its proof inside and its held-out pictures beside; `changes` go into both."""
    samples = draw(name)
    manifest = read_manifest(GOLDEN / f"{name}.int8.tflite")
    held_out = held_out_of_samples(samples, manifest)
    _, verdict = compared(pair(name), held_out, manifest.kind)
    write_samples(folder / f"{manifest.name}.heldout.npz", samples)
    for path, _ in pair(name):
        proof = make_evaluation_record(verdict, path.name, TASK_METRICS[manifest.kind], 0.5).to_dict()
        rewrite(path, folder / path.name, proofs=(proof,), **changes)
    return folder / f"{name}.int8.tflite"

"""`lpr-export verify`: repeat the gate on a finished file, with only the device part installed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lpr_edge.contract.base.errors import ManifestError
from lpr_edge.contract.manifest import Manifest, read_manifest
from lpr_edge.contract.run.folder import HELD_OUT
from lpr_edge.contract.run.samples import read_samples
from lpr_export.base import run_folder
from lpr_export.base.errors import ExportError
from lpr_export.evaluate.evidence import EvaluationRecord, output_hashes, read_evaluation_records, set_sha256
from lpr_export.evaluate.gate import PROVEN, describe_drift, rounding_faults
from lpr_export.evaluate.held_out import HeldOut, held_out_of_data, held_out_of_samples
from lpr_export.evaluate.mcnemar import SIGNIFICANT, loss_p_value
from lpr_export.evaluate.parity import (
    LsbDifference,
    Progress,
    Subject,
    compare_integers,
    measure,
    open_everywhere,
    run_cases,
)
from lpr_export.evaluate.task_metrics import TASK_METRICS, MetricValue, TaskMetrics
from lpr_export.evaluate.threshold_drift import threshold_drift, threshold_level

COUNTERPART = {".tflite": ".onnx", ".onnx": ".tflite"}


@dataclass(frozen=True)
class Verification:
    """Result of a verification."""

    lines: tuple[str, ...]
    """Text output, one line per runtime."""
    faults: tuple[str, ...]
    """Reasons against using the file here; empty if all checks pass."""


def verify(path: Path, data: Path | None = None, progress: Progress = iter) -> Verification:
    """Repeat the gate on a file, and on that of the other format in the same folder, in every installed runtime.

    Args:
        path: a `.tflite` or `.onnx` that lpr-export made.
        data: the data folder of the export; None for the held-out pictures in the file's folder, or lpr's own.
        progress: goes through the pictures.

    Raises:
        LprError: the file, or the pictures of its export, can't be read.
    """
    manifest = read_manifest(path)
    held_out, proof = find_held_out(path, manifest, data)
    metrics = TASK_METRICS[manifest.kind]
    subjects = _open(path, manifest)
    run_cases(subjects, held_out.cases, metrics, progress)
    lines, faults = [], []
    for subject in subjects:
        wrong, answers = _check(subject, held_out, proof, metrics)
        lines.append(answers)
        if subject.runtime in PROVEN or subject is subjects[0]:
            faults += wrong
        else:
            lines += [f"  not claimed: {why}" for why in wrong]
    lsb_differences = _lsb_differences(subjects)
    lines += [f"  caveat: {caveat}" for caveat in manifest.caveats]
    return Verification(
        (_title(path, held_out), *lines, *map(str, lsb_differences)), (*faults, *rounding_faults(lsb_differences))
    )


def _open(path: Path, manifest: Manifest) -> list[Subject]:
    twin = path.with_suffix(COUNTERPART[path.suffix])
    paths = [path, *([twin] if _is_twin(twin, manifest) else [])]
    subjects, refusals = open_everywhere(paths)
    if not any(subject.path == path for subject in subjects):
        raise ExportError(f"{path} can't be verified, as nothing here runs it: {'; '.join(r.why for r in refusals)}")
    return subjects


def _is_twin(path: Path, manifest: Manifest) -> bool:
    try:
        other = read_manifest(path)
    except ManifestError:
        return False
    return _identity(other) == _identity(manifest)


def _identity(manifest: Manifest) -> tuple[str, str, str, list[str]]:
    calibrated = str(manifest.calibration.get("sha256"))
    return manifest.name, manifest.precision, calibrated, [proof.sha256 for proof in read_evaluation_records(manifest)]


def find_held_out(path: Path, manifest: Manifest, data: Path | None) -> tuple[HeldOut, EvaluationRecord]:
    """The held-out pictures that a file was evaluated on, and its evaluation record.

    Args:
        path: the file.
        manifest: its own.
        data: folder that the user gave; None to look next to the file, then among lpr's own pictures.

    Raises:
        LprError: the file has no record, or the pictures can't be found.
    """
    proofs = {proof.sha256: proof for proof in read_evaluation_records(manifest)}
    if not proofs:
        raise ExportError(f"{path} contains no evaluation record: it was made by an older lpr-export. Export it again")
    found = iter([held_out_of_data(manifest, data)]) if data else _beside(path, manifest)
    for held_out in found:
        if set_sha256(held_out) in proofs:
            return held_out, proofs[set_sha256(held_out)]
    wanted = ", ".join(f"{proof.data} ({proof.split})" for proof in proofs.values())
    looked = (
        f"the pictures in {data} are others" if data else f"there is no {samples_name(manifest)} of them next to it"
    )
    raise ExportError(f"{path} was evaluated on {wanted}, and {looked}. Give the same pictures: --data DIR")


def samples_name(manifest: Manifest) -> str:
    """File name of a model's held-out pictures in the model's folder."""
    return f"{manifest.name}.{HELD_OUT}"


def _beside(path: Path, manifest: Manifest) -> Iterator[HeldOut]:
    """Held-out pictures of the network's size: in the file's folder, then those that ship with lpr under its name."""
    shape = (*manifest.input.size_hw, manifest.input.channels)
    for place in (path.parent / samples_name(manifest), run_folder.SHIPPED_RUNS / manifest.name / HELD_OUT):
        samples = read_samples(place) if place.is_file() else None
        if samples and samples.truth and {picture.shape for picture in samples.pictures} == {shape}:
            yield held_out_of_samples(samples, manifest)


def _title(path: Path, held_out: HeldOut) -> str:
    return f"{path.name}: {len(held_out.cases)} pictures, {held_out.data}, {held_out.split}"


def _check(subject: Subject, held_out: HeldOut, proof: EvaluationRecord, metrics: TaskMetrics) -> tuple[list[str], str]:
    """Faults of a subject, and its line of output."""
    pairs = zip(proof.answers, subject.answers, held_out.cases, strict=True)
    other = [case.name for record, answer, case in pairs if not metrics.agrees(record, answer, case)]
    measures = measure(subject, held_out.cases, metrics)
    # tflite-runtime rounds differently from LiteRT, which gave the recorded answers: this is no fault.
    held = bool(other) and subject.runtime in PROVEN
    faults = [f"{subject} answers {len(other)} pictures otherwise than when it was proved: {other[0]}"] if held else []
    faults += [_describe_lost(subject, now, proof) for now in measures if _is_lost(now, proof)]
    faults += _drift_faults(subject, proof)
    same = sum(a == b for a, b in zip(output_hashes(subject), proof.outputs, strict=False))
    scores = ", ".join(f"{now.metric.replace('_', ' ')} {100 * now.value:.2f} %" for now in measures)
    bits = f"; outputs to the bit on {same} of {len(proof.outputs)}" if subject.runtime == proof.runtime else ""
    return faults, f"  {subject} {subject.model.runtime_version}: {scores}; {len(other)} answers changed{bits}"


def _is_lost(now: MetricValue, proof: EvaluationRecord) -> bool:
    return _drop(now, proof) > proof.max_drop and loss_p_value(proof.costs[now.metric], now.costs) <= SIGNIFICANT


def _drop(now: MetricValue, proof: EvaluationRecord) -> float:
    return now.drop(MetricValue(now.metric, proof.metrics[now.metric], now.count, now.lower_is_better))


def _describe_lost(subject: Subject, now: MetricValue, proof: EvaluationRecord) -> str:
    return (
        f"{subject} loses {_drop(now, proof):.2f} points of {now.metric.replace('_', ' ')} against float "
        f"({100 * proof.metrics[now.metric]:.2f} %), and {proof.max_drop:g} was allowed when it was proved"
    )


def _drift_faults(subject: Subject, proof: EvaluationRecord) -> list[str]:
    level = threshold_level(subject.model.manifest, subject.outputs())
    if level is None or proof.passed is None:
        return []
    moved = threshold_drift(proof.passed, level)
    return [describe_drift(str(subject), moved)] if moved.is_fault else []


def _lsb_differences(subjects: Sequence[Subject]) -> list[LsbDifference]:
    """Integers of each int8 subject compared with those of the first TFLite one."""
    first = next((s for s in subjects if s.path.suffix == ".tflite"), subjects[0])
    return [compare_integers(first, other) for other in subjects if other is not first and other.precision == "int8"]

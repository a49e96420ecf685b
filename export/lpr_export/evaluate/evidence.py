"""The evaluation record in a file's manifest: `lpr-export verify` repeats the gate with it, without the float network.

For each held-out set it has a hash of the pictures, the float network's errors on each of them, the number of scores
above its threshold, and this file's answers.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from lpr_edge.contract.base.errors import ManifestError
from lpr_edge.contract.manifest import Manifest
from lpr_export.evaluate.gate import Row, Verdict
from lpr_export.evaluate.held_out import HeldOut
from lpr_export.evaluate.parity import Subject
from lpr_export.evaluate.task_metrics import TaskMetrics

HASHED_OUTPUTS = 16
"""Number of pictures whose raw outputs' hash is stored."""


@dataclass(frozen=True)
class EvaluationRecord:
    """The evaluation on one held-out set."""

    data: str
    split: str
    sha256: str
    """Identifies the set: see `set_sha256`."""
    max_drop: float
    runtime: str
    """The runtime that gave the answers."""
    metrics: Mapping[str, float]
    """Metric -> the float network's value."""
    costs: Mapping[str, Sequence[int]]
    """Metric -> the float network's errors on each picture."""
    passed: int | None
    """Number of the float network's scores above the threshold, on the first pictures; None without threshold."""
    answers: Sequence[Any]
    """This file's answer to each picture, as `TaskMetrics.record` gives it."""
    outputs: Sequence[str]
    """Hashes of the first pictures' raw outputs."""

    def to_dict(self) -> dict[str, Any]:
        """Plain values for the manifest."""
        values = asdict(self)
        return values | {"costs": {name: _packed(costs) for name, costs in self.costs.items()}}

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> "EvaluationRecord":
        """The inverse of `to_dict`.

        Raises:
            ManifestError: it isn't one.
        """
        try:
            costs = {name: tuple(map(int, text.split())) for name, text in values["costs"].items()}
            return EvaluationRecord(**{**values, "costs": costs})
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ManifestError(
                f"the model's evaluation record can't be read ({error!r}): export it again with this lpr-export"
            ) from error


def _packed(costs: Sequence[int]) -> str:
    return " ".join(map(str, costs))


def make_evaluation_record(verdict: Verdict, name: str, metrics: TaskMetrics, max_drop: float) -> EvaluationRecord:
    """The evaluation record of a file, from a verdict.

    Args:
        verdict: of all files of the export.
        name: of this file.
        metrics: of its kind of network.
        max_drop: percentage points that any metric may lose against float.
    """
    held_out, row, reference = verdict.held_out, verdict.checked_row(name), verdict.rows[0]
    return EvaluationRecord(
        held_out.data,
        held_out.split,
        set_sha256(held_out),
        max_drop,
        row.subject.runtime,
        {measure.metric: round(measure.value, 6) for measure in reference.measures},
        {measure.metric: measure.costs for measure in reference.measures},
        row.drift.before if row.drift else None,
        tuple(metrics.record(a, case) for a, case in zip(row.subject.answers, held_out.cases, strict=True)),
        output_hashes(row.subject),
    )


def set_sha256(held_out: HeldOut) -> str:
    """Identify a held-out set: a hash of its contents' hashes and its number of cases."""
    joined = "\n".join([*sorted(held_out.contents), str(len(held_out.cases))])
    return hashlib.sha256(joined.encode()).hexdigest()


def output_hashes(subject: Subject) -> tuple[str, ...]:
    """Short hashes of the first pictures' raw outputs, to detect a machine that computes other bits."""
    raw = subject.raw[:HASHED_OUTPUTS]
    return tuple(hashlib.sha256(b"".join(a.tobytes() for a in outputs)).hexdigest()[:8] for outputs in raw)


def read_evaluation_records(manifest: Manifest) -> list[EvaluationRecord]:
    """The evaluation records in a manifest.

    Raises:
        ManifestError: one can't be read.
    """
    return [EvaluationRecord.from_dict(values) for values in manifest.proofs]


def rows_of(verdict: Verdict, name: str) -> list[Row]:
    """The rows of a file, one per runtime."""
    return [row for row in verdict.rows if row.subject.path.name == name]

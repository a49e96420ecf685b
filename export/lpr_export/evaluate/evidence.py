"""What a finished file remembers of its proof, so that the gate can be repeated where there is no float network.

It travels in the manifest: for each held-out set which pictures those were, how right the float network was on each of
them, what passed its threshold there, and what this file answered.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from lpr_edge.contract.errors import ManifestError
from lpr_edge.contract.manifest import Manifest
from lpr_export.evaluate.gate import Row, Verdict
from lpr_export.evaluate.held_out import HeldOut
from lpr_export.evaluate.parity import Subject
from lpr_export.evaluate.task_metrics import TaskMetrics

HASHED_OUTPUTS = 16
"""Pictures whose raw outputs' hash is kept."""


@dataclass(frozen=True)
class Proof:
    """The gate's findings on one held-out set."""

    data: str
    split: str
    sha256: str
    """What tells the set from others: see `set_sha256`."""
    max_drop: float
    runtime: str
    """In which the answers below were given."""
    metrics: Mapping[str, float]
    """Metric -> value of the float network."""
    costs: Mapping[str, Sequence[int]]
    """Metric -> each picture's mistakes in the float network."""
    passed: int | None
    """How many passed the threshold in the float network, on the first pictures; None where the kind has none."""
    answers: Sequence[Any]
    """Each picture's, as the judge records it."""
    outputs: Sequence[str]
    """Hashes of the first pictures' raw outputs."""

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for the manifest."""
        values = asdict(self)
        return values | {"costs": {name: _packed(costs) for name, costs in self.costs.items()}}

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> "Proof":
        """The inverse of `to_dict`.

        Raises:
            ManifestError: it isn't one.
        """
        try:
            costs = {name: tuple(map(int, text.split())) for name, text in values["costs"].items()}
            return Proof(**{**values, "costs": costs})
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ManifestError(
                f"the model's record of its proof can't be read ({error!r}): export it again with this lpr-export"
            ) from error


def _packed(costs: Sequence[int]) -> str:
    return " ".join(map(str, costs))


def make_proof(verdict: Verdict, name: str, metrics: TaskMetrics, max_drop: float) -> Proof:
    """What a file is to remember of a verdict."""
    held_out, row, reference = verdict.held_out, verdict.proven_row(name), verdict.rows[0]
    return Proof(
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
    """What tells one held-out set from another: the hash of its contents' hashes, and how many cases they give."""
    joined = "\n".join([*sorted(held_out.contents), str(len(held_out.cases))])
    return hashlib.sha256(joined.encode()).hexdigest()


def output_hashes(subject: Subject) -> tuple[str, ...]:
    """Short hashes of the raw outputs of the first pictures: tell whether another machine computes the same bits."""
    raw = subject.raw[:HASHED_OUTPUTS]
    return tuple(hashlib.sha256(b"".join(a.tobytes() for a in outputs)).hexdigest()[:8] for outputs in raw)


def read_proofs(manifest: Manifest) -> list[Proof]:
    """The proofs in a manifest.

    Raises:
        ManifestError: one can't be read.
    """
    return [Proof.from_dict(values) for values in manifest.proofs]


def rows_of(verdict: Verdict, name: str) -> list[Row]:
    """A file's rows."""
    return [row for row in verdict.rows if row.subject.path.name == name]

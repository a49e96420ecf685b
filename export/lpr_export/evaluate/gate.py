"""The gate: decide whether converted files may be published, and which runtimes their manifests may name.

It checks four things: answers agree between runtimes, integers agree, metrics are those of float, and as many scores
pass each threshold as in float.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lpr_edge.runtimes.runtime import own_runtimes
from lpr_export.base.errors import ExportError
from lpr_export.evaluate.held_out import HeldOut
from lpr_export.evaluate.mcnemar import SIGNIFICANT, loss_p_value
from lpr_export.evaluate.parity import LsbDifference, Refusal, Subject, changed, compare_integers, measure
from lpr_export.evaluate.task_metrics import MetricValue, TaskMetrics
from lpr_export.evaluate.threshold_drift import ThresholdDrift, threshold_drift, threshold_level

PROVEN = ("litert", "onnxruntime")
"""Runtimes that must agree with each other; a disagreement in another one only removes it from the manifest."""
MAX_LSB_DIFFERENCE = 8
"""Largest difference of single integers, in LSB, where at most `MAX_DIFFERENT_SHARE` of them differ.

A sum that two runtimes round differently (`convert.add_scales`) is one LSB off; finer scales of later
layers make it more.
"""
MAX_DIFFERENT_SHARE = 0.001
"""Share of integers that may differ by more than one LSB: rounding changes few of them, a wrong scale nearly all."""


@dataclass(frozen=True)
class Row:
    """Results of one file in one runtime."""

    subject: Subject
    measures: tuple[MetricValue, ...]
    drops: tuple[float, ...]
    """Loss of each metric against float, in percentage points."""
    p_values: tuple[float, ...]
    """p-value of each loss (McNemar)."""
    changed: tuple[int, ...]
    """Indices of cases with another answer than the TFLite file of the same precision in the first runtime."""
    drift: ThresholdDrift | None
    """Drift of the decoding threshold against float; None without threshold."""

    def lost(self, max_drop: float) -> list[int]:
        """Indices of metrics whose loss is larger than allowed, and significant."""
        pairs = zip(self.drops, self.p_values, strict=True)
        return [i for i, (drop, p_value) in enumerate(pairs) if drop > max_drop and p_value <= SIGNIFICANT]


@dataclass(frozen=True)
class Verdict:
    """All comparisons on one held-out set, and the resulting faults."""

    held_out: HeldOut
    rows: tuple[Row, ...]
    """One per file and runtime; the first one is the reference, float TFLite."""
    lsb_differences: tuple[LsbDifference, ...]
    refusals: tuple[Refusal, ...]
    """Files that don't run correctly in a runtime, with the reason."""
    faults: tuple[str, ...]
    """Reasons against publication; empty if all checks pass."""

    def runtimes(self, name: str) -> tuple[str, ...]:
        """Runtimes in which a file passes."""
        refused = {refusal.runtime for refusal in self.refusals if refusal.path.name == name}
        found = [row.subject.runtime for row in self.rows if row.subject.path.name == name]
        return tuple(runtime for runtime in found if runtime not in refused)

    def checked_row(self, name: str) -> Row:
        """The row of a file in its first runtime, which its metrics come from."""
        return next(row for row in self.rows if row.subject.path.name == name)


def compare_files(
    subjects: Sequence[Subject], refusals: Sequence[Refusal], held_out: HeldOut, metrics: TaskMetrics, max_drop: float
) -> Verdict:
    """Compare all files on one held-out set, after `run_cases`.

    Args:
        subjects: each file in every runtime that opened it; the float TFLite file is the first.
        refusals: the files that a runtime couldn't open.
        held_out: the cases.
        metrics: those of the network's kind.
        max_drop: allowed loss of any metric against float, in percentage points.
    """
    firsts = _firsts(subjects)
    measures = [measure(subject, held_out.cases, metrics) for subject in subjects]
    rows = [
        _row(subject, subjects[0], now, measures[0], changed(firsts[subject.precision], subject, metrics))
        for subject, now in zip(subjects, measures, strict=True)
    ]
    lsb_differences = _lsb_differences(subjects, firsts)
    faults: list[str] = []
    refused: list[Refusal] = []
    for row in rows:
        wrong = _losses(row, rows[0], max_drop)
        if _must_hold(row.subject, firsts):
            faults += wrong
        else:
            refused += [Refusal(row.subject.path, row.subject.runtime, why) for why in wrong[:1]]
    faults += _disagreements(rows, firsts, held_out, metrics) + rounding_faults(lsb_differences)
    return Verdict(held_out, tuple(rows), tuple(lsb_differences), (*refusals, *refused), tuple(faults))


def _firsts(subjects: Sequence[Subject]) -> dict[str, Subject]:
    """Precision -> its TFLite file in the first runtime that opened it: what other formats are compared with."""
    firsts: dict[str, Subject] = {}
    for subject in subjects:
        if subject.path.suffix == ".tflite":
            firsts.setdefault(subject.precision, subject)
    return firsts


def _must_hold(subject: Subject, firsts: dict[str, Subject]) -> bool:
    return subject.runtime in PROVEN or subject in firsts.values()


def _row(
    subject: Subject,
    reference: Subject,
    measures: Sequence[MetricValue],
    before: Sequence[MetricValue],
    different: list[int],
) -> Row:
    drops = tuple(now.drop(then) for now, then in zip(measures, before, strict=True))
    p_values = tuple(loss_p_value(then.costs, now.costs) for now, then in zip(measures, before, strict=True))
    return Row(subject, tuple(measures), drops, p_values, tuple(different), _threshold_drift(subject, reference))


def _threshold_drift(subject: Subject, reference: Subject) -> ThresholdDrift | None:
    card = subject.model.manifest
    before, now = threshold_level(card, reference.outputs()), threshold_level(card, subject.outputs())
    return threshold_drift(before.count, now) if before and now else None


def _losses(row: Row, reference: Row, max_drop: float) -> list[str]:
    found = [_describe_lost(row, reference, index, max_drop) for index in row.lost(max_drop)]
    return [
        *found,
        *([describe_drift(str(row.subject), row.drift)] if row.drift and row.drift.is_fault else []),
    ]


def _describe_lost(row: Row, reference: Row, index: int, max_drop: float) -> str:
    before, now = reference.measures[index], row.measures[index]
    return (
        f"{row.subject} loses {row.drops[index]:.2f} points of {now.metric.replace('_', ' ')} "
        f"({100 * before.value:.2f} % in float, {100 * now.value:.2f} % now, of {now.count}; by chance once in "
        f"{1 / row.p_values[index]:.3g} times), and --max-drop allows {max_drop:g}"
    )


def describe_drift(subject: str, moved: ThresholdDrift) -> str:
    """Describe a threshold drift as a fault."""
    return (
        f"{subject} scores otherwise than float: {moved.now} pass the threshold {moved.name} of {moved.value:g}, "
        f"{moved.before} did in float; it would have to be {moved.value + moved.moved:.2f}"
    )


def _disagreements(
    rows: Sequence[Row], firsts: dict[str, Subject], held_out: HeldOut, metrics: TaskMetrics
) -> list[str]:
    """Faults: ONNX files whose answers differ from TFLite's."""
    return [
        _describe_changed(row, firsts[row.subject.precision], held_out, metrics)
        for row in rows
        if row.changed and row.subject.runtime in PROVEN
    ]


def _describe_changed(row: Row, first: Subject, held_out: HeldOut, metrics: TaskMetrics) -> str:
    case = held_out.cases[row.changed[0]]
    answers = [metrics.show(one.answers[row.changed[0]]) for one in (first, row.subject)]
    return (
        f"{row.subject} answers {len(row.changed)} of {len(held_out.cases)} pictures otherwise than {first}: "
        f"{answers[1]} instead of {answers[0]} for {case.name}"
    )


def _lsb_differences(subjects: Sequence[Subject], firsts: dict[str, Subject]) -> list[LsbDifference]:
    others = [s for s in subjects if s.precision == "int8" and s is not firsts["int8"]]
    return [compare_integers(firsts[other.precision], other) for other in others]


def rounding_faults(lsb_differences: Iterable[LsbDifference]) -> list[str]:
    """Faults: runtimes of `PROVEN` whose integers differ by more than rounding explains."""
    return [
        _describe_too_far(pair)
        for pair in lsb_differences
        if {pair.a.runtime, pair.b.runtime} <= set(PROVEN) and exceeds_rounding(pair)
    ]


def exceeds_rounding(pair: LsbDifference) -> bool:
    """Whether two runtimes' integers differ more than rounding explains."""
    return pair.largest > MAX_LSB_DIFFERENCE or (pair.largest > 1 and pair.share > MAX_DIFFERENT_SHARE)


def _describe_too_far(pair: LsbDifference) -> str:
    return (
        f"{pair.b} gives {100 * pair.share:.2f} % of its integers otherwise than {pair.a}, up to {pair.largest} steps "
        f"off; allowed is 1 step, or {MAX_LSB_DIFFERENCE} in {100 * MAX_DIFFERENT_SHARE:g} %"
    )


def check_openable(subjects: Sequence[Subject], refusals: Sequence[Refusal]) -> None:
    """Check that each file opens in the runtime that it is evaluated in.

    Raises:
        ExportError: a file opens nowhere, or ONNX Runtime, which proves the twin, doesn't take it.
    """
    opened = {(subject.path, subject.runtime) for subject in subjects}
    for path in dict.fromkeys(refusal.path for refusal in refusals):
        here = [refusal for refusal in refusals if refusal.path == path]
        able = [runtime.name for runtime in own_runtimes() if path.suffix in runtime.suffixes]
        needed = ["onnxruntime"] if path.suffix == ".onnx" else able
        if not any((path, name) in opened for name in needed):
            why = "; ".join(refusal.why for refusal in here if refusal.runtime in needed)
            raise ExportError(f"{path.name} can't be evaluated, because no installed runtime runs it: {why}")

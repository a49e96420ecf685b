"""The verdict: may these files replace the older ones, and which runtimes may they claim?"""

from collections.abc import Sequence
from dataclasses import dataclass

from lpr_edge.runtimes import RUNTIMES
from lpr_export.errors import ExportError
from lpr_export.held_out import HeldOut
from lpr_export.judges import Judge, Measure
from lpr_export.parity import Refusal, Steps, Subject, changed, compare_integers, measure

PROVEN = ("litert", "onnxruntime")
"""The runtimes that must agree: on one machine they were seen to do so to the last bit, most of the time."""
MOST_STEPS = 16
"""How far their integers may be apart. Halves rounded otherwise in one addition grow on their way through the next
layers: up to 7 steps were seen on a trained reader; a wrong scale gives dozens. Changed texts are a fault at any."""


@dataclass(frozen=True)
class Row:
    """One file in one runtime, scored."""

    subject: Subject
    measures: tuple[Measure, ...]
    drops: tuple[float, ...]
    """Points lost against the float reference, a metric."""
    changed: int
    """Answers that differ from the TFLite file of the same precision in the first runtime."""


@dataclass(frozen=True)
class Verdict:
    """All that was compared, and what follows from it."""

    rows: tuple[Row, ...]
    """The first is the reference: float TFLite."""
    steps: tuple[Steps, ...]
    refusals: tuple[Refusal, ...]
    """Files and runtimes that don't go together, with the reason."""
    faults: tuple[str, ...]
    """Why nothing may be published; empty where all is well."""

    def runtimes(self, name: str) -> tuple[str, ...]:
        """The runtimes that a file may claim."""
        refused = {refusal.runtime for refusal in self.refusals if refusal.path.name == name}
        found = [row.subject.runtime for row in self.rows if row.subject.path.name == name]
        return tuple(runtime for runtime in found if runtime not in refused)


def judge_all(
    subjects: Sequence[Subject], refusals: Sequence[Refusal], held_out: HeldOut, judge: Judge, max_drop: float
) -> Verdict:
    """Compare the subjects, which have answered every case.

    Args:
        subjects: the float TFLite file's first; each file in every runtime that opened it.
        refusals: the files that a runtime couldn't open.
        held_out: the cases.
        judge: of the network's kind.
        max_drop: points of any metric that may be lost against the float reference.
    """
    firsts = _firsts(subjects)
    rows = [_row(subject, subjects[0], firsts[subject.precision], held_out, judge) for subject in subjects]
    worse = [row for row in rows if max(row.drops) > max_drop]
    lost = [_lost(row, rows[0], max_drop) for row in worse if _must_hold(row.subject, firsts)]
    refused = [
        Refusal(row.subject.path, row.subject.runtime, _lost(row, rows[0], max_drop))
        for row in worse
        if not _must_hold(row.subject, firsts)
    ]
    steps = _steps(subjects, firsts, held_out)
    faults = lost + _disagreements(subjects, firsts, held_out, judge) + _too_far(steps)
    return Verdict(tuple(rows), tuple(steps), (*refusals, *refused), tuple(faults))


def _firsts(subjects: Sequence[Subject]) -> dict[str, Subject]:
    """The TFLite file of each precision in the first runtime that opened it: what the others are compared with."""
    firsts: dict[str, Subject] = {}
    for subject in subjects:
        if subject.path.suffix == ".tflite":
            firsts.setdefault(subject.precision, subject)
    return firsts


def _must_hold(subject: Subject, firsts: dict[str, Subject]) -> bool:
    return subject.runtime in PROVEN or subject in firsts.values()


def _row(subject: Subject, reference: Subject, first: Subject, held_out: HeldOut, judge: Judge) -> Row:
    measures = measure(subject, held_out.cases, judge)
    before = measure(reference, held_out.cases, judge)
    drops = tuple(now.drop(then) for now, then in zip(measures, before, strict=True))
    return Row(subject, tuple(measures), drops, len(changed(first, subject, judge)))


def _lost(row: Row, reference: Row, max_drop: float) -> str:
    index = max(range(len(row.drops)), key=row.drops.__getitem__)
    before, now = reference.measures[index], row.measures[index]
    return (
        f"{row.subject} loses {row.drops[index]:.2f} points of {now.metric.replace('_', ' ')} "
        f"({100 * before.value:.2f} % in float, {100 * now.value:.2f} % now, of {now.count}), "
        f"and --max-drop allows {max_drop:g}"
    )


def _disagreements(
    subjects: Sequence[Subject], firsts: dict[str, Subject], held_out: HeldOut, judge: Judge
) -> list[str]:
    """Where ONNX answers otherwise than TFLite."""
    faults = []
    for subject in subjects:
        first = firsts[subject.precision]
        different = changed(first, subject, judge) if subject.runtime in PROVEN else []
        if different:
            case = held_out.cases[different[0]]
            said = [judge.show(one.answers[different[0]]) for one in (first, subject)]
            faults.append(
                f"{subject} answers {len(different)} of {len(held_out.cases)} pictures otherwise than {first}: "
                f"{said[1]} instead of {said[0]} for {case.name}"
            )
    return faults


def _steps(subjects: Sequence[Subject], firsts: dict[str, Subject], held_out: HeldOut) -> list[Steps]:
    others = [s for s in subjects if s.precision == "int8" and s is not firsts["int8"]]
    return [compare_integers(firsts[other.precision], other, held_out.cases) for other in others]


def _too_far(steps: Sequence[Steps]) -> list[str]:
    proven = [pair for pair in steps if {pair.a.runtime, pair.b.runtime} <= set(PROVEN)]
    return [
        f"{pair.b} gives integers up to {pair.largest} steps off those of {pair.a}, and {MOST_STEPS} is allowed"
        for pair in proven
        if pair.largest > MOST_STEPS
    ]


def check_openable(subjects: Sequence[Subject], refusals: Sequence[Refusal]) -> None:
    """See that each file opens in the runtime that it is measured in.

    Raises:
        ExportError: a file opens nowhere, or ONNX Runtime, which proves the twin, doesn't take it.
    """
    opened = {(subject.path, subject.runtime) for subject in subjects}
    for path in dict.fromkeys(refusal.path for refusal in refusals):
        here = [refusal for refusal in refusals if refusal.path == path]
        able = [name for name, (suffix, _) in RUNTIMES.items() if suffix == path.suffix]
        needed = ["onnxruntime"] if path.suffix == ".onnx" else able
        if not any((path, name) in opened for name in needed):
            why = "; ".join(refusal.why for refusal in here if refusal.runtime in needed)
            raise ExportError(f"{path.name} can't be proved, as nothing runs it: {why}")

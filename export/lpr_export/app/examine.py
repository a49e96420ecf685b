"""Stage what was converted, and find out what is true of it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from lpr_edge.runtimes.opening import open_model
from lpr_export.base.options import SUFFIXES, Wish
from lpr_export.base.run_folder import Run
from lpr_export.calibration.representative_set import Calibration
from lpr_export.calibration.split_half import Stability, compare_halves
from lpr_export.convert.converted import Conversion, Converted
from lpr_export.evaluate.float_quality import find_weaknesses
from lpr_export.evaluate.gate import Verdict, check_openable, judge_all
from lpr_export.evaluate.held_out import Case, HeldOut
from lpr_export.evaluate.layer_error import Explained, Trial, explain
from lpr_export.evaluate.parity import Progress, Subject, ask, open_everywhere
from lpr_export.evaluate.task_metrics import JUDGES
from lpr_export.onnx.first_divergence import Parting, find_parting
from lpr_export.publish.files import draft
from lpr_export.publish.runtime_support import check_operators, loading
from lpr_export.report.report_data import Findings

TRACED = 8
"""Pictures on which the first operator to part is looked for."""


def examine(
    made: Conversion,
    folder: Path,
    calibration: Calibration,
    sets: Sequence[HeldOut],
    run: Run,
    wish: Wish,
    progress: Progress,
    caveats: Sequence[str] = (),
) -> Findings:
    """Stage every file, and see what is true of what it claims; `caveats` are what was waived before."""
    facts = {**calibration.to_dict(), "float_layers": list(wish.float_layers)}
    drafts = [
        draft(run.card, one, suffix, facts)
        for one in made.files
        for suffix in SUFFIXES
        if suffix == ".tflite" or (one.onnx is not None and one.precision in wish.precisions)
    ]
    operators = check_operators(drafts, wish.float_layers)
    subjects, refusals = open_everywhere([one.write(folder) for one in drafts])
    check_openable(subjects, refusals)
    judge = JUDGES[run.card.kind]
    verdicts = []
    for held_out in sets:
        asked = [subject.again() for subject in subjects]
        ask(asked, held_out.cases, judge, progress)
        verdicts.append(judge_all(asked, refusals, held_out, judge, wish.max_drop))
    weaknesses, waived = _weaknesses(verdicts, run, wish)
    return Findings(
        run.card,
        calibration,
        wish.max_drop,
        tuple(drafts),
        tuple(verdicts),
        _stability(made, folder, sets[0], run, wish),
        _parting(made, verdicts[0]),
        loading(drafts, operators, subjects, verdicts[0].refusals),
        _explained(made, verdicts[0], folder, run, wish, progress),
        weaknesses,
        (*caveats, *waived),
    )


def _weaknesses(verdicts: Sequence[Verdict], run: Run, wish: Wish) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What is wrong with the float network: what stops the export, and what a lower `--min-accuracy` lets pass."""
    judge = JUDGES[run.card.kind]
    by_default = [why for verdict in verdicts for why in find_weaknesses(verdict, run.card, judge, None)]
    if wish.min_accuracy is None:
        return tuple(by_default), ()
    if wish.min_accuracy == 0:
        return (), tuple(by_default)
    wished = [why for verdict in verdicts for why in find_weaknesses(verdict, run.card, judge, wish.min_accuracy)]
    return tuple(wished), tuple(why for why in by_default if why not in wished)


def _stability(made: Conversion, folder: Path, held_out: HeldOut, run: Run, wish: Wish) -> Stability | None:
    """Compare what the halves of the representative data set give; None where nothing was calibrated."""
    if not made.halves:
        return None
    subjects = [_open_aside(half.converted, folder, f"half{n}", run) for n, half in enumerate(made.halves, 1)]
    ask(subjects, held_out.cases, JUDGES[run.card.kind])
    return compare_halves(made.halves, subjects, held_out, JUDGES[run.card.kind], wish.max_drop)


def _open_aside(converted: Converted, folder: Path, name: str, run: Run) -> Subject:
    """A TFLite file that is measured and never published."""
    aside = folder / "aside"
    aside.mkdir(exist_ok=True)
    card = replace(run.card, name=f"{run.card.name}-{name}")
    path = draft(card, converted, ".tflite", {}).write(aside)
    return Subject(path, open_model(path))


def _parting(made: Conversion, verdict: Verdict) -> Parting | None:
    """The first operator where LiteRT and ONNX Runtime part, where they do."""
    for pair in verdict.steps:
        if (pair.a.runtime, pair.b.runtime) == ("litert", "onnxruntime") and pair.largest:
            card = pair.a.model.manifest
            pictures = [case.pixels(card) for case in _where_apart(pair.a, pair.b, verdict)[:TRACED]]
            return find_parting(
                pair.a.path, pair.b.path, made.tensors_of("int8"), pictures, [o.role for o in card.outputs]
            )
    return None


def _where_apart(a: Subject, b: Subject, verdict: Verdict) -> list[Case]:
    """The cases whose integers differ."""
    pairs = zip(a.steps_by_picture(), b.steps_by_picture(), verdict.held_out.cases, strict=False)
    return [case for x, y, case in pairs if any((p != q).any() for p, q in zip(x, y, strict=True))]


def _explained(
    made: Conversion, verdict: Verdict, folder: Path, run: Run, wish: Wish, progress: Progress
) -> Explained | None:
    if not wish.explain:
        return None
    size = next(len(one.tflite) for one in made.files if one.precision == "int8")
    trials = {
        layer: Trial(_open_aside(one, folder, f"trial{number}", run), len(one.tflite) - size)
        for number, (layer, one) in enumerate(made.trials.items())
    }
    calibrated = folder / "aside" / "calibrated.tflite"
    calibrated.write_bytes(made.calibrated)
    return explain(trials, verdict, calibrated, JUDGES[run.card.kind], progress)

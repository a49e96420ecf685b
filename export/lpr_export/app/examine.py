"""Write the converted files into a staging folder and evaluate them."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from lpr_edge.runtimes.opening import open_model
from lpr_export.base.options import SUFFIXES, ExportOptions
from lpr_export.base.run_folder import Run
from lpr_export.calibration.representative_set import RepresentativeSet
from lpr_export.calibration.split_half import SplitHalfStability, compare_halves
from lpr_export.convert.converted import Conversion, Converted
from lpr_export.evaluate.float_quality import find_weaknesses
from lpr_export.evaluate.gate import Verdict, check_openable, compare_files
from lpr_export.evaluate.held_out import Case, HeldOut
from lpr_export.evaluate.layer_error import LayerErrors, Trial, explain
from lpr_export.evaluate.parity import Progress, Subject, open_everywhere, run_cases
from lpr_export.evaluate.task_metrics import TASK_METRICS
from lpr_export.onnx.first_divergence import Divergence, find_divergence
from lpr_export.publish.files import draft
from lpr_export.publish.runtime_support import check_operators, runtime_support
from lpr_export.report.report_data import Findings

DIVERGENCE_PICTURES = 8
"""Number of pictures on which the first divergent operator is searched."""


def examine(
    made: Conversion,
    folder: Path,
    calibration: RepresentativeSet,
    sets: Sequence[HeldOut],
    run: Run,
    options: ExportOptions,
    progress: Progress,
    caveats: Sequence[str] = (),
) -> Findings:
    """Write every file to the staging folder, compare all of them with the float network, and collect the results.

    Args:
        made: the converted network.
        folder: the staging folder.
        calibration: the representative data set that was used.
        sets: the held-out sets; the first one decides split-half stability and layer errors.
        run: the training run.
        options: what the user asked for.
        progress: wraps the pictures, for a progress bar.
        caveats: checks that an option has switched off so far.
    """
    facts = {**calibration.to_dict(), "float_layers": list(options.float_layers)}
    drafts = [
        draft(run.card, one, suffix, facts)
        for one in made.files
        for suffix in SUFFIXES
        if suffix == ".tflite" or (one.onnx is not None and one.precision in options.precisions)
    ]
    operators = check_operators(drafts, options.float_layers)
    subjects, refusals = open_everywhere([one.write(folder) for one in drafts])
    check_openable(subjects, refusals)
    metrics = TASK_METRICS[run.card.kind]
    verdicts = []
    for held_out in sets:
        tested = [subject.fresh() for subject in subjects]
        run_cases(tested, held_out.cases, metrics, progress)
        verdicts.append(compare_files(tested, refusals, held_out, metrics, options.max_drop))
    weaknesses, waived = _weaknesses(verdicts, run, options)
    return Findings(
        run.card,
        calibration,
        options.max_drop,
        tuple(drafts),
        tuple(verdicts),
        _stability(made, folder, sets[0], run, options),
        _divergence(made, verdicts[0]),
        runtime_support(drafts, operators, subjects, verdicts[0].refusals),
        _layer_errors(made, verdicts[0], folder, run, options, progress),
        weaknesses,
        (*caveats, *waived),
    )


def _weaknesses(
    verdicts: Sequence[Verdict], run: Run, options: ExportOptions
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What is wrong with the float network: what stops the export, and what a lower `--min-accuracy` lets pass."""
    metrics = TASK_METRICS[run.card.kind]
    by_default = [why for verdict in verdicts for why in find_weaknesses(verdict, run.card, metrics, None)]
    if options.min_accuracy is None:
        return tuple(by_default), ()
    if options.min_accuracy == 0:
        return (), tuple(by_default)
    parsed = [why for verdict in verdicts for why in find_weaknesses(verdict, run.card, metrics, options.min_accuracy)]
    return tuple(parsed), tuple(why for why in by_default if why not in parsed)


def _stability(
    made: Conversion, folder: Path, held_out: HeldOut, run: Run, options: ExportOptions
) -> SplitHalfStability | None:
    """Compare the int8 files of both halves of the representative data set; None without int8."""
    if not made.halves:
        return None
    subjects = [_open_aside(half.converted, folder, f"half{n}", run) for n, half in enumerate(made.halves, 1)]
    run_cases(subjects, held_out.cases, TASK_METRICS[run.card.kind])
    return compare_halves(made.halves, subjects, held_out, TASK_METRICS[run.card.kind], options.max_drop)


def _open_aside(converted: Converted, folder: Path, name: str, run: Run) -> Subject:
    """Write a TFLite file that is measured but never published."""
    aside = folder / "aside"
    aside.mkdir(exist_ok=True)
    card = replace(run.card, name=f"{run.card.name}-{name}")
    path = draft(card, converted, ".tflite", {}).write(aside)
    return Subject(path, open_model(path))


def _divergence(made: Conversion, verdict: Verdict) -> Divergence | None:
    """The first operator where LiteRT and ONNX Runtime compute different integers; None if they agree."""
    for pair in verdict.lsb_differences:
        if (pair.a.runtime, pair.b.runtime) == ("litert", "onnxruntime") and pair.largest:
            card = pair.a.model.manifest
            pictures = [case.pixels(card) for case in _where_apart(pair.a, pair.b, verdict)[:DIVERGENCE_PICTURES]]
            return find_divergence(
                pair.a.path, pair.b.path, made.tensors_of("int8"), pictures, [o.role for o in card.outputs]
            )
    return None


def _where_apart(a: Subject, b: Subject, verdict: Verdict) -> list[Case]:
    """Cases for which two files give different integers."""
    pairs = zip(a.integers_by_picture(), b.integers_by_picture(), verdict.held_out.cases, strict=False)
    return [case for x, y, case in pairs if any((p != q).any() for p, q in zip(x, y, strict=True))]


def _layer_errors(
    made: Conversion, verdict: Verdict, folder: Path, run: Run, options: ExportOptions, progress: Progress
) -> LayerErrors | None:
    if not options.explain:
        return None
    size = next(len(one.tflite) for one in made.files if one.precision == "int8")
    trials = {
        layer: Trial(_open_aside(one, folder, f"trial{number}", run), len(one.tflite) - size)
        for number, (layer, one) in enumerate(made.trials.items())
    }
    calibrated = folder / "aside" / "calibrated.tflite"
    calibrated.write_bytes(made.calibrated)
    return explain(trials, verdict, calibrated, TASK_METRICS[run.card.kind], progress)

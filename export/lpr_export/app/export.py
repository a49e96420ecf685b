"""Export one training run: convert, evaluate in a staging folder, publish."""

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lpr_edge.contract.run.folder import HELD_OUT
from lpr_edge.contract.run.model_types import MODEL_TYPES
from lpr_edge.runtimes.opening import open_model
from lpr_export.app.examine import examine
from lpr_export.base.errors import ExportError, GateError
from lpr_export.base.options import ExportOptions
from lpr_export.base.run_folder import Run
from lpr_export.calibration.confidence import with_confidence
from lpr_export.calibration.representative_set import (
    EvaluationPictures,
    RepresentativeSet,
    check_calibration,
    check_disjoint,
)
from lpr_export.calibration.sampling import draw_from_data, draw_from_run
from lpr_export.convert.convert import convert
from lpr_export.convert.worker import Worker
from lpr_export.evaluate.evidence import make_evaluation_record
from lpr_export.evaluate.held_out import HeldOut, check_size, held_out_of_data, held_out_of_run
from lpr_export.evaluate.parity import Progress
from lpr_export.evaluate.task_metrics import TASK_METRICS, what_it_fails_at
from lpr_export.publish.files import Draft, publish, staging
from lpr_export.publish.verify import samples_name
from lpr_export.report.page import write_page
from lpr_export.report.report import metrics_of, table, write_report
from lpr_export.report.report_data import Findings


@dataclass(frozen=True)
class Exported:
    """The published files of one run."""

    kind: str
    paths: tuple[Path, ...]
    table: str
    useless: str = ""
    """What the network fails at altogether, such as a recall of 0; empty for one that is of use."""


def export(run: Run, options: ExportOptions, worker: Worker, progress: Progress = iter) -> Exported:
    """Convert a run, compare its files with the float network, and publish them if they pass.

    Args:
        run: folder and card of the network.
        options: what to write, and where.
        worker: the process that converts.
        progress: wraps the cases that are compared, to show how far it is.

    Raises:
        GateError: they are worse than the float network; files of an earlier export stay.
        LprError: an input can't be used.
    """
    run = with_confidence(run, options.confidence if MODEL_TYPES[run.card.kind].has_confidence else None)
    calibration, sets, caveats = _pictures(run, options)
    # The float TFLite file is what all others are measured against, so it is made even when it isn't published.
    wanted = ("float32", *(precision for precision in options.precisions if precision != "float32"))
    made = worker.run(convert, run.network, run.card, calibration, wanted, options.float_layers, options.explain)
    with staging(options.out) as folder:
        findings = examine(made, folder, calibration, sets, run, options, progress, caveats)
        shown = table(findings)
        if findings.faults:
            kept = _report(findings, folder, options.out, ".failed")
            raise GateError(_refusal(run, findings, kept), shown)
        final = _finish(findings, folder, options)
        reports = _report(findings, folder, None, "", final)
        published = publish([*final, *_held_out_pictures(run, folder), *reports], options.out)
        for path in _failed_reports(options.out, run.card.name):
            path.unlink(missing_ok=True)
    measures = [measure for verdict in findings.verdicts for measure in verdict.rows[0].measures]
    return Exported(run.card.kind, tuple(published), shown, what_it_fails_at(measures))


def _pictures(run: Run, options: ExportOptions) -> tuple[RepresentativeSet, list[HeldOut], tuple[str, ...]]:
    """The representative data set, the held-out sets, which share no picture with it, and caveats."""
    own = [held_out_of_run(run)] if options.data is None or (run.folder / HELD_OUT).is_file() else []
    sets = [held_out_of_data(run.card, options.data, run.seen()), *own] if options.data else own
    measured = [EvaluationPictures(held_out.sha256, frozenset(held_out.input_hashes(run.card))) for held_out in sets]
    together = EvaluationPictures.of(measured)
    caveats = (*check_size(together.inputs, run.card.name, options.allow_small), *_report_learnt(run, sets))
    if options.data is None:
        calibration = draw_from_run(run)
    else:
        calibration = draw_from_data(run.card, options.data, options.seed, options.count, together)
    check_calibration(calibration, (*run.card.input.size_hw, run.card.input.channels))
    for held_out, pictures in zip(sets, measured, strict=True):
        check_disjoint(calibration, pictures, f"the {held_out.split} pictures of {held_out.data}")
    return calibration, sets, caveats


def _report_learnt(run: Run, sets: Sequence[HeldOut]) -> tuple[str, ...]:
    """Say how many held-out pictures the weights have learnt; the caveat, where nobody knows which."""
    for held_out in sets:
        if held_out.learnt:
            what = f"{held_out.learnt} {held_out.split} pictures of {held_out.data} were learnt by its weights"
            print(f"lpr-export: {run.card.name}: {what}: they are left out", file=sys.stderr)
    if run.card.training.get("init") and not run.seen().is_complete:
        return ("the weights that its training began from may have learnt the pictures that it is proved on",)
    return ()


def _finish(findings: Findings, folder: Path, options: ExportOptions) -> list[Path]:
    """Write the requested files with their metrics and supported runtimes, and run each once in each of these."""
    return [
        _finish_one(one, findings, folder)
        for one in findings.drafts
        if one.precision in options.precisions and one.suffix in options.suffixes
    ]


def _finish_one(one: Draft, findings: Findings, folder: Path) -> Path:
    metrics = TASK_METRICS[findings.card.kind]
    measured = tuple(metric for verdict in findings.verdicts for metric in metrics_of(verdict, one.name))
    claims = findings.runtimes(one.name)
    proofs = tuple(
        make_evaluation_record(verdict, one.name, metrics, findings.max_drop).to_dict() for verdict in findings.verdicts
    )
    manifest = replace(one.manifest, metrics=measured, runtimes=claims, proofs=proofs, caveats=findings.caveats)
    path = replace(one, manifest=manifest).write(folder)
    for runtime in claims:
        open_model(path, runtime)
    return path


def _held_out_pictures(run: Run, folder: Path) -> list[Path]:
    """Copy the run's held-out pictures next to the files, so that any device can repeat the gate."""
    source = run.folder / HELD_OUT
    return [Path(shutil.copyfile(source, folder / samples_name(run.card)))] if source.is_file() else []


def _report(findings: Findings, folder: Path, out: Path | None, mark: str, files: Sequence[Path] = ()) -> list[Path]:
    """Write the report as JSON and as HTML; returns both paths, in `out` if that is given."""
    paths = [folder / f"{findings.card.name}{mark}.report{suffix}" for suffix in (".json", ".html")]
    write_report(paths[0], findings, files)
    write_page(paths[1], findings)
    return [path.replace(out / path.name) for path in paths] if out else paths


def _failed_reports(out: Path, name: str) -> list[Path]:
    return [out / f"{name}.failed.report{suffix}" for suffix in (".json", ".html")]


def _refusal(run: Run, findings: Findings, report: Sequence[Path]) -> str:
    more = f" (and {len(findings.faults) - 1} more)" if len(findings.faults) > 1 else ""
    return (
        f"{run.card.name} isn't exported: {findings.faults[0]}{more}. Older files stay as they were; see {report[-1]}"
    )


def check_confidence(runs: Sequence[Run], options: ExportOptions) -> None:
    """Refuse a confidence file that isn't for exactly one reader.

    Raises:
        ExportError: it isn't.
    """
    readers = [run for run in runs if MODEL_TYPES[run.card.kind].has_confidence]
    if options.confidence and len(readers) != 1:
        raise ExportError(f"--confidence is for one reader, and the runs given hold {len(readers)}: export it apart")


def check_names(runs: Sequence[Run]) -> None:
    """Refuse two runs whose files would have the same names.

    Raises:
        ExportError: there are two.
    """
    names = [run.card.name for run in runs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ExportError(
            f"two runs are called {twice[0]!r}, so one's files would replace the other's: export them apart"
        )

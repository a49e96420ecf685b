"""One run's export: convert, stage, prove, publish."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lpr_edge.runtimes import open_model
from lpr_export.calibration import Calibration, check_calibration, check_disjoint
from lpr_export.convert import Conversion, Converted, convert
from lpr_export.drawing import draw_from_data, draw_from_run
from lpr_export.errors import ExportError, GateError
from lpr_export.explain import Explained, Trial, explain
from lpr_export.files import SUFFIXES, Draft, draft, publish, staging
from lpr_export.findings import Findings
from lpr_export.gate import Verdict, check_openable, judge_all
from lpr_export.held_out import HeldOut, held_out_of_data, held_out_of_run
from lpr_export.judges import JUDGES
from lpr_export.loading import check_operators, loading
from lpr_export.page import write_page
from lpr_export.parity import Progress, Subject, ask, open_everywhere
from lpr_export.proof import prove
from lpr_export.report import metrics_of, table, write_report
from lpr_export.run_folder import HELD_OUT, Run
from lpr_export.stability import Stability, compare_halves
from lpr_export.trace import Parting, find_parting
from lpr_export.verify import samples_name
from lpr_export.worker import Worker

TRACED = 8
"""Pictures on which the first operator to part is looked for."""


@dataclass(frozen=True)
class Wish:
    """What a person asked for."""

    precisions: tuple[str, ...]
    """Of `convert.PRECISIONS`: what is published."""
    out: Path
    data: Path | None
    """A data folder to calibrate and measure on, beside the run's own held-out pictures."""
    max_drop: float
    """Points of any metric that may be lost."""
    seed: int
    """Of the draw from `data`."""
    count: int = 500
    """Pictures drawn from `data`."""
    suffixes: tuple[str, ...] = SUFFIXES
    """Of the files that are published."""
    float_layers: tuple[str, ...] = ()
    """Layers of the int8 file that stay in float."""
    explain: bool = False
    """Whether to find each layer's error and cost."""


@dataclass(frozen=True)
class Exported:
    """Files that were proved and published."""

    kind: str
    paths: tuple[Path, ...]
    table: str


def export(run: Run, wish: Wish, worker: Worker, progress: Progress = iter) -> Exported:
    """Convert a run, prove the files, and only then put them in place.

    Raises:
        GateError: they are worse than the float network; older files stay as they were.
        LprError: something that was given can't be used.
    """
    calibration, sets = _pictures(run, wish)
    # The float TFLite file is what all others are measured against, so it is made even when it isn't published.
    wanted = ("float32", *(precision for precision in wish.precisions if precision != "float32"))
    made = worker.run(convert, run.network, run.card, calibration, wanted, wish.float_layers, wish.explain)
    with staging(wish.out) as folder:
        findings = _find(made, folder, calibration, sets, run, wish, progress)
        shown = table(findings)
        if findings.faults:
            kept = _report(findings, folder, wish.out, ".failed")
            raise GateError(_refusal(run, findings, kept), shown)
        final = _finish(findings, folder, wish)
        reports = _report(findings, folder, None, "", final)
        published = publish([*final, *_held_out_pictures(run, folder), *reports], wish.out)
        for path in _failed_reports(wish.out, run.card.name):
            path.unlink(missing_ok=True)
    return Exported(run.card.kind, tuple(published), shown)


def _pictures(run: Run, wish: Wish) -> tuple[Calibration, list[HeldOut]]:
    """The representative data set and the held-out sets, which mustn't share a picture with it."""
    if wish.data is None:
        calibration, sets = draw_from_run(run), [held_out_of_run(run)]
    else:
        calibration = draw_from_data(run.card, wish.data, wish.seed, wish.count)
        sets = [held_out_of_data(run.card, wish.data)]
        sets += [held_out_of_run(run)] if (run.folder / HELD_OUT).is_file() else []
    check_calibration(calibration, (*run.card.input.size_hw, run.card.input.channels))
    for held_out in sets:
        check_disjoint(calibration, held_out.sha256, f"the {held_out.split} pictures of {held_out.data}")
    return calibration, sets


def _find(
    made: Conversion,
    folder: Path,
    calibration: Calibration,
    sets: Sequence[HeldOut],
    run: Run,
    wish: Wish,
    progress: Progress,
) -> Findings:
    """Stage every file, and see what is true of what it claims."""
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
    )


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


def _where_apart(a: Subject, b: Subject, verdict: Verdict) -> list[Any]:
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
    return explain(trials, verdict, folder, JUDGES[run.card.kind], progress)


def _finish(findings: Findings, folder: Path, wish: Wish) -> list[Path]:
    """Write the wished files again with what was measured and the runtimes that hold, and run each once in each."""
    return [
        _finish_one(one, findings, folder)
        for one in findings.drafts
        if one.precision in wish.precisions and one.suffix in wish.suffixes
    ]


def _finish_one(one: Draft, findings: Findings, folder: Path) -> Path:
    judge = JUDGES[findings.card.kind]
    own = [metric for verdict in findings.verdicts for metric in metrics_of(verdict, one.name)]
    claims = findings.runtimes(one.name)
    proofs = tuple(prove(verdict, one.name, judge, findings.max_drop).to_dict() for verdict in findings.verdicts)
    manifest = replace(one.manifest, metrics=(*own, *one.manifest.metrics), runtimes=claims, proofs=proofs)
    path = replace(one, manifest=manifest).write(folder)
    for runtime in claims:
        open_model(path, runtime)
    return path


def _held_out_pictures(run: Run, folder: Path) -> list[Path]:
    """The run's held-out pictures, to lie beside the files, so that any device can repeat the gate."""
    source = run.folder / HELD_OUT
    return [Path(shutil.copyfile(source, folder / samples_name(run.card)))] if source.is_file() else []


def _report(findings: Findings, folder: Path, out: Path | None, mark: str, files: Sequence[Path] = ()) -> list[Path]:
    """Write the report as JSON and as a page; into `out` where that is given."""
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

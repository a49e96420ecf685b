"""One run's export: convert, stage, prove, publish."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lpr_edge.runtimes import open_model
from lpr_export.calibration import Calibration, check_calibration, check_disjoint
from lpr_export.convert import convert
from lpr_export.drawing import draw_from_data, draw_from_run
from lpr_export.errors import ExportError, GateError
from lpr_export.files import SUFFIXES, Draft, draft, publish, staging
from lpr_export.gate import Verdict, check_openable, judge_all
from lpr_export.held_out import HeldOut, held_out_of_data, held_out_of_run
from lpr_export.judges import JUDGES
from lpr_export.parity import Progress, ask, open_everywhere
from lpr_export.report import metrics_of, table, write_report
from lpr_export.run_folder import Run
from lpr_export.worker import Worker


@dataclass(frozen=True)
class Wish:
    """What a person asked for."""

    precisions: tuple[str, ...]
    """Of `int8` and `float32`: what is published."""
    out: Path
    data: Path | None
    """A data folder to calibrate and measure on, instead of the run's own pictures."""
    max_drop: float
    """Points of any metric that may be lost."""
    seed: int
    """Of the draw from `data`."""


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
    calibration, held_out = _pictures(run, wish)
    # The float TFLite file is what all others are measured against, so it is made even when it isn't published.
    wanted = ("float32", *(precision for precision in wish.precisions if precision != "float32"))
    converted = worker.run(convert, run.network, run.card, calibration.pictures, wanted)
    drafts = [
        draft(run.card, one, suffix, calibration)
        for one in converted
        for suffix in SUFFIXES
        if one.precision in wish.precisions or suffix == ".tflite"
    ]
    with staging(wish.out) as folder:
        verdict = _prove(drafts, folder, held_out, wish, progress)
        shown = table(run.card.name, verdict, held_out)
        report = folder / f"{run.card.name}.report.json"
        if verdict.faults:
            write_report(report, verdict, held_out, calibration, wish.max_drop, ())
            raise GateError(_refusal(run, verdict, _keep_failed_report(report, wish.out)), shown)
        chosen = [one for one in drafts if one.precision in wish.precisions]
        final = [_finish(one, folder, verdict, held_out) for one in chosen]
        write_report(report, verdict, held_out, calibration, wish.max_drop, final)
        published = publish([*final, report], wish.out)
        _failed_report(wish.out, run.card.name).unlink(missing_ok=True)
    return Exported(run.card.kind, tuple(published), shown)


def _pictures(run: Run, wish: Wish) -> tuple[Calibration, HeldOut]:
    """The representative data set and the held-out cases, which mustn't share a picture."""
    if wish.data is None:
        calibration, held_out = draw_from_run(run), held_out_of_run(run)
    else:
        calibration, held_out = draw_from_data(run.card, wish.data, wish.seed), held_out_of_data(run.card, wish.data)
    check_calibration(calibration, (*run.card.input.size_hw, run.card.input.channels))
    check_disjoint(calibration, held_out.sha256, f"the {held_out.split} pictures of {held_out.data}")
    return calibration, held_out


def _prove(drafts: Sequence[Draft], folder: Path, held_out: HeldOut, wish: Wish, progress: Progress) -> Verdict:
    """Stage every file, and see what is true of what it claims."""
    judge = JUDGES[drafts[0].manifest.kind]
    subjects, refusals = open_everywhere([one.write(folder) for one in drafts])
    check_openable(subjects, refusals)
    ask(subjects, held_out.cases, judge, progress)
    return judge_all(subjects, refusals, held_out, judge, wish.max_drop)


def _finish(one: Draft, folder: Path, verdict: Verdict, held_out: HeldOut) -> Path:
    """Write a file again with what was measured and the runtimes that hold, and run it once in each."""
    own = metrics_of(verdict, held_out, one.precision, one.suffix)
    claims = verdict.runtimes(one.name)
    manifest = replace(one.manifest, metrics=(*own, *one.manifest.metrics), runtimes=claims)
    path = replace(one, manifest=manifest).write(folder)
    for runtime in claims:
        open_model(path, runtime)
    return path


def _refusal(run: Run, verdict: Verdict, report: Path) -> str:
    more = f" (and {len(verdict.faults) - 1} more)" if len(verdict.faults) > 1 else ""
    return f"{run.card.name} isn't exported: {verdict.faults[0]}{more}. Older files stay as they were; see {report}"


def _failed_report(out: Path, name: str) -> Path:
    return out / f"{name}.failed.report.json"


def _keep_failed_report(report: Path, out: Path) -> Path:
    return report.replace(_failed_report(out, report.name.removesuffix(".report.json")))


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

"""What an export tells: a table for the terminal, a JSON file beside the models, metrics for the manifest."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lpr_export.calibration import Calibration
from lpr_export.files import file_facts
from lpr_export.gate import Row, Verdict
from lpr_export.held_out import HeldOut
from lpr_export.parity import Steps


def metrics_of(verdict: Verdict, held_out: HeldOut, precision: str, suffix: str) -> list[dict[str, Any]]:
    """A file's own figures for its manifest, measured in the runtime it is proved in."""
    rows = [row for row in verdict.rows if row.subject.precision == precision and row.subject.path.suffix == suffix]
    return [
        {
            "data": held_out.data,
            "split": held_out.split,
            "metric": measure.metric,
            "value": round(measure.value, 6),
            "count": measure.count,
            "precision": precision,
            "runtime": rows[0].subject.runtime,
            "measured_by": "lpr-export",
        }
        for measure in rows[0].measures
    ]


def table(name: str, verdict: Verdict, held_out: HeldOut) -> str:
    """The comparison as text, one line a file and runtime."""
    heads = [measure.metric.replace("_", " ") for measure in verdict.rows[0].measures]
    lines = [["file", "runtime", "kB", *(f"{head} %" for head in heads), "drop", "changed"]]
    lines += [_cells(row, row is verdict.rows[0]) for row in verdict.rows]
    counts = ", ".join(f"{m.metric.replace('_', ' ')} of {m.count}" for m in verdict.rows[0].measures)
    title = f"{name}: {len(held_out.cases)} pictures, {held_out.data}, {held_out.split} ({counts})"
    notes = [*map(_say_steps, verdict.steps), *_say_refusals(verdict)]
    return "\n".join([title, *_aligned(lines), *notes])


def _cells(row: Row, is_reference: bool) -> list[str]:
    subject = row.subject
    size = f"{subject.path.stat().st_size / 1000:.1f}"
    scores = [f"{100 * measure.value:.2f}" for measure in row.measures]
    drop = "reference" if is_reference else f"{max(row.drops):+.2f}"
    version = f"{subject.runtime} {subject.model.runtime_version}"
    return [subject.path.name, version, size, *scores, drop, str(row.changed)]


def _aligned(lines: Sequence[Sequence[str]]) -> list[str]:
    """Columns as wide as their widest cell: text to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return [
        "  " + "  ".join(c.ljust(w) if n < 2 else c.rjust(w) for n, (c, w) in enumerate(zip(line, widths, strict=True)))
        for line in lines
    ]


def _say_steps(steps: Steps) -> str:
    pair = f"integers of {steps.b.path.name} in {steps.b.runtime} and {steps.a.path.name} in {steps.a.runtime}"
    if steps.largest == 0:
        return f"  {pair}: the same on {steps.pictures} pictures"
    unit = "step" if steps.largest == 1 else "steps"
    return f"  {pair}: at most {steps.largest} {unit} apart, {100 * steps.share:.2f} % of them differ"


def _say_refusals(verdict: Verdict) -> list[str]:
    return [f"  not claimed: {r.path.name} in {r.runtime}: {r.why}" for r in verdict.refusals]


def write_report(
    path: Path,
    verdict: Verdict,
    held_out: HeldOut,
    calibration: Calibration,
    max_drop: float,
    files: Sequence[Path],
) -> None:
    """Write the comparison as JSON; `passed` is the verdict, `faults` its reasons."""
    values = {
        "passed": not verdict.faults,
        "faults": verdict.faults,
        "max_drop_points": max_drop,
        "data": held_out.data,
        "split": held_out.split,
        "pictures": len(held_out.cases),
        "calibration": calibration.to_dict(),
        "rows": [_row(row) for row in verdict.rows],
        "integers": [_steps(steps) for steps in verdict.steps],
        "not_claimed": [{"file": r.path.name, "runtime": r.runtime, "why": r.why} for r in verdict.refusals],
        "files": {file.name: file_facts(file) for file in files},
    }
    path.write_text(json.dumps(values, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _row(row: Row) -> dict[str, Any]:
    subject = row.subject
    return {
        "file": subject.path.name,
        "precision": subject.precision,
        "runtime": subject.runtime,
        "runtime_version": subject.model.runtime_version,
        "metrics": {m.metric: {"value": round(m.value, 6), "count": m.count} for m in row.measures},
        "drop_points": {m.metric: round(drop, 4) for m, drop in zip(row.measures, row.drops, strict=True)},
        "changed_answers": row.changed,
    }


def _steps(steps: Steps) -> dict[str, Any]:
    return {
        "a": {"file": steps.a.path.name, "runtime": steps.a.runtime},
        "b": {"file": steps.b.path.name, "runtime": steps.b.runtime},
        "pictures": steps.pictures,
        "largest_steps": steps.largest,
        "share_different": round(steps.share, 6),
    }

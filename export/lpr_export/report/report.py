"""Output of an export: a table for the terminal, a JSON file next to the models, metrics for the manifest."""

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lpr_export.calibration.representative_set import RepresentativeSet
from lpr_export.calibration.split_half import MAX_RANGE_DIFFERENCE, SplitHalfStability
from lpr_export.evaluate.gate import Row, Verdict
from lpr_export.evaluate.mcnemar import min_significant_losses
from lpr_export.evaluate.parity import LsbDifference
from lpr_export.onnx.first_divergence import Divergence
from lpr_export.publish.files import file_facts
from lpr_export.publish.runtime_support import RuntimeSupport
from lpr_export.report.report_data import Findings
from lpr_export.report.text_table import format_table


def metrics_of(verdict: Verdict, name: str) -> list[dict[str, Any]]:
    """A file's metrics for its manifest, measured in its first runtime."""
    row = verdict.checked_row(name)
    return [
        {
            "data": verdict.held_out.data,
            "split": verdict.held_out.split,
            "metric": measure.metric,
            "value": round(measure.value, 6),
            "count": measure.count,
            "precision": row.subject.precision,
            "runtime": row.subject.runtime,
            "measured_by": "lpr-export",
        }
        for measure in row.measures
    ]


def table(findings: Findings) -> str:
    """The comparison as text: one line per file and runtime for each held-out set, then further results."""
    sets = [_table_of(findings.card.name, verdict) for verdict in findings.verdicts]
    return "\n".join([*sets, *other_notes(findings)])


def _table_of(name: str, verdict: Verdict) -> str:
    heads = [measure.metric.replace("_", " ") for measure in verdict.rows[0].measures]
    lines = [["file", "runtime", "kB", "ms", *(f"{head} %" for head in heads), "drop", "chance", "changed"]]
    lines += [_cells(row, row is verdict.rows[0]) for row in verdict.rows]
    counts = ", ".join(f"{m.metric.replace('_', ' ')} of {m.count}" for m in verdict.rows[0].measures)
    held_out = verdict.held_out
    title = f"{name}: {len(held_out.cases)} pictures, {held_out.data}, {held_out.split} ({counts})"
    shown = format_table(lines[0], lines[1:], left=2, indent="  ")
    return "\n".join([title, shown, *map(str, verdict.lsb_differences), *_describe_refusals(verdict)])


def _cells(row: Row, is_reference: bool) -> list[str]:
    subject = row.subject
    size = f"{subject.path.stat().st_size / 1000:.1f}"
    scores = [f"{100 * measure.value:.2f}" for measure in row.measures]
    worst_examples = max(range(len(row.drops)), key=row.drops.__getitem__)
    drop = "reference" if is_reference else f"{row.drops[worst_examples]:+.2f}"
    p_value = "" if is_reference else f"{row.p_values[worst_examples]:.2f}"
    version = f"{subject.runtime} {subject.model.runtime_version}"
    return [subject.path.name, version, size, f"{median_ms(row):.2f}", *scores, drop, p_value, str(len(row.changed))]


def median_ms(row: Row) -> float:
    """Median time of the network alone in milliseconds."""
    return statistics.median(row.subject.milliseconds)


def _describe_refusals(verdict: Verdict) -> list[str]:
    return [f"  not claimed: {r.path.name} in {r.runtime}: {r.why}" for r in verdict.refusals]


def other_notes(findings: Findings) -> list[str]:
    """Results that don't belong to one held-out set: divergence, split-half stability, thresholds, runtime support."""
    notes = [f"  caveat: {caveat}" for caveat in findings.caveats]
    notes += [_describe_refused(findings.calibration)] if findings.calibration.refused else []
    notes += [_describe_divergence(findings.divergence)] if findings.divergence else []
    notes += [_describe_stability(findings.stability)] if findings.stability else []
    notes += [f"  threshold {say}" for say in _describe_shifts(findings.verdicts[0])]
    notes += [_describe_unknown(one) for one in findings.runtime_support if one.unknown]
    notes.append(f"  fewer than {min_significant_losses()} newly wrong pictures are no significant loss")
    return notes + [
        _describe_oldest(name, findings.runtime_support)
        for name in dict.fromkeys(one.file for one in findings.runtime_support)
    ]


def _describe_refused(calibration: RepresentativeSet) -> str:
    return (
        f"  calibration: {calibration.refused} files of the training split were left out, as they are held out or also "
        "stand in another split"
    )


def _describe_divergence(divergence: Divergence) -> str:
    return (
        f"  the first divergence is at {divergence.operator} of layer {divergence.layer}: {divergence.largest} step(s) "
        f"in {100 * divergence.share:.4f} % of its integers, on {divergence.pictures} of "
        f"{divergence.looked_at} pictures that differ"
    )


def _describe_stability(stability: SplitHalfStability) -> str:
    drops = ", ".join(f"{metric.replace('_', ' ')} {drop:.2f} points" for metric, drop in stability.drops.items())
    return (
        f"  calibration: two halves of {stability.pictures} pictures differ by {100 * stability.apart:.0f} % in the "
        f"range of {stability.layer} ({100 * MAX_RANGE_DIFFERENCE:.0f} % allowed), and by {drops}"
    )


def _describe_shifts(verdict: Verdict) -> list[str]:
    return [
        f"{row.drift.name} {row.drift.value:g}: {row.drift.now} pass in {row.subject}, {row.drift.before} in float; "
        f"as many would at {row.drift.value + row.drift.moved:.3f}"
        for row in verdict.rows[1:]
        if row.drift
        and row.subject.path.name != verdict.rows[0].subject.path.name
        and row.subject is verdict.checked_row(row.subject.path.name).subject
    ]


def _describe_unknown(one: RuntimeSupport) -> str:
    return f"  {one.file} in {one.runtime}: too new are {', '.join(one.unknown[:3])}; {one.tried}"


def _describe_oldest(name: str, loadings: Sequence[RuntimeSupport]) -> str:
    mine = [one for one in loadings if one.file == name]
    able = [one.runtime for one in mine if one.is_able]
    oldest = f"TensorFlow {mine[0].oldest}, " if mine[0].oldest else ""
    tried = "; ".join(f"{one.runtime.split()[0]} {one.tried}" for one in mine)
    return f"  {name} runs from {oldest}{', '.join(able) or 'no runtime of the table'} on (tried: {tried})"


def write_report(path: Path, findings: Findings, files: Sequence[Path]) -> None:
    """Write everything as JSON; `passed` is the verdict, `faults` its reasons.

    Args:
        path: of the JSON file.
        findings: what the export found.
        files: the published files.
    """
    first = findings.verdicts[0]
    values = {
        "passed": not findings.faults,
        "faults": list(findings.faults),
        "caveats": list(findings.caveats),
        "max_drop_points": findings.max_drop,
        **_verdict(first),
        "other_sets": [_verdict(verdict) for verdict in findings.verdicts[1:]],
        "calibration": findings.calibration.to_dict(),
        "halves": asdict(findings.stability) if findings.stability else None,
        "first_to_part": asdict(findings.divergence) if findings.divergence else None,
        "loading": [asdict(one) for one in findings.runtime_support],
        "layers": [asdict(one) for one in findings.layer_errors.layers] if findings.layer_errors else None,
        "files": {file.name: file_facts(file) for file in files},
    }
    path.write_text(json.dumps(values, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _verdict(verdict: Verdict) -> dict[str, Any]:
    held_out = verdict.held_out
    return {
        "data": held_out.data,
        "split": held_out.split,
        "pictures": len(held_out.cases),
        "rows": [_row(row, verdict) for row in verdict.rows],
        "integers": [_lsb_differences(lsb_differences) for lsb_differences in verdict.lsb_differences],
        "not_claimed": [{"file": r.path.name, "runtime": r.runtime, "why": r.why} for r in verdict.refusals],
    }


def _row(row: Row, verdict: Verdict) -> dict[str, Any]:
    subject = row.subject
    names = [measure.metric for measure in row.measures]
    return {
        "file": subject.path.name,
        "precision": subject.precision,
        "runtime": subject.runtime,
        "runtime_version": subject.model.runtime_version,
        "bytes": subject.path.stat().st_size,
        "milliseconds": round(median_ms(row), 4),
        "metrics": {m.metric: {"value": round(m.value, 6), "count": m.count} for m in row.measures},
        "drop_points": {name: round(drop, 4) for name, drop in zip(names, row.drops, strict=True)},
        "chance": {name: round(p_value, 6) for name, p_value in zip(names, row.p_values, strict=True)},
        "threshold": asdict(row.drift) if row.drift else None,
        "changed_answers": len(row.changed),
        "changed": [verdict.held_out.cases[index].name for index in row.changed],
    }


def _lsb_differences(lsb_differences: LsbDifference) -> dict[str, Any]:
    return {
        "a": {"file": lsb_differences.a.path.name, "runtime": lsb_differences.a.runtime},
        "b": {"file": lsb_differences.b.path.name, "runtime": lsb_differences.b.runtime},
        "pictures": lsb_differences.pictures,
        "largest_steps": lsb_differences.largest,
        "share_different": round(lsb_differences.share, 6),
    }

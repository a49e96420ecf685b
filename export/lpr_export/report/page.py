"""The report as one self-contained HTML page."""

import json
from collections.abc import Sequence
from pathlib import Path

from lpr_edge.contract.report.html_page import (
    Picture,
    bar_chart,
    bullet_list,
    data_url,
    heading,
    histogram,
    make_page,
    paragraph,
    pictures,
    preformatted,
    table,
)
from lpr_edge.contract.run.model_types import MODEL_TYPES
from lpr_export.evaluate.gate import PROVEN, Row, Verdict
from lpr_export.evaluate.layer_error import Layer
from lpr_export.evaluate.output_diff import Example, confusions, differing_examples, score_differences, worst_examples
from lpr_export.report.report import median_ms, other_notes
from lpr_export.report.report_data import Findings

SCORE_RANGE = 0.1
"""Largest score difference with a bin of its own in the histogram."""


def write_page(path: Path, findings: Findings) -> None:
    """Write the report as HTML.

    Raises:
        LprError: a package for pages isn't installed.
    """
    parts = [_head(findings), *map(_set, findings.verdicts), _notes(findings)]
    parts += [_layers(findings.layer_errors.layers)] if findings.layer_errors else []
    parts += [_pictures(verdict) for verdict in findings.verdicts]
    parts.append(_manifest(findings))
    has_plate_texts = not all(label.isascii() for label in findings.card.labels)
    page = make_page(f"{findings.card.name}: lpr-export", *parts, has_plate_texts=has_plate_texts)
    path.write_text(page, encoding="utf-8")


def _head(findings: Findings) -> str:
    card, faults = findings.card, findings.faults
    height, width = card.input.size_hw
    about = paragraph(f"{card.kind}, {width} × {height} px", "note")
    if not faults:
        passed = paragraph("Passed: every file may be used as the float network.", "passed")
        return about + passed + (bullet_list(findings.caveats) if findings.caveats else "")
    return about + paragraph("Failed: nothing was published.", "failed") + bullet_list(faults)


def _set(verdict: Verdict) -> str:
    held_out = verdict.held_out
    metrics = verdict.rows[0].measures
    scored = [f"{one.metric.replace('_', ' ')} % (of {one.count})" for one in metrics]
    lost = [f"points lost, {one.metric.replace('_', ' ')} (p-value)" for one in metrics]
    head = ["file", "runtime", "kB", "ms", *scored, *lost, "changed"]
    notes = [
        *(str(pair).strip() for pair in verdict.lsb_differences),
        *(f"not claimed: {r.path.name} in {r.runtime}: {r.why}" for r in verdict.refusals),
    ]
    return (
        heading(f"{len(held_out.cases)} pictures: {held_out.data}, {held_out.split}")
        + table(head, [_cells(row, row is verdict.rows[0]) for row in verdict.rows])
        + bullet_list(notes)
        + _confusions(verdict)
        + _histogram(verdict)
    )


def _cells(row: Row, is_reference: bool) -> list[str]:
    subject = row.subject
    lost = [
        "reference" if is_reference else f"{drop:+.2f} ({p_value:.2f})"
        for drop, p_value in zip(row.drops, row.p_values, strict=True)
    ]
    return [
        subject.path.name,
        f"{subject.runtime} {subject.model.runtime_version}",
        f"{subject.path.stat().st_size / 1000:.1f}",
        f"{median_ms(row):.2f}",
        *(f"{100 * measure.value:.2f}" for measure in row.measures),
        *lost,
        str(len(row.changed)),
    ]


def _int8(verdict: Verdict) -> Row:
    """The row to compare with float: the first int8 one, or the last one without int8."""
    return next((row for row in verdict.rows if row.subject.precision == "int8"), verdict.rows[-1])


def _confusions(verdict: Verdict) -> str:
    row = _int8(verdict)
    found = confusions(verdict, row)[:20]
    title = heading(f"Answers that differ between float and {row.subject}", 3)
    if not found:
        return title + paragraph("None.") + _between_formats(verdict)
    rows = [(before or "nothing", now or "nothing", str(count)) for before, now, count in found]
    return title + table(["float", "now", "times"], rows) + _between_formats(verdict)


def _between_formats(verdict: Verdict) -> str:
    """Pictures with different answers of two formats."""
    wrong = [row for row in verdict.rows if row.changed and row.subject.runtime in PROVEN]
    examples = [_picture(example) for row in wrong for example in differing_examples(verdict, row)]
    return heading("Answers that differ between formats", 3) + pictures(examples) if wrong else ""


def _histogram(verdict: Verdict) -> str:
    row = _int8(verdict)
    values = score_differences(verdict, row)
    if not values.size:
        return ""
    title = heading(f"Score differences, {row.subject} minus float", 3)
    return title + histogram(values.tolist(), SCORE_RANGE) + paragraph(f"{values.size} scores of 0.05 and more", "note")


def _notes(findings: Findings) -> str:
    drawn = findings.calibration
    first = f"calibrated on {len(drawn.pictures)} pictures, {drawn.source}, seed {drawn.seed}, {drawn.refused} refused"
    notes = [first, *(note.strip() for note in other_notes(findings))]
    return heading("Calibration, runtimes, thresholds") + bullet_list(notes)


def _layers(layers: Sequence[Layer]) -> str:
    names = [f"{one.name} {one.operator.lower()}" for one in layers]
    timed = [one for one in layers if one.milliseconds is not None]
    head = [
        "layer",
        "operator",
        "signal to noise, dB",
        "saturated %",
        "ms",
        "gain in float, points",
        "cost ms",
        "cost kB",
    ]
    return (
        heading("Layer by layer")
        + heading("Signal to quantisation noise", 3)
        + bar_chart(names, [max(0.0, one.signal_to_noise_db) for one in layers], "dB")
        + heading("Time in ONNX Runtime", 3)
        + bar_chart([one.name for one in timed], [one.milliseconds or 0.0 for one in timed], "ms")
        + table(head, list(map(_layer_cells, layers)))
    )


def _layer_cells(one: Layer) -> list[str]:
    wins = ", ".join(f"{metric.replace('_', ' ')} {points:+.2f}" for metric, points in one.wins.items())
    return [
        one.name,
        one.operator,
        f"{one.signal_to_noise_db:.1f}",
        f"{100 * one.saturated:.3f}",
        "" if one.milliseconds is None else f"{one.milliseconds:.4f}",
        wins,
        f"{one.costs_ms:+.3f}" if wins else "",
        f"{one.costs_bytes / 1000:+.1f}" if wins else "",
    ]


def _pictures(verdict: Verdict) -> str:
    row = _int8(verdict)
    legend = "newly wrong and changed answers first, then by score difference"
    if MODEL_TYPES[row.subject.model.manifest.kind].finds_plates:
        legend += "; corners: true blue, float green, int8 red"
    return (
        heading(f"Pictures: {verdict.held_out.data}, {verdict.held_out.split}")
        + paragraph(legend, "note")
        + pictures([_picture(example) for example in worst_examples(verdict, row)])
    )


def _picture(example: Example) -> Picture:
    answers = " · ".join([example.truth, *(f"{who}: {what}" for who, what in example.answers)])
    return Picture(data_url(example.png, "png"), f"{example.name}: {answers}", example.is_changed)


def _manifest(findings: Findings) -> str:
    draft = next((one for one in findings.drafts if one.precision == "int8"), findings.drafts[-1])
    shown = json.loads(draft.manifest.to_json())
    shown.pop("country")
    text = json.dumps(shown, ensure_ascii=False, indent=1)
    return heading("Manifest") + preformatted(text, f"manifest of {draft.name}, without country and evaluation record")

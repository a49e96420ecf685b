"""The report as one self-contained HTML page."""

import html
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from lpr_edge.output.annotate import font_face
from lpr_export.evaluate.gate import PROVEN, Row, Verdict
from lpr_export.evaluate.layer_error import Layer
from lpr_export.evaluate.output_diff import Example, confusions, differing_examples, score_differences, worst_examples
from lpr_export.report import svg
from lpr_export.report.report import median_ms, other_notes
from lpr_export.report.report_data import Findings

STYLE = """
body { font: 15px/1.45 plates, system-ui, sans-serif; max-width: 1080px; margin: 2em auto; color: #1b1f24 }
h1 { margin-bottom: .2em } h2 { margin-top: 2em; border-bottom: 1px solid #d8dee4; padding-bottom: .2em }
.verdict { padding: .8em 1em; border-radius: 6px; font-weight: 600 } .passed { background: #dcf5e3 }
.failed { background: #fde2e0 } table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: .25em .7em; text-align: right; border-bottom: 1px solid #e6eaee } th { color: #57606a }
th:nth-child(-n+2), td:nth-child(-n+2) { text-align: left } .wide { overflow-x: auto }
svg { width: 100%; max-width: 760px; font-size: 11px } rect { fill: #4173b3 }
.pictures { display: flex; flex-wrap: wrap; gap: 1em }
figure { margin: 0; width: 240px; border: 1px solid #d8dee4; border-radius: 6px; padding: .5em }
figure.changed { border-color: #d1242f } img { width: 100% } figcaption { font-size: 13px }
pre { background: #f6f8fa; padding: 1em; overflow: auto } li { margin: .2em 0 } .dim { color: #57606a }
"""


def write_page(path: Path, findings: Findings) -> None:
    """Write the report as HTML."""
    parts = [_head(findings), *map(_set, findings.verdicts), _notes(findings)]
    parts += [_layers(findings.layer_errors.layers)] if findings.layer_errors else []
    parts += [_pictures(verdict) for verdict in findings.verdicts]
    parts.append(_manifest(findings))
    title = html.escape(f"{findings.card.name}: lpr-export")
    page = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}{_font(findings)}</style></head><body>'
        + "\n".join(parts)
        + "</body></html>\n"
    )
    path.write_text(page, encoding="utf-8")


def _font(findings: Findings) -> str:
    """CSS of the font for plate texts, if labels need it."""
    return "" if all(label.isascii() for label in findings.card.labels) else font_face("plates")


def _head(findings: Findings) -> str:
    card, faults = findings.card, findings.faults
    height, width = card.input.size_hw
    name = f"<h1>{html.escape(card.name)}</h1><p class=dim>{html.escape(card.kind)}, {width} × {height} px</p>"
    if not faults:
        passed = '<p class="verdict passed">Passed: every file may be used as the float network.</p>'
        return name + passed + (_list(findings.caveats) if findings.caveats else "")
    return name + '<div class="verdict failed">Failed: nothing was published.' + _list(faults) + "</div>"


def _list(lines: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{html.escape(line.strip())}</li>" for line in lines) + "</ul>"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    line = "".join(f"<th>{html.escape(cell)}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<div class=wide><table><tr>{line}</tr>{body}</table></div>"


def _set(verdict: Verdict) -> str:
    held_out = verdict.held_out
    title = f"{len(held_out.cases)} pictures: {held_out.data}, {held_out.split}"
    metrics = verdict.rows[0].measures
    scored = [f"{one.metric.replace('_', ' ')} % (of {one.count})" for one in metrics]
    lost = [f"points lost, {one.metric.replace('_', ' ')} (chance)" for one in metrics]
    head = ["file", "runtime", "kB", "ms", *scored, *lost, "changed"]
    body = _table(head, [_cells(row, row is verdict.rows[0]) for row in verdict.rows])
    notes = [
        *map(str, verdict.lsb_differences),
        *(f"not claimed: {r.path.name} in {r.runtime}: {r.why}" for r in verdict.refusals),
    ]
    return f"<h2>{html.escape(title)}</h2>{body}{_list(notes)}" + _confusions(verdict) + _histogram(verdict)


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
    title = f"<h3>Answers that differ between float and {html.escape(str(row.subject))}</h3>"
    if not found:
        return title + "<p>Nothing: every answer is the same.</p>" + _between(verdict)
    rows = [(before or "nothing", now or "nothing", str(count)) for before, now, count in found]
    return title + _table(["float", "now", "times"], rows) + _between(verdict)


def _between(verdict: Verdict) -> str:
    """Pictures with different answers of two formats."""
    wrong = [row for row in verdict.rows if row.changed and row.subject.runtime in PROVEN]
    examples = "".join(_figure(example) for row in wrong for example in differing_examples(verdict, row))
    return f"<h3>Answers that differ between formats</h3><div class=pictures>{examples}</div>" if wrong else ""


def _histogram(verdict: Verdict) -> str:
    row = _int8(verdict)
    values = score_differences(verdict, row)
    if not values.size:
        return ""
    title = f"<h3>Score differences, {html.escape(str(row.subject))} minus float</h3>"
    return title + svg.histogram(values.tolist(), 0.1) + f"<p class=dim>{values.size} scores of 0.05 and more</p>"


def _notes(findings: Findings) -> str:
    drawn = findings.calibration
    lines = [
        f"calibrated on {len(drawn.pictures)} pictures, {drawn.source}, seed {drawn.seed}, {drawn.refused} refused"
    ]
    return "<h2>Calibration, runtimes, thresholds</h2>" + _list([*lines, *other_notes(findings)])


def _layers(layers: Sequence[Layer]) -> str:
    names = [f"{one.name} {one.operator.lower()}" for one in layers]
    noise = svg.bars(names, [max(0.0, one.signal_to_noise_db) for one in layers], "dB")
    timed = [one for one in layers if one.milliseconds is not None]
    times = svg.bars([one.name for one in timed], [one.milliseconds or 0.0 for one in timed], "ms")
    head = [
        "layer",
        "operator",
        "signal to noise, dB",
        "saturated %",
        "ms",
        "in float wins, points",
        "costs ms",
        "costs kB",
    ]
    return (
        "<h2>Layer by layer</h2><h3>Signal to quantisation noise</h3>"
        + noise
        + "<h3>Time in ONNX Runtime</h3>"
        + times
        + _table(head, map(_layer_cells, layers))
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
    examples = "".join(map(_figure, worst_examples(verdict, row)))
    held_out = html.escape(f"{verdict.held_out.data}, {verdict.held_out.split}")
    legend = "newly wrong and changed answers first, then by score difference"
    if row.subject.model.manifest.kind == "detector":
        legend += "; corners: true blue, float green, int8 red"
    return f"<h2>Pictures: {held_out}</h2><p class=dim>{legend}</p><div class=pictures>{examples}</div>"


def _figure(example: Example) -> str:
    answers = " · ".join([example.truth, *(f"{who}: {what}" for who, what in example.answers)])
    return (
        f'<figure{" class=changed" if example.is_changed else ""}><img alt="" '
        f'src="data:image/png;base64,{example.png}">'
        f"<figcaption>{html.escape(example.name)}: {html.escape(answers)}</figcaption></figure>"
    )


def _manifest(findings: Findings) -> str:
    draft = next((one for one in findings.drafts if one.precision == "int8"), findings.drafts[-1])
    shown = json.loads(draft.manifest.to_json())
    shown.pop("country")
    text = json.dumps(shown, ensure_ascii=False, indent=1)
    title = f"manifest of {html.escape(draft.name)}, without country and evaluation record"
    return f"<h2>Manifest</h2><details><summary>{title}</summary><pre>{html.escape(text)}</pre></details>"

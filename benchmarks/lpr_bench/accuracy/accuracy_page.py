"""Accuracy as one self-contained HTML file: figures, reliability diagram, every miss with its picture."""

import base64
import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lpr_bench.accuracy.misses import Miss
from lpr_bench.accuracy.reliability import Bin, Pair, bins, calibration_error
from lpr_bench.base.page import heading, make_page, paragraph
from lpr_edge.contract.errors import LprError
from lpr_edge.contract.metrics import wilson_interval
from lpr_edge.output.annotate import font_face

STYLE = """
body { font: 15px/1.45 plates, system-ui, sans-serif; max-width: 1180px; margin: 2em auto; padding: 0 1em; color: #222 }
h1 { font-size: 1.5em } h2 { font-size: 1.15em; margin-top: 2em }
pre { font: 13px/1.35 plates, monospace; overflow-x: auto }
.seen { background: #b3261e; color: #fff; padding: .6em 1em; font-weight: 600 }
.miss { display: flex; flex-wrap: wrap; gap: 1em; border-top: 1px solid #ddd; padding: 1em 0; align-items: flex-start }
.miss img.frame { max-width: 480px; height: auto }
table { border-collapse: collapse }
td { padding: .2em .8em .2em 0; vertical-align: top }
.true { color: #14761b } .read { color: #b3261e } .note { color: #666 }
"""


@dataclass(frozen=True)
class Part:
    """A heading with tables as text."""

    title: str
    text: str
    """Text as on the terminal."""


def write_page(
    path: Path, title: str, warning: str, parts: Sequence[Part], pairs: Sequence[Pair], misses: Sequence[Miss]
) -> None:
    """Write the page.

    Args:
        path: where to.
        title: of the page.
        warning: shown in red above all results; empty for none.
        parts: tables.
        pairs: confidences with whether the reading is right, for the reliability diagram.
        misses: photographs with mistakes.

    Raises:
        LprError: the file can't be written.
    """
    body = [paragraph(warning, "seen")] if warning else []
    body += [f"{heading(part.title)}<pre>{html.escape(part.text)}</pre>" for part in parts]
    body.append(heading("Reliability") + reliability_svg(pairs))
    body.append(heading(f"Every miss: {len(misses)} photographs"))
    body.append(paragraph("Green: ground truth. Red: detections and readings. Grey: illegible plates.", "note"))
    body += [_miss_html(miss) for miss in misses]
    text = make_page(title, *body, style=font_face("plates") + STYLE)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise LprError(f"can't write {path}: {error.strerror or error}. Give another place by --page FILE") from error


def _miss_html(miss: Miss) -> str:
    rows = "".join(
        f"<tr><td>{html.escape(what)}</td><td>{_img(jpeg, 'plate') if jpeg else ''}</td>"
        f'<td><span class="true">{html.escape(truth)}</span><br><span class="read">{html.escape(read)}</span></td></tr>'
        for what, truth, read, jpeg in miss.rows
    )
    table = f"<div><b>{html.escape(miss.name)}</b><table>{rows}</table></div>"
    return f'<div class="miss">{_img(miss.jpeg, "frame")}{table}</div>'


def _img(jpeg: bytes, kind: str) -> str:
    return f'<img class="{kind}" alt="" src="data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}">'


SIDE = 300
LEFT, BOTTOM = 46, 40
"""Pixels for the axes' numbers."""


def reliability_svg(pairs: Sequence[Pair]) -> str:
    """Draw each bin at its mean confidence, with the interval of its share; the diagonal is a confidence kept."""
    error = calibration_error(pairs)
    told = "no readings" if error is None else f"{len(pairs)} readings, expected calibration error {error:.1%}"
    size = f"{SIDE + LEFT + 50} {SIDE + BOTTOM + 30}"
    marks = "".join(_mark(b) for b in bins(pairs) if b.confidences)
    x0, y0, x1, y1 = _x(0), _y(0), _x(1), _y(1)
    return (
        f'<svg viewBox="0 0 {size}" width="440" role="img" font-family="sans-serif" font-size="11" fill="#444">'
        f'<rect x="{x0}" y="{y1}" width="{SIDE}" height="{SIDE}" fill="#fafafa" stroke="#bbb"/>'
        f'<line x1="{x0}" y1="{y0}" x2="{x1}" y2="{y1}" stroke="#999" stroke-dasharray="4 4"/>'
        f"{_ticks()}{marks}"
        f'<text x="{x0 + SIDE / 2}" y="{y0 + 32}" text-anchor="middle">confidence: {told}</text>'
        f'<text x="12" y="{y1 + SIDE / 2}" text-anchor="middle" transform="rotate(-90 12 {y1 + SIDE / 2})">'
        "share that is right, 95 % interval</text></svg>"
    )


def _x(share: float) -> float:
    return LEFT + SIDE * share


def _y(share: float) -> float:
    return 20 + SIDE * (1 - share)


def _ticks() -> str:
    marks = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
    across = (f'<text x="{_x(m)}" y="{_y(0) + 14}" text-anchor="middle">{m:g}</text>' for m in marks)
    up = (f'<text x="{LEFT - 6}" y="{_y(m) + 4}" text-anchor="end">{m:g}</text>' for m in marks)
    return "".join((*across, *up))


def _mark(b: Bin) -> str:
    count = len(b.confidences)
    low, high = wilson_interval(b.right, count)
    x, y = _x(b.mean), _y(b.right / count)
    return (
        f'<line x1="{x:.1f}" y1="{_y(low):.1f}" x2="{x:.1f}" y2="{_y(high):.1f}" stroke="#1a5fb4" stroke-width="2"/>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="#1a5fb4"><title>{b.right} of {count}</title></circle>'
        f'<text x="{x + 8:.1f}" y="{y + 4:.1f}">{b.right}/{count}</text>'
    )

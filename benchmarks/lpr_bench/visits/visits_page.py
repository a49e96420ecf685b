"""Visits as one self-contained page: the table, and a strip of frames for each that went wrong."""

import base64
import html
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from lpr_bench.base.page import heading, make_page, paragraph
from lpr_bench.visits.outcomes import ClipOutcome, VisitOutcome
from lpr_bench.visits.play import STRIP
from lpr_edge.contract.arrays import Image
from lpr_edge.contract.errors import LprError
from lpr_edge.output.annotate import font_face

STYLE = """
body { font: 15px/1.45 plates, system-ui, sans-serif; max-width: 1280px; margin: 2em auto; padding: 0 1em; color: #222 }
h1 { font-size: 1.5em } h2 { font-size: 1.15em; margin-top: 2em }
pre { font: 13px/1.35 plates, monospace; overflow-x: auto }
.seen { background: #b3261e; color: #fff; padding: .6em 1em; font-weight: 600 }
.miss { border-top: 1px solid #ddd; padding: .8em 0 }
.miss img { display: block; max-width: 100% }
.true { color: #14761b } .read { color: #b3261e }
"""


def write_page(path: Path, title: str, warning: str, table: str, outcomes: Sequence[ClipOutcome]) -> None:
    """Write the page.

    Args:
        path: where to.
        title: of the page.
        warning: shown in red above all figures; empty for none.
        table: as the terminal shows it.
        outcomes: of each clip.

    Raises:
        LprError: the file can't be written.
    """
    body = [paragraph(warning, "seen")] if warning else []
    body.append(f"<pre>{html.escape(table)}</pre>")
    for outcome in outcomes:
        legible = [visit for visit in outcome.visits if visit.legible_s is not None]
        misses = [visit for visit in legible if not visit.is_once_and_right]
        body.append(heading(f"{outcome.name}: {len(misses)} of {len(legible)} visits not once and right"))
        body += [_miss_html(miss) for miss in misses]
        body += [
            paragraph(f"False event at {e.time_s:.1f} s: {e.text} ({e.confidence:.0%})") for e in outcome.false_events
        ]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(make_page(title, *body, style=font_face("plates") + STYLE), encoding="utf-8")
    except OSError as error:
        raise LprError(f"can't write {path}: {error.strerror or error}. Give another place by --page FILE") from error


def _miss_html(miss: VisitOutcome) -> str:
    events = (
        ", ".join(f"{html.escape(e.text)} ({e.confidence:.0%}) at {e.time_s:.1f} s" for e in miss.events) or "no event"
    )
    lines = f'<span class="true">{html.escape(miss.visit.text)}</span> → <span class="read">{events}</span>'
    name = html.escape(f"{miss.visit.name}, {miss.visit.first_s:.1f} to {miss.visit.last_s:.1f} s")
    return f'<div class="miss"><b>{name}</b><br>{lines}{_strip_img(miss.strip)}</div>'


def _strip_img(strip: Sequence[Image]) -> str:
    if not strip:
        return ""
    shown = [strip[i] for i in sorted({round(p) for p in np.linspace(0, len(strip) - 1, STRIP)})]
    jpeg = cv2.imencode(".jpg", np.hstack(shown), [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()
    return f'<img alt="" src="data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}">'

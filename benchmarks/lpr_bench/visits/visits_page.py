"""Visits as one self-contained page: the table, and a strip of frames for each visit with an error."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from lpr_bench.visits.outcomes import ClipOutcome, VisitOutcome
from lpr_bench.visits.play import STRIP
from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.report.html_page import data_url, heading, make_page, paragraph, preformatted, wide_picture


def write_page(path: Path, title: str, warning: str, table: str, outcomes: Sequence[ClipOutcome]) -> None:
    """Write the page.

    Args:
        path: of the file.
        title: of the page.
        warning: shown in red above all results; empty for none.
        table: text as on the terminal.
        outcomes: of each clip.

    Raises:
        LprError: the file can't be written.
    """
    parts = [paragraph(warning, "warning")] if warning else []
    parts.append(preformatted(table))
    for outcome in outcomes:
        parts += _clip(outcome)
    text = make_page(title, *parts, has_plate_texts=True)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise LprError(f"can't write {path}: {error.strerror or error}. Give another place by --page FILE") from error


def _clip(outcome: ClipOutcome) -> list[str]:
    legible = [visit for visit in outcome.visits if visit.legible_s is not None]
    misses = [visit for visit in legible if not visit.is_once_and_right]
    false_events = [f"False event at {e.time_s:.1f} s: {e.text} ({e.confidence:.0%})" for e in outcome.false_events]
    return [
        heading(f"{outcome.name}: {len(misses)} of {len(legible)} visits not once and right"),
        *map(_miss, misses),
        *map(paragraph, false_events),
    ]


def _miss(miss: VisitOutcome) -> str:
    events = ", ".join(f"{e.text} ({e.confidence:.0%}) at {e.time_s:.1f} s" for e in miss.events) or "no event"
    return (
        heading(f"{miss.visit.name}, {miss.visit.first_s:.1f} to {miss.visit.last_s:.1f} s", 3)
        + paragraph(miss.visit.text, "true")
        + paragraph(events, "read")
        + _strip(miss.strip)
    )


def _strip(strip: Sequence[Image]) -> str:
    if not strip:
        return ""
    shown = [strip[i] for i in sorted({round(p) for p in np.linspace(0, len(strip) - 1, STRIP)})]
    jpeg = cv2.imencode(".jpg", np.hstack(shown), [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()
    return wide_picture(data_url(jpeg, "jpeg"))

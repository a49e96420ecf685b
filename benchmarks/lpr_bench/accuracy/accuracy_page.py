"""Accuracy as one self-contained HTML page: tables, reliability diagram, every miss with its picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lpr_bench.accuracy.misses import Miss
from lpr_bench.accuracy.reliability import Pair, bins, calibration_error
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.metrics import wilson_interval
from lpr_edge.contract.report.html_page import (
    MissedPicture,
    data_url,
    heading,
    make_page,
    missed_pictures,
    new_plot,
    paragraph,
    preformatted,
    to_svg,
)


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
        path: of the file.
        title: of the page.
        warning: shown in red above all results; empty for none.
        parts: tables.
        pairs: confidences with whether the reading is right, for the reliability diagram.
        misses: photographs with errors.

    Raises:
        LprError: the file can't be written, or a package for pages isn't installed.
    """
    text = make_page(
        title,
        *([paragraph(warning, "warning")] if warning else []),
        *(heading(part.title) + preformatted(part.text) for part in parts),
        heading("Reliability") + reliability_diagram(pairs),
        heading(f"Every miss: {len(misses)} photographs"),
        paragraph("Green: ground truth. Red: detections and readings. Grey: illegible plates.", "note"),
        missed_pictures([_with_urls(miss) for miss in misses]),
        has_plate_texts=True,
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise LprError(f"can't write {path}: {error.strerror or error}. Give another place by --page FILE") from error


def _with_urls(miss: Miss) -> MissedPicture:
    rows = [(what, truth, read, data_url(jpeg, "jpeg") if jpeg else "") for what, truth, read, jpeg in miss.rows]
    return MissedPicture(miss.name, data_url(miss.jpeg, "jpeg"), rows)


def reliability_diagram(pairs: Sequence[Pair]) -> str:
    """Plot accuracy over mean confidence, one point per bin with its 95 % interval, as SVG."""
    error = calibration_error(pairs)
    counts = "no readings" if error is None else f"{len(pairs)} readings, expected calibration error {error:.1%}"
    figure, axes = new_plot(width=5.0, height=4.6)
    axes.plot([0, 1], [0, 1], "--", color="#999999", linewidth=1)
    for one in bins(pairs):
        if count := len(one.confidences):
            share = one.right / count
            low, high = wilson_interval(one.right, count)
            axes.errorbar(one.mean, share, yerr=[[share - low], [high - share]], fmt="o", color="C0", capsize=3)
            axes.annotate(f"{one.right}/{count}", (one.mean, share), (8, -4), textcoords="offset points")
    axes.set_xlim(0, 1.1)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel(f"confidence: {counts}")
    axes.set_ylabel("share of right readings, 95 % interval")
    return to_svg(figure)

"""Detection results: recall, precision and IoU, in all photographs and by their source."""

from collections.abc import Iterable
from typing import Any

from lpr_bench.accuracy.plates import PlateOutcome, PlatesOutcome
from lpr_bench.base.tables import format_share
from lpr_edge.contract.metrics import share
from lpr_export.report.text_table import format_table

MIN_WIDTH = 0.05
"""Minimum width of a wide plate, relative to the photograph's width."""
LEANING = 0.7
"""A plate that fills less than this share of its upright bounding box counts as leaning."""


def summarize_detection(outcome: PlatesOutcome) -> dict[str, Any]:
    """Shares with counts and 95 % intervals, and mean IoU; null without plates."""
    wanted = outcome.wanted
    hits = [plate for plate in wanted if plate.found]
    wide = [plate for plate in wanted if is_wide(plate)]
    leaning = [plate for plate in wanted if is_leaning(plate)]
    return {
        "photos": outcome.photos,
        "recall": share(len(hits), len(wanted)),
        "recall_of_wide": share(sum(plate.found for plate in wide), len(wide)),
        "recall_of_leaning": share(sum(plate.found for plate in leaning), len(leaning)),
        "precision": share(len(hits), len(hits) + len(outcome.false_positives)),
        "mean_iou_of_found": mean_iou(hits),
        "mean_iou_of_found_leaning": mean_iou(leaning),
    }


def is_wide(plate: PlateOutcome) -> bool:
    """Whether a plate is wide, relative to its photograph."""
    return plate.place.width_share >= MIN_WIDTH


def is_leaning(plate: PlateOutcome) -> bool:
    """Whether a plate is rotated or sheared so much that an upright box fits badly."""
    return plate.place.fill < LEANING


def mean_iou(plates: Iterable[PlateOutcome]) -> float | None:
    """Mean IoU of the found plates; None without any."""
    found = [plate.iou for plate in plates if plate.iou is not None]
    return sum(found) / len(found) if found else None


def by_source(outcome: PlatesOutcome) -> dict[str, PlatesOutcome]:
    """Source of photographs -> its part of an outcome; one part if no label names a source."""
    return {source: outcome.of_source(source) for source in sorted(set(outcome.sources.values()) - {""})}


def detection_tables(outcome: PlatesOutcome) -> list[str]:
    """A table of all photographs, and one with a row per source if there are several."""
    wanted = outcome.wanted
    unseen = [plate for plate in wanted if not plate.traits.seen]
    rows = [["recall, of legible plates", _recall(wanted)]]
    if len(unseen) < len(wanted):
        rows.append(["recall, of those not seen by training", _recall(unseen)])
    rows += [
        [f"recall, >= {MIN_WIDTH:.0%} wide", _recall(filter(is_wide, wanted))],
        ["recall, leaning plates", _recall(filter(is_leaning, wanted))],
        ["precision", _precision(outcome)],
        ["mean IoU of found", _number(mean_iou(wanted))],
        ["mean IoU, leaning plates", _number(mean_iou(filter(is_leaning, wanted)))],
    ]
    tables = [format_table(["detector, IoU >= 0.5", f"{outcome.photos} photos"], rows)]
    parts = by_source(outcome)
    if len(parts) > 1:
        header = ["by source", "photos", "recall", f">= {MIN_WIDTH:.0%} wide", "precision", "mean IoU", "leaning"]
        tables.append(format_table(header, [_source_row(name, part) for name, part in parts.items()]))
    return tables


def _source_row(name: str, outcome: PlatesOutcome) -> list[str]:
    wanted = outcome.wanted
    return [
        name,
        str(outcome.photos),
        _recall(wanted),
        _recall(filter(is_wide, wanted)),
        _precision(outcome),
        _number(mean_iou(wanted)),
        _number(mean_iou(filter(is_leaning, wanted))),
    ]


def _recall(plates: Iterable[PlateOutcome]) -> str:
    found = [plate.found for plate in plates]
    return format_share(sum(found), len(found))


def _precision(outcome: PlatesOutcome) -> str:
    hits = sum(plate.found for plate in outcome.wanted)
    return format_share(hits, hits + len(outcome.false_positives))


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"

"""What is said of plate accuracy: figures for the result file, tables for the terminal."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from itertools import pairwise
from typing import Any

from lpr_bench.plates import WIDTHS_PX, PlateOutcome, PlatesOutcome
from lpr_bench.results import share
from lpr_bench.tables import format_share, format_table
from lpr_edge.contract.country import Country
from lpr_edge.contract.errors import LprError
from lpr_edge.contract.metrics import character_error_rate

WIDTH_GROUPS = (
    f"< {WIDTHS_PX[0]} px",
    *(f"{low}–{high} px" for low, high in pairwise(WIDTHS_PX)),
    f">= {WIDTHS_PX[-1]} px",
)


def scored_plates(outcome: PlatesOutcome, kind: str | None) -> list[PlateOutcome]:
    """Plates whose text counts: every character sure, and of the kind of script that is asked for; None for any."""
    return [plate for plate in outcome.plates if plate.legible == "full" and kind in (None, plate.kind)]


def labels_of(text: str, country: Country) -> tuple[str, ...]:
    """Text as labels, the unit of CER; character by character where it holds what the country has no label for."""
    try:
        return country.tokenize(text)
    except LprError:
        return tuple(text)


def character_errors(plates: Sequence[PlateOutcome], country: Country) -> float | None:
    """CER over plates, a plate that wasn't found counting as all wrong; None of none."""
    pairs = [(labels_of(plate.truth, country), labels_of(plate.read or "", country)) for plate in plates]
    return character_error_rate(pairs) if pairs else None


def summarize(outcome: PlatesOutcome, country: Country, kind: str | None) -> dict[str, Any]:
    """All figures, and every plate's outcome, as plain values."""
    wanted, scored = outcome.wanted, scored_plates(outcome, kind)
    hits = [plate for plate in wanted if plate.iou is not None]
    return {
        "photos": outcome.photos,
        "recall": share(len(hits), len(wanted)),
        "precision": share(len(hits), len(hits) + len(outcome.false_alarms)),
        "mean_iou_of_found": sum(plate.iou or 0.0 for plate in hits) / len(hits) if hits else None,
        "reading": _reading(scored, country),
        "reading_of_found": _reading([plate for plate in scored if plate.found], country),
        "by_rows": {name: _group(group, country) for name, group in _by_rows(scored).items()},
        "by_width": {name: _group(group, country) for name, group in _by_width(scored).items()},
        "plates": [asdict(plate) for plate in outcome.plates],
        "false_alarms": [{"image": image, "read": text} for image, text in outcome.false_alarms],
    }


def _reading(plates: Sequence[PlateOutcome], country: Country) -> dict[str, Any]:
    exact = sum(plate.exact for plate in plates)
    return {"exact_match": share(exact, len(plates)), "character_error_rate": character_errors(plates, country)}


def _group(plates: Sequence[PlateOutcome], country: Country) -> dict[str, Any]:
    return {"recall": share(sum(plate.found for plate in plates), len(plates)), **_reading(plates, country)}


def _by_rows(plates: Sequence[PlateOutcome]) -> dict[str, list[PlateOutcome]]:
    return _grouped(plates, lambda plate: f"{plate.rows} row{'s' if plate.rows > 1 else ''}")


def _by_width(plates: Sequence[PlateOutcome]) -> dict[str, list[PlateOutcome]]:
    groups = _grouped(plates, lambda plate: plate.width_group)
    return {name: groups[name] for name in WIDTH_GROUPS if name in groups}


def _grouped(plates: Sequence[PlateOutcome], name_of: Callable[[PlateOutcome], str]) -> dict[str, list[PlateOutcome]]:
    names = sorted({name_of(plate) for plate in plates})
    return {name: [plate for plate in plates if name_of(plate) == name] for name in names}


def format_plates(outcome: PlatesOutcome, country: Country, kind: str | None) -> str:
    """The tables that the command prints."""
    wanted, scored = outcome.wanted, scored_plates(outcome, kind)
    hits = sum(plate.found for plate in wanted)
    detection = [
        ["recall, of legible plates", format_share(hits, len(wanted))],
        ["precision", format_share(hits, hits + len(outcome.false_alarms))],
    ]
    groups = {"all": scored} | _by_rows(scored) | _by_width(scored)
    reading = [_format_group(name, group, country) for name, group in groups.items()]
    return "\n\n".join(
        [
            format_table(["detector, IoU >= 0.5", f"{outcome.photos} photos"], detection),
            format_table(
                [" ".join(filter(None, ("fully legible", kind, "plates"))), "found", "read exactly", "CER"], reading
            ),
        ]
    )


def _format_group(name: str, plates: Sequence[PlateOutcome], country: Country) -> list[str]:
    errors = character_errors(plates, country)
    return [
        name,
        format_share(sum(plate.found for plate in plates), len(plates)),
        format_share(sum(plate.exact for plate in plates), len(plates)),
        "–" if errors is None else f"{errors:.1%}",
    ]

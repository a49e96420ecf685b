"""Accuracy of detections and readings, as values for the result file and tables for the terminal."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from lpr_bench.accuracy.detection_report import by_source, detection_tables, summarize_detection
from lpr_bench.accuracy.plates import LATIN, OWN, PlateOutcome, PlatesOutcome
from lpr_bench.base.tables import format_share
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.country import Country
from lpr_edge.contract.data.label_file import FOREIGN
from lpr_edge.contract.metrics import WIDTH_BANDS, character_error_rate, edit_distance, share
from lpr_export.report.text_table import format_table

WIDE_PX = 80
"""Minimum width of a plate that is easily readable, in pixels."""
SHARPNESS_LIMITS = (0.22, 0.30)
"""Limits between blurred, soft and sharp plates; chosen on training photographs so that each group is large enough."""
BLUR_GROUPS = ("blurred", "soft", "sharp")
NO_FORM = "no form"
NOT_MEASURED = "unknown"
SEEN, UNSEEN = "SEEN by training", "not seen by training"
MIN_PLATES_FOR_INTERVAL = 10
"""Minimum number of plates for a bootstrap interval, which is too narrow with fewer."""
DRAWS = 1000
"""Number of bootstrap samples: enough that the rounded interval is stable."""


def scored_plates(outcome: PlatesOutcome, kind: str | None) -> list[PlateOutcome]:
    """Fully legible plates of the given script; of any script for None."""
    read = (plate for plate in outcome.plates if plate.legible == "full" and plate.kind != FOREIGN)
    return [plate for plate in read if kind in (None, plate.kind)]


def labels_of(text: str, country: Country) -> tuple[str, ...]:
    """Split text into labels, the unit of CER; into characters if the country has no label for one of them."""
    try:
        return country.tokenize(text)
    except LprError:
        return tuple(text)


def character_errors(plates: Sequence[PlateOutcome], country: Country) -> float | None:
    """CER over plates; a false negative counts as completely wrong. None without plates."""
    pairs = [(labels_of(plate.truth, country), labels_of(plate.read or "", country)) for plate in plates]
    return character_error_rate(pairs) if pairs else None


def interval_of_errors(plates: Sequence[PlateOutcome], country: Country) -> tuple[float, float] | None:
    """95 % interval of CER by bootstrap over plates (percentile, Efron 1979); None for too few plates.

    Plates are drawn, not signs: the signs of a plate are right or wrong together.
    """
    if len(plates) < MIN_PLATES_FOR_INTERVAL:
        return None
    pairs = [(labels_of(plate.truth, country), labels_of(plate.read or "", country)) for plate in plates]
    edits = np.array([edit_distance(truth, read) for truth, read in pairs])
    lengths = np.array([len(truth) for truth, _ in pairs])
    drawn = np.random.default_rng(0).integers(0, len(pairs), (DRAWS, len(pairs)))
    rates = edits[drawn].sum(axis=1) / np.maximum(1, lengths[drawn].sum(axis=1))
    low, high = np.percentile(rates, (2.5, 97.5))
    return float(low), float(high)


def breakdowns(plates: Sequence[PlateOutcome]) -> dict[str, dict[str, list[PlateOutcome]]]:
    """Trait -> name of a group -> its plates."""
    return {
        "source": grouped(plates, lambda plate: plate.place.source or NOT_MEASURED),
        "rows": grouped(plates, lambda plate: f"{plate.rows} row{'s' if plate.rows > 1 else ''}"),
        "width": _by_width(plates),
        "form": grouped(plates, lambda plate: plate.traits.form or NO_FORM),
        "colour": grouped(plates, lambda plate: plate.traits.colour or NOT_MEASURED),
        "blur": grouped(plates, lambda plate: blur_group(plate.traits.sharpness), BLUR_GROUPS),
        "training": grouped(plates, lambda plate: SEEN if plate.traits.seen else UNSEEN, (UNSEEN, SEEN)),
    }


def blur_group(sharpness: float | None) -> str:
    """Name of a sharpness' group in tables."""
    if sharpness is None:
        return NOT_MEASURED
    return BLUR_GROUPS[sum(sharpness >= limit for limit in SHARPNESS_LIMITS)]


def summarize(outcome: PlatesOutcome, country: Country, kind: str | None) -> dict[str, Any]:
    """All metrics, and every plate's outcome, as plain values.

    Args:
        outcome: of all photographs.
        country: of the plates.
        kind: reader or detector, whose metrics these are.
    """
    scored = scored_plates(outcome, kind)
    by_trait = {
        f"by_{trait}": {name: _group(group, country) for name, group in groups.items()}
        for trait, groups in breakdowns(scored).items()
    }
    return {
        **summarize_detection(outcome),
        "detection_by_source": {name: summarize_detection(part) for name, part in by_source(outcome).items()},
        "reading": _reading(scored, country),
        "reading_of_found": _reading([plate for plate in scored if plate.found], country),
        **by_trait,
        "by_kind": {name: _script(group, country) for name, group in _by_kind(outcome).items()},
        "plates": [asdict(plate) for plate in outcome.plates],
        "false_alarms": [{"image": image, "read": text} for image, text in outcome.false_positives],
    }


CROP_TRAITS = ("source", "rows", "form", "colour", "training")
"""Traits by which readings of crops are grouped; a crop's width doesn't depend on the distance."""


def summarize_crops(outcome: PlatesOutcome, uncut: PlatesOutcome, country: Country, kind: str | None) -> dict[str, Any]:
    """Metrics of plate crops read once at the labels' corners, and, `uncut`, as `lpr-edge --crops` reads them."""
    groups = breakdowns(scored_plates(outcome, kind))
    return {
        "crops": outcome.photos,
        "reading": _reading(scored_plates(outcome, kind), country),
        "reading_of_uncut": _reading(scored_plates(uncut, kind), country),
        **{
            f"by_{trait}": {name: _reading(group, country) for name, group in groups[trait].items()}
            for trait in CROP_TRAITS
        },
        "by_kind": {name: _reading(group, country) for name, group in _by_kind(outcome).items()},
        "plates": [asdict(plate) for plate in outcome.plates],
    }


def format_crops(outcome: PlatesOutcome, uncut: PlatesOutcome, country: Country, kind: str | None) -> str:
    """Accuracy on plate crops as text tables, see `summarize_crops`."""
    title = " ".join(filter(None, ("fully legible", kind, "crops")))
    scored = scored_plates(outcome, kind)
    each = {"all": scored, "by lpr-edge --crops, corners unknown": scored_plates(uncut, kind)}
    tables = [_readings_table(title, each, country)]
    for trait in CROP_TRAITS:
        groups = breakdowns(scored)[trait]
        if len(groups) > 1 or SEEN in groups:
            tables.append(_readings_table(f"by {trait}", groups, country))
    tables.append(_readings_table("by script", _by_kind(outcome), country))
    return "\n\n".join(tables)


def _readings_table(title: str, groups: Mapping[str, Sequence[PlateOutcome]], country: Country) -> str:
    """Rows of a table, one per group, without recall."""
    cells = [format_group(name, group, country) for name, group in groups.items()]
    return format_table([title, *HEADER[1:]], [[name, *rest] for name, _, *rest in cells])


def _reading(plates: Sequence[PlateOutcome], country: Country) -> dict[str, Any]:
    return {
        "exact_match": share(sum(plate.exact for plate in plates), len(plates)),
        "character_error_rate": character_errors(plates, country),
        "character_error_rate_interval": interval_of_errors(plates, country),
    }


def _group(plates: Sequence[PlateOutcome], country: Country) -> dict[str, Any]:
    return {"recall": share(sum(plate.found for plate in plates), len(plates)), **_reading(plates, country)}


def _script(plates: Sequence[PlateOutcome], country: Country) -> dict[str, Any]:
    correct_script = sum(is_script_correct(plate, country) for plate in plates)
    return {"told_apart": share(correct_script, len(plates)), **_group(plates, country)}


def is_script_correct(plate: PlateOutcome, country: Country) -> bool:
    """Whether a plate was read in its own script, the country's or Latin."""
    return plate.script == (OWN if plate.kind == country.script else LATIN)


def _by_kind(outcome: PlatesOutcome) -> dict[str, list[PlateOutcome]]:
    """Script -> its fully legible plates."""
    return grouped(scored_plates(outcome, None), lambda plate: plate.kind or NOT_MEASURED)


def _by_width(plates: Sequence[PlateOutcome]) -> dict[str, list[PlateOutcome]]:
    wide = [plate for plate in plates if plate.width_px >= WIDE_PX]
    bands = grouped(plates, lambda plate: plate.width_group, WIDTH_BANDS)
    return bands | ({f"all >= {WIDE_PX} px": wide} if wide else {})


def grouped(
    plates: Sequence[PlateOutcome], name_of: Callable[[PlateOutcome], str], order: Sequence[str] = ()
) -> dict[str, list[PlateOutcome]]:
    """Group plates by name: names of `order` first, the others alphabetically, without empty groups.

    Args:
        plates: their outcomes.
        name_of: the group's name of an outcome.
        order: names that come first.
    """
    found = {name_of(plate) for plate in plates}
    names = [*(name for name in order if name in found), *sorted(found - set(order))]
    return {name: [plate for plate in plates if name_of(plate) == name] for name in names}


HEADER = ("found", "read exactly", "CER")


def format_plates(outcome: PlatesOutcome, country: Country, kind: str | None) -> str:
    """Accuracy as text tables."""
    title = " ".join(filter(None, ("fully legible", kind, "plates")))
    scored = scored_plates(outcome, kind)
    tables = [
        *detection_tables(outcome),
        format_table([title, *HEADER], [format_group("all", scored, country)]),
    ]
    for trait, groups in breakdowns(scored).items():
        if len(groups) > 1 or SEEN in groups:
            rows = [format_group(name, group, country) for name, group in groups.items()]
            tables.append(format_table([f"by {trait}", *HEADER], rows))
    tables.append(format_table(["by script", "script correct", *HEADER], script_rows(outcome, country)))
    return "\n\n".join(tables)


def script_rows(outcome: PlatesOutcome, country: Country) -> list[list[str]]:
    """Rows of a table, one per script: correct script, recall, exact match, CER."""
    rows = []
    for name, group in _by_kind(outcome).items():
        correct_script = format_share(sum(is_script_correct(plate, country) for plate in group), len(group))
        first, *rest = format_group(name, group, country)
        rows.append([first, correct_script, *rest])
    return rows


def format_group(name: str, plates: Sequence[PlateOutcome], country: Country) -> list[str]:
    """A table row of a group: recall, exact match, CER.

    Args:
        name: of the group.
        plates: outcomes of its plates.
        country: splits texts into characters.
    """
    errors, interval = character_errors(plates, country), interval_of_errors(plates, country)
    return [
        name,
        format_share(sum(plate.found for plate in plates), len(plates)),
        format_share(sum(plate.exact for plate in plates), len(plates)),
        "–" if errors is None else f"{errors:.1%}" + (f" [{interval[0]:.0%}–{interval[1]:.0%}]" if interval else ""),
    ]

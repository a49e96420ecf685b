"""`lpr-bench forms`: how many labelled registrations the country's grammar allows, by form, and which it refuses."""

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lpr_bench.accuracy.plate_traits import form_of
from lpr_bench.base.tables import format_share
from lpr_edge.contract.countries import load_country
from lpr_edge.contract.country import Country
from lpr_edge.contract.data.label_file import BOTH, TRAINING_SPLIT
from lpr_edge.contract.data.plate_photos import PlateLabel, PlatePhoto, load_plates_and_crops
from lpr_edge.contract.whole_files import write_whole
from lpr_edge.text.grammar import Grammar
from lpr_export.report.text_table import format_table

REFUSED = "none: refused"


@dataclass(frozen=True)
class LabelledForm:
    """A fully legible plate, with the form that allows its text."""

    photo: PlatePhoto
    plate: PlateLabel
    form: str
    """Empty where the grammar refuses the text."""


def add_command(benchmarks: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to `lpr-bench`."""
    parser = benchmarks.add_parser("forms", help="labelled plates by the grammar's forms, and which it refuses")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="holds plates/, crops/ or both")
    parser.add_argument("--split", default=TRAINING_SPLIT, help="part of the data (default: train)")
    parser.add_argument(
        "--country", default="nepal", metavar="NAME", help="a name that ships with lpr, or a TOML file (default: nepal)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the counts and the refused plates there")
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    """Count, print the table and each refused plate, and write the JSON where asked for."""
    country = load_country(parsed.country)
    plates = labelled_forms(load_plates_and_crops(parsed.data, parsed.split), country)
    print(format_forms(plates))
    if parsed.json:
        write_whole(parsed.json, (json.dumps(to_record(plates), ensure_ascii=False, indent=1) + "\n").encode())
    return 0


def labelled_forms(photos: Sequence[PlatePhoto], country: Country) -> list[LabelledForm]:
    """The form of each fully legible plate that a reader of this country is scored on."""
    grammar = Grammar(country)
    return [
        LabelledForm(photo, plate, form_of(plate, grammar))
        for photo in photos
        for plate in photo.plates
        if plate.legible == "full" and plate.is_to_read and _is_scored(plate, country)
    ]


def _is_scored(plate: PlateLabel, country: Country) -> bool:
    return country.script is None or plate.kind in (country.script, BOTH)


def format_forms(plates: Sequence[LabelledForm]) -> str:
    """A table of the forms, the most frequent first, and each refused plate in a line."""
    counts = Counter(plate.form or REFUSED for plate in plates)
    rows = [[form, format_share(count, len(plates))] for form, count in counts.most_common()]
    lines = [format_table(["form", "plates"], rows)] if rows else ["No fully legible plate."]
    lines += [f"{one.photo.path.name}: {' '.join(one.plate.text_rows)}" for one in plates if not one.form]
    return "\n".join(lines)


def to_record(plates: Sequence[LabelledForm]) -> dict[str, Any]:
    """Counts by form and the refused plates, as plain values for JSON."""
    return {
        "plates": len(plates),
        "forms": dict(Counter(plate.form for plate in plates if plate.form).most_common()),
        "refused": [{"image": one.photo.path.name, "rows": one.plate.text_rows} for one in plates if not one.form],
    }

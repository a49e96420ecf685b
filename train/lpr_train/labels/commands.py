"""`lpr-train import` and `lpr-train export-labels`: their flags, and what they print."""

import argparse
from pathlib import Path
from typing import Any

from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.base.text_files import shown
from lpr_train.labels.formats.names import EXPORTED, IMPORTED

RULES = "auto: the source's, else a new one (default); keep; train; test; or the share of pictures to test on"


def add_commands(commands: Any) -> None:
    """Add both to the parser of `lpr-train`."""
    _add_import(commands)
    _add_export(commands)


def _add_import(commands: Any) -> None:
    formats = "\n".join(f"  {name:<15} {form.title}. Text: {form.text_source}." for name, form in IMPORTED.items())
    parser = commands.add_parser(
        "import",
        help="bring in photographs that were labelled with another tool",
        description="Write another tool's labelled photographs and crops as lpr's data folder.",
        epilog=f"Formats, and where a plate's text comes from:\n{formats}\n"
        "Rows of a text are parted by a line's end, |, / or +; ? is a character that nobody can read. A text without\n"
        "them on a plate of two rows' shape is cut before its last number; a | at its end keeps it in one row.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("source", type=Path, metavar="SOURCE", help="the data set's folder, or its file of labels")
    add("--out", type=Path, required=True, metavar="DIR", help="a new folder; takes plates/ and crops/")
    add(
        "--format",
        choices=IMPORTED,
        metavar="NAME",
        default="",
        help=f"one of {', '.join(IMPORTED)} (default: found out)",
    )
    add("--split", default="auto", metavar="RULE", help=RULES)
    add("--seed", type=int, default=1, help="the same seed makes the same split (default: 1)")
    add("--images", type=Path, metavar="DIR", help="the pictures' folder, where labels came without them")
    add("--text-from", default="", metavar="NAME", help="the attribute that holds the text (default: found out)")
    add("--plate-class", action="append", default=[], metavar="NAME", help="a class that is plates; may be repeated")
    add("--skip-empty", action="store_true", help="leave out pictures without a labelled plate")
    add("--name", default="", help="what labels call the source (default: SOURCE's name)")
    add("--country", default="nepal", help="whose alphabet the texts are in (default: nepal)")
    add("--json", action="store_true", help="print the whole report as one JSON object")
    parser.set_defaults(act=_import)


def _import(parsed: argparse.Namespace) -> int:
    from lpr_edge.contract.countries import load_country
    from lpr_train.labels.import_labels import REPORT, ImportOptions, import_labels
    from lpr_train.labels.splits import SplitRule

    options = ImportOptions(
        load_country(parsed.country),
        parsed.format,
        SplitRule(parsed.split, parsed.seed),
        parsed.images,
        parsed.text_from,
        tuple(parsed.plate_class),
        parsed.skip_empty,
        parsed.name or shown(parsed.source.absolute().stem),
    )
    report = import_labels(parsed.source, parsed.out, options)
    out = shown(parsed.out)
    print(report.to_json() if parsed.json else report.to_text())
    if not parsed.json:
        print(f"Every guess and omission: {out}/{REPORT}. Next: lpr-train check --data {out}")
    return 0


def _add_export(commands: Any) -> None:
    parser = commands.add_parser("export-labels", help="write labels for other tools: COCO or YOLO")
    parser.add_argument("data", type=Path, metavar="DIR", help="plates, crops, or the folder that holds them")
    parser.add_argument("--format", choices=EXPORTED, required=True, help="coco holds everything; yolo has no texts")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="a new folder")
    parser.set_defaults(act=_export)


def _export(parsed: argparse.Namespace) -> int:
    from lpr_train.labels.export_labels import export_labels

    if parsed.out.absolute() == parsed.data.absolute():
        raise LprError("--out is the data's own folder: give it a new one")
    print(export_labels(parsed.data, parsed.out, parsed.format).to_text(parsed.out))
    return 0

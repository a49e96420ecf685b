"""`lpr-bench cards`: write the models' cards from their manifests and results."""

import argparse
from pathlib import Path
from typing import Any

from lpr_bench.report.cards import ExtraResults, Result, open_shipped, write_card
from lpr_bench.report.summaries import write_summaries
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.base.text_files import read_json
from lpr_edge.contract.countries import load_country
from lpr_edge.contract.country import country_from_dict
from lpr_edge.contract.manifest import read_manifest
from lpr_edge.contract.run.model_types import NAMED_TYPES
from lpr_edge.runtimes.shipped_models import MODELS


def add_command(benchmarks: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to `lpr-bench`."""
    parser = benchmarks.add_parser("cards", help="write model cards from manifests and what --json of accuracy holds")
    parser.add_argument("--plates", type=Path, metavar="FILE", help="what accuracy --data DIR --json FILE wrote")
    parser.add_argument("--crops", type=Path, metavar="FILE", help="what accuracy --data DIR --characters wrote")
    parser.add_argument("--painted", type=Path, metavar="FILE", help="what accuracy --rendered wrote")
    parser.add_argument("--folds", type=Path, metavar="FILE", help="what accuracy --split train --reader FOLDS wrote")
    parser.add_argument("--models", type=Path, metavar="DIR", default=MODELS, help="of the files (default: shipped)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder of the cards (default: that of the models)")
    parser.add_argument(
        "--figures", type=Path, metavar="DIR", help="write the results there, too, without pictures' names and texts"
    )
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    """Write the cards for which there is a measurement.

    Raises:
        LprError: there is none, or one is of other files.
    """
    results = {"plates": _read(parsed.plates, "plates"), "characters": _read(parsed.crops, "characters")}
    extra = ExtraResults(_read(parsed.painted, "painted"), _read(parsed.folds, "plates"))
    measured = {
        name: result for name, model_type in NAMED_TYPES.items() if (result := results[model_type.dataset]) is not None
    }
    if not measured:
        raise LprError("nothing to write cards from: give --plates FILE or --crops FILE, made by lpr-bench accuracy")
    for name, result in measured.items():
        model = open_shipped(parsed.models / f"{name}.int8.tflite", result)
        if extra.rendered is not None and NAMED_TYPES[name].dataset == "plates":
            open_shipped(model.path, extra.rendered)
        print(f"Wrote {write_card(model, _country(model.path), extra, parsed.out or parsed.models)}")
    if parsed.figures:
        for path in write_summaries({**results, "painted": extra.rendered, "folds": extra.folds}, parsed.figures):
            print(f"Wrote {path}")
    return 0


def _country(path: Path) -> Any:
    """The country's file as it is now, which knows most of the data; the model's own where lpr carries none."""
    embedded = country_from_dict(read_manifest(path).country)
    try:
        return load_country(embedded.name)
    except LprError:
        return embedded


def _read(path: Path | None, data: str) -> Result | None:
    if path is None:
        return None
    try:
        result: dict[str, Any] = read_json(path)
    except (OSError, ValueError) as error:
        raise LprError(f"{path} can't be read as a result ({error}): make it by lpr-bench accuracy --json") from error
    if result.get("data") != data:
        raise LprError(f"{path} is of {result.get('data')!r}, and one of {data!r} is wanted there")
    return result

"""Readings of the same plates, rectified by their true corners, by every reader."""

import csv
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lpr_bench.system.devices import open_plate_reader
from lpr_edge.contract.base.errors import LprError
from lpr_edge.runtimes.opening import open_model
from lpr_edge.vision.reader import Reader
from rivals import fast_plate, own
from rivals.alphabet import alphabet_of
from rivals.plates import Answers, Plate, cut_out, load, score
from rivals.tesseract import LANGUAGES, check_tesseract, read_with_tesseract


def read_all(data: Path, split: str, folder: Path) -> dict[str, Any]:
    """Let every reader that is there read, and score it; who isn't is named on stderr.

    Args:
        data: lpr's data folder.
        split: of it.
        folder: of the comparison, with what `train` left there. It takes `answers.json`, every reader's text of every
            plate, which are of the data and so in no result file.

    Returns:
        For the record: scores, how the trained ones were trained, and on what.
    """
    shipped = open_plate_reader(None, None, "auto", 1).reader
    country = shipped.grammar.country
    plates = load(data, split, country)
    truths = [plate.truth for plate in plates]
    answers = [
        own.read("lpr, shipped, int8", shipped, plates),
        own.read_without_grammar("lpr, shipped, int8, without grammar", shipped, plates),
        *_by_trained(folder, plates),
        *_by_tesseract(plates),
    ]
    texts = {one.name: one.texts for one in answers}
    (folder / "answers.json").write_text(json.dumps({"truth": truths, **texts}, ensure_ascii=False, indent=1) + "\n")
    return {
        "split": split,
        "readers": [score(one, truths, country) for one in answers],
        "trained": _left_by(folder / "trained.json"),
        "training_set": _left_by(folder / "set" / "training_set.json"),
    }


def _by_trained(folder: Path, plates: list[Plate]) -> Iterator[Answers]:
    """The two that were trained for the same time."""
    trained = _left_by(folder / "trained.json")
    if trained is None:
        print("rivals: nothing trained yet in this work folder: run the part `train`", file=sys.stderr)
        return
    reader = Reader(open_model(own.export(folder / "own", folder), "litert", 1))
    yield own.read("lpr, same time, float32", reader, plates)
    yield own.read_without_grammar("lpr, same time, float32, without grammar", reader, plates)
    margin = reader.model.manifest.margin
    pictures = [cut_out(plate.frame_bgr, plate.label.quad_xy, margin, fast_plate.SIZE_HW) for plate in plates]
    network = fast_plate.export(kept_network(folder / "peer"), folder / "plate.yaml")
    yield fast_plate.read("fast-plate-ocr, same time, float32", network, folder / "plate.yaml", pictures, alphabet_of())


def kept_network(folder: Path) -> Path:
    """The network that the last run of fast-plate-ocr's trainer is evaluated with.

    It keeps the first of the epochs that read the most held-out plates. Where the last epoch reads as many, this takes
    the last: while no plate is read whole yet, its first epoch would be its best for ever.

    Raises:
        LprError: there is none.
    """
    logs = sorted(folder.glob("*/training_log.csv"))
    shares = [_held_out_shares(log) for log in logs[-1:]]
    if not shares or not shares[0]:
        raise LprError(f"{folder} holds no network of fast-plate-ocr: it was stopped before its first epoch ended")
    return logs[-1].with_name("last.keras" if shares[0][-1] >= max(shares[0]) else "best.keras")


def _held_out_shares(log: Path) -> list[float]:
    """Share of held-out plates read whole, epoch by epoch."""
    with log.open(encoding="utf-8", newline="") as file:
        return [float(row["val_acc"]) for row in csv.DictReader(file)]


def _by_tesseract(plates: list[Plate]) -> Iterator[Answers]:
    try:
        check_tesseract()
    except LprError as error:
        print(f"rivals: left out: {error}", file=sys.stderr)
        return
    yield from (read_with_tesseract(language, plates) for language in LANGUAGES)


def _left_by(path: Path) -> dict[str, Any] | None:
    return dict(json.loads(path.read_text())) if path.exists() else None

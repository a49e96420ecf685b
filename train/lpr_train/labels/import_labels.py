"""Import images labelled with another tool as a data folder: `plates/` and `crops/`."""

import json
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from lpr_edge.contract.base.errors import DataError
from lpr_edge.contract.base.pictures import file_sha256
from lpr_edge.contract.base.text_files import shown
from lpr_edge.contract.country import UNREADABLE, Country
from lpr_edge.contract.data.datasets import CROPS
from lpr_edge.contract.data.label_file import BOX, HAND, LABELLERS
from lpr_edge.contract.geometry import quad_size
from lpr_train.base.progress import each
from lpr_train.base.staging import staged_folder
from lpr_train.labels.corners import corners_of, whole_picture
from lpr_train.labels.formats.names import IMPORTED
from lpr_train.labels.formats.records import Drawn, Notes, Shape, SourceImage, SourcePlate
from lpr_train.labels.formats.source_files import NO_PICTURE, SourceFiles
from lpr_train.labels.image_copies import unique_names
from lpr_train.labels.registry import FORMATS, recognise
from lpr_train.labels.report import ImportReport
from lpr_train.labels.splits import TEST, TRAIN, SplitResult, SplitRule, assign_splits
from lpr_train.labels.texts import TextRules, plate_classes
from lpr_train.labels.upright import open_upright

PHOTOGRAPHS = "plates"
"""Folder of photographs; that of crops is `CROPS`."""
REPORT = "import.json"
Values = dict[str, Any]

ONLY_CLASS = "the only class, so it is taken for plates"
NO_PLATE = "no plate is labelled: taken as a picture without one"
NO_PLATE_LEFT_OUT = "no plate is labelled"
OTHER_CLASS = "a class that isn't one of plates"
FILLS = "a crop: the plate is taken to fill the picture"
MOVED = "its vehicle is tested on: moved from train to test"
LISTED_TWICE = "listed before"
SAME_PICTURE = "the same picture as another"


@dataclass(frozen=True)
class ImportOptions:
    """Options of an import."""

    country: Country
    format: str = ""
    """Empty to find out."""
    split: SplitRule = field(default_factory=SplitRule)
    images: Path | None = None
    """Another folder with the pictures."""
    text_from: str = ""
    """The attribute that holds texts."""
    plate_classes: tuple[str, ...] = ()
    """The classes that are plates; none to find out."""
    skip_empty: bool = False
    """Whether pictures without a labelled plate are left out."""
    name: str = ""
    """Value of `source` for each image; empty for the source folder's name."""


@dataclass(frozen=True)
class Taken:
    """An imported image."""

    path: Path
    given_split: str
    is_crop: bool
    line: Values
    """Its line of labels, without name and split."""

    @property
    def texts(self) -> list[str]:
        """Texts of its plates."""
        return ["".join(plate.get("number_rows") or plate["rows"]) for plate in self.line["plates"]]


def import_labels(source: Path, out: Path, options: ImportOptions) -> ImportReport:
    """Read another tool's data set, and write it as lpr's.

    Args:
        source: its folder, or its file of labels.
        out: a new folder; it is there whole afterwards, or not at all.
        options: what was asked for.

    Raises:
        DataError: nothing was found, or nothing could be taken.
        LprError: `out` is there already.
    """
    with staged_folder(out) as folder:
        files = SourceFiles(source, options.images)
        name = options.format or recognise(files)
        notes = Notes()
        taken = list(_take(list(FORMATS[name].read(files, notes)), files, options, notes))
        if not taken:
            raise DataError(_nothing(source, IMPORTED[name].title, notes))
        result = assign_splits([one.given_split for one in taken], [one.texts for one in taken], options.split)
        report = ImportReport(shown(source), name, IMPORTED[name].title, result.story, notes)
        _note_moved(taken, result, files, notes)
        _write(taken, result.splits, files, folder)
        _count(taken, result, report)
        (folder / REPORT).write_text(report.to_json(), encoding="utf-8")
    return report


def _nothing(source: Path, title: str, notes: Notes) -> str:
    first = notes.omissions[0] if notes.omissions else None
    why = f"{first.where}: {first.reason} {first.detail}".strip() if first else "no labels of that format"
    count = f"; {len(notes.omissions)} such" if len(notes.omissions) > 1 else ""
    remedy = ". Give --images the folder of the pictures" if first and first.reason == NO_PICTURE else ""
    return f"nothing to import from {shown(source)} as {title} ({why}{count}){remedy}"


def _take(images: Sequence[SourceImage], files: SourceFiles, options: ImportOptions, notes: Notes) -> Iterable[Taken]:
    """Usable images, each with its label line."""
    rules = _rules(images, files, options, notes)
    listed: set[Path] = set()
    contents: dict[str, Path] = {}
    for image in each(images, "import", "pictures"):
        where = files.shown(image.path)
        if image.path in listed:
            notes.left_out(where, LISTED_TWICE)
            continue
        listed.add(image.path)
        taken = _taken(image, where, rules, options, notes)
        if taken is None:
            continue
        first = contents.setdefault(file_sha256(image.path), image.path)
        if first != image.path:
            notes.left_out(where, SAME_PICTURE, files.shown(first))
            continue
        yield taken


def _rules(images: Sequence[SourceImage], files: SourceFiles, options: ImportOptions, notes: Notes) -> TextRules:
    rules = TextRules(options.country, options.text_from)
    names = {plate.class_name for image in images for plate in image.plates}
    plates, is_guess = plate_classes(names, rules, options.plate_classes)
    if is_guess:
        notes.guessed(files.source.name, ONLY_CLASS, repr(next(iter(plates))))
    return replace(rules, plate_classes=plates)


def _taken(image: SourceImage, where: str, rules: TextRules, options: ImportOptions, notes: Notes) -> Taken | None:
    opened = open_upright(image, where, notes)
    if opened is None:
        return None
    size_wh, labels = opened
    made = [_plate(plate, size_wh, f"{where}, plate {n}", rules, notes) for n, plate in enumerate(labels, 1)]
    plates = [plate for plate in made if plate is not None]
    if not plates and (options.skip_empty or image.is_crop or image.plates):
        notes.left_out(where, NO_PLATE_LEFT_OUT)
        return None
    if not plates:
        notes.guessed(where, NO_PLATE)
    source = image.source or options.name
    line = {"width": size_wh[0], "height": size_wh[1], "source": source, "plates": plates}
    return Taken(image.path, image.split, image.is_crop, line)


def _plate(label: SourcePlate, size_wh: tuple[int, int], where: str, rules: TextRules, notes: Notes) -> Values | None:
    """A plate for `labels.jsonl`; None, and a message, if it is none."""
    if label.class_name not in rules.plate_classes:
        notes.left_out(where, OTHER_CLASS, repr(label.class_name))
        return None
    if label.shape is None:
        notes.guessed(where, FILLS)
        quad, corners = whole_picture(size_wh), ""
    else:
        placed = notes.attempt(where, corners_of, _trusted(label, label.shape), size_wh, where, notes)
        if placed is None:
            return None
        quad, corners = placed
    said = label.attributes.get("corners")
    corners = said if said in (HAND, BOX) else corners
    text = rules.read(label, quad_size(quad), where, notes)
    values: Values = {
        "quad": np.round(quad.astype(float), 2).tolist(),
        "rows": list(text.rows),
        "legible": text.legible,
        "kind": text.kind,
    }
    boxes = label.attributes.get("character_boxes")
    by = label.attributes.get("label")
    more = {"vehicle": text.vehicle, "number_rows": text.number_rows, "corners": corners, "character_boxes": boxes}
    more |= {"label": by} if by in LABELLERS and by != HAND else {}
    return values | {key: value for key, value in more.items() if value}


def _trusted(label: SourcePlate, shape: Shape) -> Shape:
    """The shape of a plate whose `corners` are given, as lpr's own export does: they begin at its own top left."""
    is_kept = label.attributes.get("corners") in (HAND, BOX) and shape.drawn is Drawn.POLYGON and len(shape.points) == 4
    return replace(shape, drawn=Drawn.CORNERS) if is_kept else shape


def _note_moved(taken: Sequence[Taken], result: SplitResult, files: SourceFiles, notes: Notes) -> None:
    for at in result.moved:
        notes.guessed(files.shown(taken[at].path), MOVED)


def _write(taken: Sequence[Taken], splits: Sequence[str], files: SourceFiles, folder: Path) -> None:
    """Copy the images, and write their label lines in the order of their names."""
    names = unique_names([one.path for one in taken], files.root)
    lines: dict[str, list[tuple[str, str]]] = {}
    for one, split, name in each(list(zip(taken, splits, names, strict=True)), "copy", "pictures"):
        kind = CROPS if one.is_crop else PHOTOGRAPHS
        (folder / kind / "images").mkdir(parents=True, exist_ok=True)
        shutil.copyfile(one.path, folder / kind / "images" / name)
        sizes = {key: one.line[key] for key in ("width", "height")}
        line = {"image": name, **sizes, "split": split, "source": one.line["source"], "plates": one.line["plates"]}
        lines.setdefault(kind, []).append((name, json.dumps(line, ensure_ascii=False)))
    for kind, named in lines.items():
        text = "".join(f"{line}\n" for _, line in sorted(named))
        (folder / kind / "labels.jsonl").write_text(text, encoding="utf-8")


def _count(taken: Sequence[Taken], result: SplitResult, report: ImportReport) -> None:
    for one, split in zip(taken, result.splits, strict=True):
        report.counts["crops" if one.is_crop else "photographs"][split] += 1
        for plate in one.line["plates"]:
            report.counts["plates"][split] += 1
            report.counts["plates by legibility"][plate["legible"]] += 1
            report.counts["plates by kind"][plate["kind"] or "unknown"] += 1
            report.counts["plates by corners"][plate.get("corners", "whole picture")] += 1
    report.advice += _advice(taken, result)


def _advice(taken: Sequence[Taken], result: SplitResult) -> list[str]:
    """What a network can't learn from this data set, and what to do."""
    plates = [plate for one in taken for plate in one.line["plates"]]
    boxes = sum(plate.get("corners") == BOX for plate in plates)
    texts = sum(plate["rows"] != [UNREADABLE] for plate in plates)
    kept = [split for at, split in enumerate(result.splits) if at not in set(result.moved)]
    said = {
        f"{boxes} of {len(plates)} plates are boxes alone: the detector learns where such plates are, and the reader "
        "nothing of them. Draw four corners.": boxes,
        f"{len(plates) - texts} of {len(plates)} plates have no text: the reader learns nothing of them.": len(plates)
        - texts,
        f"{len(result.moved)} pictures went from train to test with their vehicles: the source's split parts vehicles. "
        "--split 0.2 makes a new one.": len(result.moved) > kept.count(TRAIN) // 10,
        "No picture is for testing: lpr-bench accuracy has nothing to measure. --split 0.2 makes a split.": TEST
        not in result.splits,
        "No picture is for training. --split 0.2 makes a split.": TRAIN not in result.splits,
    }
    return [line for line, holds in said.items() if holds]

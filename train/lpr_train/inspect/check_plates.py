"""Check a folder of labelled photographs of plates, or of plate crops."""

import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.base.errors import DataError, LprError
from lpr_edge.contract.base.pictures import is_foreign_picture, is_picture
from lpr_edge.contract.base.text_files import parse_json, read_lines
from lpr_edge.contract.country import UNREADABLE, Country
from lpr_edge.contract.data.label_file import UNLABELLED
from lpr_edge.contract.data.plate_photos import PlateLabel, PlatePhoto, photo_from_line
from lpr_edge.contract.geometry import is_convex, quad_size
from lpr_train.base.findings import SMALLEST_SIDE, CheckedImage, Report, duplicate_groups, open_picture

SPLITS = ("train", "test")
"""What networks learn from and are measured on."""
LEGIBLE = ("full", "partial", "none")
UNKNOWN = "unknown"
"""Name in the counts for what a label leaves out."""
OUTSIDE = 0.5
"""Distance from the image by which corners may lie outside, as a fraction of its size: the edge may cut a plate."""


def check_plates(root: Path, country: Country, report: Report) -> None:
    """Add counts and every fault to `report`."""
    mentioned: set[Path] = set()
    kept: list[CheckedImage] = []
    for place, photo, size_wh in _photos(root / "labels.jsonl", report):
        if photo.path in mentioned:
            report.error(place, f"lists {photo.path.name} again")
            continue
        mentioned.add(photo.path)
        _count(photo, report)
        if _check_photo(place, photo, size_wh, country, report):
            kept.append(CheckedImage(photo.path, photo.split, ""))
    _check_unlisted(root / "images", mentioned, report)
    for group in duplicate_groups(kept):
        _check_duplicates(group, report)


def _photos(path: Path, report: Report) -> Iterator[tuple[str, PlatePhoto, tuple[object, object]]]:
    """Each readable line: its position, its contents, and the width and height that it states."""
    for number, line in read_lines(path):
        try:
            photo = photo_from_line(line, number, path)
        except DataError as error:
            report.error(f"{path}:{number}", str(error))
            continue
        values = parse_json(line)
        yield f"{path}:{number}", photo, (values.get("width"), values.get("height"))


def _check_photo(
    place: str, photo: PlatePhoto, size_wh: tuple[object, object], country: Country, report: Report
) -> bool:
    """Check a photograph; returns whether its image could be read."""
    if photo.split not in (*SPLITS, UNLABELLED):
        report.error(place, f"is of the split {photo.split!r}, and only {' and '.join(SPLITS)} are used")
    if photo.split == "test" and not photo.is_ground_truth:
        report.error(place, "is of the split 'test', and a vote or a model labelled it: label it by hand, or move it")
    picture = open_picture(photo.path, report)
    for number, plate in enumerate(photo.plates, 1):
        _check_plate(f"{place} ({photo.path.name}, plate {number})", plate, picture, country, report)
    if picture is not None:
        _check_size(place, size_wh, picture, report)
    return picture is not None


def _count(photo: PlatePhoto, report: Report) -> None:
    pictures, plates = ("crops", "plates of crops") if photo.is_crop else ("photographs", "plates")
    report.counts[pictures][photo.split] += 1
    report.counts[f"{pictures} by source"][photo.source or UNKNOWN] += 1
    for plate in photo.plates:
        report.counts[plates][photo.split] += 1
        report.counts[f"{plates} by legibility"][plate.legible] += 1
        report.counts[f"{plates} by kind"][plate.kind or UNKNOWN] += 1
        report.counts[f"{plates} by vehicle"][plate.vehicle or UNKNOWN] += 1
        report.counts[f"{plates} by rows"][str(len(plate.rows))] += 1
        report.counts[f"{plates} by corners"][plate.corners] += 1
        report.counts[f"{plates} labelled by"][plate.label] += 1
        report.counts[f"{plates} with each character's box"][photo.split] += plate.character_boxes is not None


def _check_size(place: str, stated_wh: tuple[object, object], picture: Image, report: Report) -> None:
    height, width = picture.shape[:2]
    if stated_wh not in ((width, height), (None, None)):
        stated = "×".join(map(str, stated_wh))
        report.error(place, f"states {stated} pixels, and the picture has {width}×{height}: its corners are off")


def _check_plate(place: str, plate: PlateLabel, picture: Image | None, country: Country, report: Report) -> None:
    _check_text(place, plate, country, report)
    _check_character_boxes(place, plate, country, report)
    if plate.legible not in LEGIBLE:
        report.error(place, f"is legible {plate.legible!r}, and it must be {', '.join(LEGIBLE)}")
    if not is_convex(plate.quad_xy):
        report.error(place, "its corners cross or lie on a line: give them clockwise from the plate's own top left")
    elif min(quad_size(plate.quad_xy)) < SMALLEST_SIDE and plate.is_to_read:
        width, height = quad_size(plate.quad_xy)
        report.warning(place, f"is {width:.0f}×{height:.0f} pixels: too small to be read")
    if picture is not None and _lies_outside(plate, picture):
        report.error(place, "its corners lie far outside the picture")


def _check_text(place: str, plate: PlateLabel, country: Country, report: Report) -> None:
    for row in dict.fromkeys((*plate.rows, *(plate.number_rows or ()))):
        _check_row(place, row, country, report)
    if plate.legible == "full" and (not plate.rows or any(UNREADABLE in row for row in plate.text_rows)):
        report.error(place, f"is called fully legible, and its text is {' '.join(plate.rows)!r}")


def _check_character_boxes(place: str, plate: PlateLabel, country: Country, report: Report) -> None:
    """Check that each character of each row has a box, because surplus boxes would belong to wrong labels."""
    if plate.character_boxes is None:
        return
    boxes = [len(row) for row in plate.character_boxes]
    try:
        labels = [len(country.tokenize(row)) for row in plate.rows]
    except LprError:
        return  # the row's error is reported already
    if boxes != labels:
        report.error(place, f"has {_counted(boxes)} boxes of characters in its rows, and {_counted(labels)} labels")
    if any(min(box[2:]) <= 0 for row in plate.character_boxes for box in row):
        report.error(place, "has a character's box without width or height: boxes are x, y, width, height")


def _counted(numbers: Sequence[int]) -> str:
    return "+".join(map(str, numbers)) or "no"


def _check_row(place: str, row: str, country: Country, report: Report) -> None:
    try:
        country.tokenize(row)
    except LprError as error:
        if set(unicodedata.normalize("NFC", row)) <= _code_points(country):
            report.warning(place, f"{error}: a misspelling? Training the reader leaves the plate out")
        else:
            report.error(place, str(error))


def _code_points(country: Country) -> set[str]:
    """All code points of the labels, and of what a label's text may contain besides."""
    return {*"".join(country.labels), *UNREADABLE, *" .-·"}


def _lies_outside(plate: PlateLabel, picture: Image) -> bool:
    size_wh = np.array(picture.shape[1::-1])
    return bool(((plate.quad_xy < -OUTSIDE * size_wh) | (plate.quad_xy > (1 + OUTSIDE) * size_wh)).any())


def _check_unlisted(images: Path, mentioned: set[Path], report: Report) -> None:
    for path in sorted(images.glob("*")):
        if (is_picture(path) or is_foreign_picture(path)) and path not in mentioned:
            report.warning(path, "has no line in labels.jsonl and is never used")


def _check_duplicates(group: list[CheckedImage], report: Report) -> None:
    first, *others = group
    for other in others:
        if other.split != first.split:
            report.error(
                other.path,
                f"of {other.split} is the same picture as {first.path.name} of {first.split}: "
                "what is trained on can't be measured on, so delete one",
            )
        else:
            report.warning(other.path, f"is the same picture as {first.path.name}")

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from lpr_bench.accuracy.plates import LATIN, OWN, PlateOutcome, PlatesOutcome, PlateTraits, ReadPlate, score_photos
from lpr_bench.accuracy.plates_report import character_errors, format_plates, interval_of_errors, labels_of, summarize
from lpr_edge.contract.base.arrays import Image, Quad
from lpr_edge.contract.base.errors import DataError
from lpr_edge.contract.countries import load_country
from lpr_edge.contract.data.plate_photos import PlateLabel, PlatePhoto

NEPAL = load_country("nepal")


def square(x: float, y: float, size: float = 100) -> Quad:
    return np.array([[x, y], [x + size, y], [x + size, y + size], [x, y + size]], np.float32)


def label(quad: Quad, *rows: str, legible: str = "full", kind: str = "devanagari") -> PlateLabel:
    return PlateLabel(quad, rows, legible, kind, "motorbike")


@pytest.fixture
def photo_path(tmp_path: Path) -> Path:
    path = tmp_path / "street.png"
    cv2.imwrite(str(path), np.full((400, 400, 3), 90, np.uint8))
    return path


def score(path: Path, labels: Sequence[PlateLabel], found: Sequence[ReadPlate]) -> PlatesOutcome:
    def find(_: PlatePhoto, frame: Image) -> Sequence[ReadPlate]:
        assert frame.shape == (400, 400, 3)
        return found

    return score_photos([PlatePhoto(path, "test", "street", tuple(labels))], find)


def test_recall_and_precision(photo_path: Path) -> None:
    """Recall counts legible plates of every kind, precision counts what was found where no plate is."""
    labels = [
        label(square(0, 0), "बा१प", "२३"),
        label(square(200, 0), "बा?प", legible="partial"),
        label(square(0, 200), "ABC", legible="full", kind="latin"),
    ]
    found = [ReadPlate(square(4, 4), "बा१प२३"), ReadPlate(square(0, 200), "ABC"), ReadPlate(square(250, 250), "क")]
    figures = summarize(score(photo_path, labels, found), NEPAL, "devanagari")
    assert (figures["recall"]["successes"], figures["recall"]["count"]) == (2, 3)
    assert (figures["precision"]["successes"], figures["precision"]["count"]) == (2, 3)
    assert figures["false_alarms"] == [{"image": "street.png", "read": "क"}]


def test_illegible_plate_is_neither_hit_nor_false_alarm(photo_path: Path) -> None:
    """Finding a plate that nobody can read changes neither recall nor precision."""
    labels = [label(square(0, 0), "?", legible="none"), label(square(200, 0), "बा१प२३")]
    found = [ReadPlate(square(0, 0), "बा"), ReadPlate(square(200, 0), "बा१प२३")]
    figures = summarize(score(photo_path, labels, found), NEPAL, "devanagari")
    assert (figures["recall"]["successes"], figures["recall"]["count"]) == (1, 1)
    assert (figures["precision"]["successes"], figures["precision"]["count"]) == (1, 1)


def test_second_box_on_one_plate_is_a_false_alarm(photo_path: Path) -> None:
    """A plate is found once; what else is found on it counts against precision."""
    found = [ReadPlate(square(0, 0), "बा१प"), ReadPlate(square(5, 5), "बा१प")]
    outcome = score(photo_path, [label(square(0, 0), "बा१प")], found)
    assert len(outcome.false_positives) == 1


def test_half_overlap_is_the_limit(photo_path: Path) -> None:
    """A box that covers less than half of the union with the plate didn't find it."""
    near = score(photo_path, [label(square(0, 0), "बा१प")], [ReadPlate(square(0, 30), "बा१प")])
    far = score(photo_path, [label(square(0, 0), "बा१प")], [ReadPlate(square(0, 40), "बा१प")])
    assert (near.plates[0].found, far.plates[0].found) == (True, False)


def test_only_fully_legible_plates_of_the_kind_count_as_text(photo_path: Path) -> None:
    """Partial, illegible and Latin plates don't count for exact match; a plate that wasn't found counts as wrong."""
    labels = [
        label(square(0, 0), "बा१प", "२३"),
        label(square(200, 0), "बा१?", legible="partial"),
        label(square(0, 200), "BA1PA", kind="latin"),
        label(square(200, 200), "को१प", "१"),
    ]
    found = [ReadPlate(square(0, 0), "बा१प२३"), ReadPlate(square(200, 0), "बा१प")]
    figures = summarize(score(photo_path, labels, found), NEPAL, "devanagari")
    assert (figures["reading"]["exact_match"]["successes"], figures["reading"]["exact_match"]["count"]) == (1, 2)
    assert figures["reading"]["character_error_rate"] == pytest.approx(4 / 9)  # को, १, प, १ of nine signs
    assert figures["reading_of_found"]["exact_match"]["count"] == 1


def test_decorative_header_is_not_scored(photo_path: Path) -> None:
    """Where the label has the registration without its header, that is the truth."""
    plate = PlateLabel(square(0, 0), ("नेपाल", "बा१प"), "full", "devanagari", "car", number_rows=("बा१प",))
    outcome = score(photo_path, [plate], [ReadPlate(square(0, 0), "बा१प")])
    assert (outcome.plates[0].exact, outcome.plates[0].rows) == (True, 1)


def test_groups_by_rows_and_width(photo_path: Path) -> None:
    """Figures are given by rows and by width in pixels, and the groups together hold every scored plate once."""
    labels = [label(square(0, 0, 39), "क"), label(square(100, 0, 40), "क", "क"), label(square(200, 0, 160), "क")]
    figures = summarize(score(photo_path, labels, []), NEPAL, "devanagari")
    assert {name: group["recall"]["count"] for name, group in figures["by_rows"].items()} == {"1 row": 2, "2 rows": 1}
    assert list(figures["by_width"]) == ["< 40 px", "40–80 px", ">= 160 px", "all >= 80 px"]


@pytest.mark.parametrize(
    ("width", "group"),
    [(0.5, "< 40 px"), (40, "40–80 px"), (79.9, "40–80 px"), (80, "80–160 px"), (159, "80–160 px"), (160, ">= 160 px")],
)
def test_width_group(width: float, group: str) -> None:
    """A limit belongs to the group above it."""
    assert PlateOutcome("a", "क", 1, width, "full", "devanagari", None, None).width_group == group


def test_missing_photograph_is_an_error(tmp_path: Path) -> None:
    """A labelled photograph that is gone ends the run: a figure over fewer plates would look like the same figure."""
    with pytest.raises(DataError, match=r"no picture .*gone\.jpg"):
        score(tmp_path / "gone.jpg", [], [])


def test_unknown_signs_count_one_by_one() -> None:
    """Text that the country has no labels for is cut into characters instead of ending the run."""
    assert labels_of("बा१", NEPAL) == ("बा", "१")
    assert labels_of("ΩΔ", NEPAL) == ("Ω", "Δ")


def test_table_shows_counts(photo_path: Path) -> None:
    """The printed tables carry counts and intervals beside every share."""
    outcome = score(photo_path, [label(square(0, 0), "बा१प")], [ReadPlate(square(0, 0), "बा१प")])
    table = format_plates(outcome, NEPAL, "devanagari")
    assert "precision                  100.0% [21%–100%] 1/1" in table
    assert "80–160 px" in table
    assert "all >= 80 px" in table


def test_tables_of_nothing(photo_path: Path) -> None:
    """Photographs without plates give dashes, not a division by zero."""
    outcome = score(photo_path, [], [])
    assert "–" in format_plates(outcome, NEPAL, "devanagari")
    assert summarize(outcome, NEPAL, "devanagari")["recall"]["value"] is None


def test_a_loose_box_counts_neither_way(photo_path: Path) -> None:
    """What lies in it is no false positive, whatever its overlap; a missed one is no miss, and has no overlap."""
    box = PlateLabel(square(100, 100), (), "partial", "devanagari", "", corners="box")
    small = ReadPlate(square(130, 130, 30), "")
    figures = summarize(score(photo_path, [box], [small]), NEPAL, "devanagari")
    assert (figures["recall"]["count"], figures["precision"]["count"], figures["false_alarms"]) == (0, 0, [])
    beside = ReadPlate(square(190, 190, 30), "")
    assert summarize(score(photo_path, [box], [beside]), NEPAL, None)["precision"]["count"] == 1
    huge = ReadPlate(square(0, 0, 390), "")
    assert summarize(score(photo_path, [box], [huge]), NEPAL, None)["precision"]["count"] == 1


def test_a_foreign_plate_is_found_and_its_text_is_not_scored(photo_path: Path) -> None:
    """It counts for recall and for no reading."""
    plate = label(square(0, 0), "DL3C1234", kind="foreign")
    figures = summarize(score(photo_path, [plate], [ReadPlate(square(0, 0), "बा१")]), NEPAL, None)
    assert figures["recall"]["successes"] == 1
    assert figures["reading"]["exact_match"]["count"] == 0
    assert figures["by_kind"] == {}


def test_figures_of_each_source(tmp_path: Path) -> None:
    """Recall, precision and overlap of each source's photographs, wide and leaning plates by themselves."""
    leaning = np.array([[100, 100], [180, 140], [170, 160], [90, 120]], np.float32)
    photos = []
    for name, plates in {"a": [label(square(0, 0)), label(square(200, 0, 15))], "b": [label(leaning)]}.items():
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.full((400, 400, 3), 90, np.uint8))
        photos.append(PlatePhoto(tmp_path / f"{name}.png", "test", name, tuple(plates)))
    found = {"a.png": [ReadPlate(square(0, 0), ""), ReadPlate(square(300, 300), "")], "b.png": [ReadPlate(leaning, "")]}
    outcome = score_photos(photos, lambda photo, _: found[photo.path.name])
    of_a, of_b = summarize(outcome, NEPAL, None)["detection_by_source"].values()
    assert (of_a["recall"]["value"], of_a["recall_of_wide"]["value"], of_a["precision"]["value"]) == (0.5, 1.0, 0.5)
    assert (of_a["mean_iou_of_found"], of_a["mean_iou_of_found_leaning"]) == (pytest.approx(1.0), None)
    assert (of_b["recall_of_leaning"]["count"], of_b["mean_iou_of_found_leaning"]) == (1, pytest.approx(1.0))
    table = format_plates(outcome, NEPAL, None)
    assert re.search(r"by source +photos +recall +>= 5% wide", table)
    assert re.search(r"\na +1 +50\.0%", table)


def outcome_of(read: str | None, truth: str = "बा१प", **changes: Any) -> PlateOutcome:
    """A plate's outcome, found where something was read."""
    made = PlateOutcome("a", truth, 1, 90, "full", "devanagari", None if read is None else 0.9, read)
    return replace(made, **changes)


def test_groups_by_form_colour_blur_and_training() -> None:
    """Every trait parts the same plates, each into one group, what couldn't be told under its own name."""
    plates = [
        outcome_of("बा१प", traits=PlateTraits("zonal", "red", 0.5, seen=True)),
        outcome_of("बा१", traits=PlateTraits("zonal", "black", 0.1)),
        outcome_of(None),
    ]
    figures = summarize(PlatesOutcome(tuple(plates), (), 3), NEPAL, "devanagari")
    counts = {
        trait: {name: group["exact_match"]["count"] for name, group in figures[f"by_{trait}"].items()}
        for trait in ("form", "colour", "blur", "training")
    }
    assert counts["form"] == {"no form": 1, "zonal": 2}
    assert counts["colour"] == {"black": 1, "red": 1, "unknown": 1}
    assert counts["blur"] == {"blurred": 1, "sharp": 1, "unknown": 1}
    assert counts["training"] == {"not seen by training": 2, "SEEN by training": 1}


def test_latin_plates_are_told_apart_by_what_was_read() -> None:
    """A Latin plate read in Latin signs is told apart though a sign is wrong; read in Devanagari it isn't."""
    latin = {"truth": "BA1", "kind": "latin"}
    plates = (
        outcome_of("BA7", **latin, script=LATIN),
        outcome_of("BA1", **latin, script=LATIN),
        outcome_of("बा१", **latin, script=OWN),
        outcome_of("बा१प", script=OWN),
        outcome_of(None),
    )
    by_kind = summarize(PlatesOutcome(plates, (), 1), NEPAL, "devanagari")["by_kind"]
    assert {name: group["told_apart"]["successes"] for name, group in by_kind.items()} == {"devanagari": 1, "latin": 2}
    assert by_kind["latin"]["exact_match"]["successes"] == 1


def test_interval_of_cer() -> None:
    """It holds the rate, is wider for fewer plates, and isn't told for a handful."""
    few = [outcome_of("बा१प" if i % 3 else "बा१") for i in range(12)]
    low, high = interval_of_errors(few, NEPAL) or (1, 0)
    assert low < (character_errors(few, NEPAL) or 0) < high
    narrow = interval_of_errors(few * 10, NEPAL) or (0, 1)
    assert narrow[1] - narrow[0] < high - low
    assert interval_of_errors(few[:9], NEPAL) is None


def test_seen_plates_have_a_recall_of_their_own() -> None:
    """Where some photographs were learnt from, recall is told of the others too."""
    seen = outcome_of("बा१प", traits=PlateTraits(seen=True))
    table = format_plates(PlatesOutcome((seen, outcome_of(None)), (), 2), NEPAL, None)
    assert re.search(r"recall, of those not seen by training +0\.0% \[0%–79%\] 0/1", table)

"""Plates of which somebody can read only a part: what is known is learnt, and nothing is asked of the rest."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.train.targets.test_forced_alignment import outputs, row

from lpr_edge.contract.countries import load_country
from lpr_edge.contract.data.plate_photos import PlateLabel
from lpr_edge.contract.data.splits import HoldOut
from lpr_edge.contract.geometry import rectangle
from lpr_train.data.photos import load_photos
from lpr_train.data.plate_views import boxed
from lpr_train.data.real_plates import RealPlate, legible_plates
from lpr_train.data.sampling_weights import rarities, weighted_plates
from lpr_train.targets.forced_alignment import align_characters
from lpr_train.targets.heat_maps import UNKNOWN, PlacedCharacter, character_targets
from lpr_train.targets.unknown_places import unknown_places

NEPAL = load_country()
GRID = (24, 48)


def _at(x: float, y: float, index: int = 0) -> PlacedCharacter:
    return PlacedCharacter(index, x, y, 0.1, 0.2)


def _covers(place: PlacedCharacter, x: float, y: float) -> bool:
    return abs(place.x - x) < place.width / 2 and abs(place.y - y) < place.height / 2


def test_an_unreadable_character_may_stand_between_its_neighbours() -> None:
    """The room between the known ones of its row is unknown; theirs, and the other rows', isn't."""
    (place,) = unknown_places([[_at(0.2, 0.3), _at(0.5, 0.3, UNKNOWN), _at(0.8, 0.3)], [_at(0.5, 0.75)]])
    assert place.index == UNKNOWN
    assert _covers(place, 0.5, 0.3)
    assert not any(_covers(place, x, y) for x, y in ((0.2, 0.3), (0.8, 0.3), (0.5, 0.75)))


def test_an_unreadable_end_of_a_row_reaches_to_the_plates_side_and_beyond() -> None:
    """Corners of a cut plate are guesses, and the count of its unreadable characters is one too."""
    before, after = unknown_places([[_at(0, 0, UNKNOWN), _at(0.4, 0.5), _at(0.6, 0.5), _at(0, 0, UNKNOWN)]])
    assert _covers(before, 0.0, 0.5)
    assert _covers(after, 1.05, 0.5)
    assert not _covers(before, 0.5, 0.5)


def test_a_row_that_nobody_could_read_is_between_those_around_it() -> None:
    """From the row above it to beyond the plate's lower side."""
    (place,) = unknown_places([[_at(0.3, 0.25), _at(0.6, 0.25)], [_at(0, 0, UNKNOWN)]])
    assert _covers(place, 0.5, 0.8)
    assert not _covers(place, 0.3, 0.25)


def test_no_loss_asks_anything_at_an_unknown_place() -> None:
    """Weights are 0 there, and stay 1 for a known character at its edge and everywhere else."""
    targets = character_targets([_at(0.25, 0.5, 3), PlacedCharacter(UNKNOWN, 0.6, 0.5, 0.7, 0.3)], GRID)
    assert targets["centre"][12, 28, 1] == 0.0
    assert targets["centre"][12, 12, 1] == 1.0
    assert targets["centre"][3, 28, 1] == 1.0
    assert targets["classes"][12, 28, 1] == targets["size"][12, 28, 2] == 0.0
    assert targets["classes"][12, 12, 0] == 3


def test_known_characters_are_aligned_around_unknown_ones() -> None:
    """The second of two equal digits stays the second, though nobody could read the first."""
    seen = row([1, 4, 4, 2], 0.5)
    found = align_characters(outputs(seen), [[1, UNKNOWN, 4, 2]])
    assert found is not None
    assert [c.index for c in found] == [1, UNKNOWN, 4, 2]
    assert abs(found[2].x - seen[2].x) < 1 / 48


def _folder(tmp_path: Path, plates: list[dict[str, object]], name: str = "crops") -> Path:
    (tmp_path / name / "images").mkdir(parents=True)
    cv2.imwrite(str(tmp_path / name / "images" / "a.png"), np.full((80, 200, 3), 90, np.uint8))
    line = {"image": "a.png", "width": 200, "height": 80, "split": "train", "source": "gate", "plates": plates}
    (tmp_path / name / "labels.jsonl").write_text(json.dumps(line) + "\n", encoding="utf-8")
    return tmp_path


QUAD = [[20, 10], [180, 10], [180, 70], [20, 70]]


def test_drawn_boxes_place_characters_without_a_network(tmp_path: Path) -> None:
    """Each in shares of the plate's corners, those of `?` left out and their room unknown."""
    boxes = [[[20, 10, 16, 30], [60, 10, 16, 30], [100, 10, 16, 30]]]
    plate = {"quad": QUAD, "rows": ["बा?प"], "legible": "partial", "kind": "devanagari", "character_boxes": boxes}
    (photo,), _ = load_photos(_folder(tmp_path, [plate]), HoldOut(0.0, 1), with_crops=True)
    (found,) = legible_plates([photo], NEPAL, with_partial=True)
    assert [NEPAL.labels[c.index] for c in found.placed] == ["बा", "प"]
    first, last = found.placed
    assert (first.x, first.y, first.width, first.height) == pytest.approx((0.05, 0.25, 0.1, 0.5), abs=1e-3)
    assert last.x == pytest.approx(0.55, abs=1e-3)
    (unknown,) = found.unknown
    assert _covers(unknown, 0.3, 0.25)
    assert not found.is_whole
    assert (found.source, found.is_crop) == ("gate", True)
    assert legible_plates([photo], NEPAL) == []


def test_plates_that_nobody_may_read_are_left_out(tmp_path: Path) -> None:
    """Foreign ones, those of whose corners only a loose box is known, and those of which nothing can be read."""
    plates = [
        {"quad": QUAD, "rows": ["BR05AJ3371"], "legible": "full", "kind": "foreign"},
        {"quad": QUAD, "rows": ["बा१प"], "legible": "full", "kind": "devanagari", "corners": "box"},
        {"quad": QUAD, "rows": ["?", "???"], "legible": "partial", "kind": "devanagari"},
    ]
    photos, _ = load_photos(_folder(tmp_path, plates, "plates"), HoldOut(0.0, 1), with_crops=True)
    assert legible_plates(photos, NEPAL, with_partial=True) == []


def test_a_box_around_a_plate_begins_at_its_own_top_left() -> None:
    """However the plate lies, the box that a person crops is read the plate's way up."""
    rng = np.random.default_rng(2)
    quad = np.array([[40, 30], [160, 50], [155, 110], [35, 90]], np.float32)
    for turn in range(4):
        turned = np.roll(quad, turn, axis=0)
        for _ in range(20):
            box = boxed(turned, rng)
            assert np.argmin(np.linalg.norm(box - turned[0], axis=1)) == 0
            low, high = quad.min(axis=0), quad.max(axis=0)
            assert (box.min(axis=0) <= low + 0.03 * (high - low)).all()
            assert (box.min(axis=0) >= low - 0.51 * (high - low)).all()


def _plate(text: str, is_crop: bool = True) -> RealPlate:
    quad = rectangle((30, 60))
    label = PlateLabel(quad, (text,), "full", "devanagari", "")
    image = np.zeros((30, 60, 3), np.uint8)
    return RealPlate(Path("a"), image, quad, (NEPAL.tokenize(text),), label, (), "", is_crop)


def test_rare_letters_whole_plates_and_photographs_are_shown_more_often() -> None:
    """A letter of few plates triples, a photograph doubles, and something unreadable halves what a plate gets."""
    common = [_plate("बा१प")] * 200
    weights = rarities([*common, _plate("ञ१प"), _plate("बा१प", is_crop=False), _plate("बा?प")])
    assert (weights[0], *weights[-3:]) == (2, 6, 4, 3)


def test_a_plate_that_a_vote_labelled_weighs_least() -> None:
    """It is shown once, however rare its letters, and never repeated because the reader contradicts it."""
    plate = _plate("ञ१प", is_crop=False)
    vote = replace(plate, label=replace(plate.label, label="vote"), placed=(_at(0.5, 0.5),))
    assert rarities([vote]) == [1]
    hard = replace(plate, placed=(_at(0.5, 0.5),))
    assert weighted_plates([vote, hard], [True, True], 3) == [vote, hard, hard, hard]

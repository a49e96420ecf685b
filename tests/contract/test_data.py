"""Labels of plates as they stand on disk."""

import json
from pathlib import Path
from typing import Any

import pytest

from lpr_edge.contract.base.errors import DataError
from lpr_edge.contract.data.datasets import find_dataset, has_dataset
from lpr_edge.contract.data.plate_photos import PlateLabel, ground_truth, load_crops, load_plates, load_plates_and_crops

QUAD = [[0, 0], [90, 0], [90, 40], [0, 40]]


def write(folder: Path, *plates: dict[str, Any], split: str = "train", source: str = "made") -> None:
    """A line of labels for each plate; no picture."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [
        {"image": f"{i}.png", "width": 90, "height": 40, "split": split, "source": source, "plates": [plate]}
        for i, plate in enumerate(plates)
    ]
    (folder / "labels.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")


def plate(*rows: str, **about: Any) -> dict[str, Any]:
    return {"quad": QUAD, "rows": list(rows), "legible": "full", "kind": "devanagari"} | about


def first(folder: Path) -> PlateLabel:
    return load_plates(folder)[0].plates[0]


def test_corners_by_hand_unless_a_box(tmp_path: Path) -> None:
    """Without the field corners are known; a loose box is never asked of a detector, however readable."""
    write(tmp_path, plate("बा१प"), plate("बा१प", corners="hand"), plate("बा१प", corners="box"))
    labels = [photo.plates[0] for photo in load_plates(tmp_path)]
    assert [label.has_corners for label in labels] == [True, True, False]
    assert [label.is_to_find for label in labels] == [True, True, False]


def test_unknown_corners_are_refused(tmp_path: Path) -> None:
    """A word that would be taken for corners by hand is an error that names the line."""
    write(tmp_path, plate("बा१प", corners="boxx"))
    with pytest.raises(DataError, match=r"labels\.jsonl, line 1: .*'hand' or 'box', found 'boxx'"):
        load_plates(tmp_path)


@pytest.mark.parametrize(
    ("about", "rows", "expected"),
    [
        ({"kind": "both"}, ("ग१य", "९७१", "GA1YA971"), ("ग१य", "९७१")),
        ({"kind": "both"}, ("GA1YA930", "ग१य९३०"), ("ग१य९३०",)),
        ({"kind": "both"}, ("?", "ग१य७६७"), ("?", "ग१य७६७")),
        ({"kind": "both", "number_rows": ["ग१य९७१"]}, ("नेपाल", "ग१य९७१", "GA1YA971"), ("ग१य९७१",)),
        ({"kind": "latin"}, ("BA1PA", "971"), ("BA1PA", "971")),
        ({}, ("बा१प", "९७१"), ("बा१प", "९७१")),
    ],
)
def test_what_a_reading_is_scored_against(
    tmp_path: Path, about: dict[str, Any], rows: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    """Of a plate in two scripts the Devanagari registration, its unreadable rows too; else all rows."""
    write(tmp_path, plate(*rows, **about))
    label = first(tmp_path)
    assert label.text_rows == expected
    assert label.rows == rows


def test_a_foreign_plate_is_found_and_not_read(tmp_path: Path) -> None:
    """Its text is another country's: no reader learns it or is judged by it."""
    write(tmp_path, plate("DL3CAB1234", kind="foreign"), plate("बा१?", legible="partial"), plate(legible="none"))
    labels = [photo.plates[0] for photo in load_plates(tmp_path)]
    assert [label.is_to_find for label in labels] == [True, True, False]
    assert [label.is_to_read for label in labels] == [False, True, False]


def test_character_boxes_are_by_row(tmp_path: Path) -> None:
    """A box for each label of each row, as numbers; what has no four numbers names its line."""
    write(tmp_path, plate("बा१", "९", character_boxes=[[[1, 2, 3, 4], [5, 6, 7, 8]], [[0, 0, 9, 9]]]), plate("९"))
    assert first(tmp_path).character_boxes == (((1, 2, 3, 4), (5, 6, 7, 8)), ((0, 0, 9, 9),))
    assert load_plates(tmp_path)[1].plates[0].character_boxes is None
    write(tmp_path, plate("९", character_boxes=[[[1, 2, 3]]]))
    with pytest.raises(DataError, match=r"line 1: .*x, y, width and height"):
        load_plates(tmp_path)


def test_crops_are_a_data_set_of_their_own(tmp_path: Path) -> None:
    """Who asks for photographs never gets one, not even where the folder of crops itself is given."""
    write(tmp_path / "plates", plate("बा१प"))
    write(tmp_path / "crops", plate("ज१प"), plate("ज२प"), split="test", source="cctv")
    assert [photo.is_crop for photo in load_plates(tmp_path)] == [False]
    assert [photo.source for photo in load_crops(tmp_path, "test")] == ["cctv", "cctv"]
    assert load_crops(tmp_path, "train") == []
    assert [photo.is_crop for photo in load_plates_and_crops(tmp_path)] == [False, True, True]
    assert find_dataset(tmp_path / "crops", "crops") == tmp_path / "crops"
    assert not has_dataset(tmp_path / "plates", "crops")
    assert len(load_plates_and_crops(tmp_path / "crops")) == 2
    with pytest.raises(DataError, match=r"no plates data in .*crops: expected labels\.jsonl"):
        load_plates(tmp_path / "crops")


def test_crops_are_known_from_inside_their_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--data .` there means the crops."""
    write(tmp_path / "crops", plate("ज१प"))
    monkeypatch.chdir(tmp_path / "crops")
    assert [photo.is_crop for photo in load_crops(Path())] == [True]
    assert not has_dataset(Path(), "plates")


def test_without_crops_there_are_none(tmp_path: Path) -> None:
    """Photographs alone are enough; neither is an error."""
    write(tmp_path, plate("बा१प"))
    assert load_crops(tmp_path) == []
    assert len(load_plates_and_crops(tmp_path)) == 1
    with pytest.raises(DataError, match="no plates data"):
        load_plates_and_crops(tmp_path / "nothing")


def test_only_what_a_person_labelled_is_ground_truth(tmp_path: Path) -> None:
    """A vote may be learnt, a reading may not, and metrics take neither; an unknown labeller is refused."""
    write(tmp_path, plate("बा१प"), plate("बा१प", label="vote"), plate("बा१प", label="reading"))
    photos = load_plates(tmp_path)
    assert [photo.is_ground_truth for photo in photos] == [True, False, False]
    assert [photo.plates[0].is_to_read for photo in photos] == [True, True, False]
    assert ground_truth(photos) == (photos[:1], 2)
    write(tmp_path, plate("बा१प", label="guess"))
    with pytest.raises(DataError, match="'hand', 'vote', 'reading', found 'guess'"):
        load_plates(tmp_path)

import json
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tests.support.crops_on_disk import noise, write_characters

from lpr_edge.contract.base.errors import DataError
from lpr_edge.contract.countries import load_country
from lpr_train.app.cli import main
from lpr_train.base.findings import Report
from lpr_train.inspect.check import check_folder

NEPAL = load_country("nepal")


@pytest.fixture
def characters(tmp_path: Path) -> Path:
    """Four sound pictures a class: by the published split, one is validation."""
    return write_characters(tmp_path / "characters", NEPAL, 4)


@pytest.fixture
def plates(tmp_path: Path) -> Path:
    """Three sound photographs, one of them for testing."""
    root = tmp_path / "plates"
    (root / "images").mkdir(parents=True)
    for number in range(3):
        cv2.imwrite(str(root / "images" / f"{number}.png"), noise(number, (80, 120)))
    _write_labels(root, [_line(0), _line(1), _line(2, split="test")])
    return root


def _line(number: int, split: str = "train", **plate: Any) -> dict[str, Any]:
    quad = [[10, 10], [90, 12], [90, 50], [10, 48]]
    labels = {"quad": quad, "rows": ["बा७९प", "५००७"], "legible": "full", "kind": "devanagari", "vehicle": "motorbike"}
    about = {"image": f"{number}.png", "width": 120, "height": 80, "split": split, "source": "street"}
    return about | {"plates": [labels | plate]}


def _write_labels(root: Path, lines: list[dict[str, Any]]) -> None:
    text = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
    (root / "labels.jsonl").write_text(text, encoding="utf-8")


def _problems(report: Report, is_error: bool = True) -> list[str]:
    return [f"{finding.path}: {finding.problem}" for finding in report.findings if finding.is_error == is_error]


def _only_problem(report: Report, is_error: bool = True) -> str:
    (problem,) = _problems(report, is_error)
    assert len(report.findings) == 1
    return problem


def test_sound_data_have_no_findings(characters: Path, plates: Path) -> None:
    """The folder that holds both is counted, and passes."""
    report = check_folder(characters.parent, NEPAL)
    assert report.findings == []
    assert report.counts["characters, validation"] == dict.fromkeys(NEPAL.characters.values(), 1)
    assert report.counts["characters, train"]["बा"] == 3
    assert report.counts["plates"] == {"train": 2, "test": 1}
    assert report.counts["plates by rows"] == {"2": 3}


def test_either_data_set_may_be_given_alone(characters: Path, plates: Path) -> None:
    """The data set's own folder does too."""
    assert "plates" not in check_folder(characters, NEPAL).counts
    assert "characters, train" not in check_folder(plates, NEPAL).counts


def test_a_folder_without_data_says_what_was_expected(tmp_path: Path) -> None:
    """It isn't taken for sound data."""
    with pytest.raises(DataError, match=r"no data in .*: expected plates \(a labels\.jsonl"):
        check_folder(tmp_path, NEPAL)


def test_an_unreadable_picture_is_an_error(characters: Path) -> None:
    """A truncated file, and text named as a picture, are both named."""
    whole = (characters / "3" / "1.png").read_bytes()
    (characters / "3" / "1.png").write_bytes(whole[:40])
    (characters / "4" / "2.png").write_text("no picture")
    problems = _problems(check_folder(characters, NEPAL))
    assert len(problems) == 2
    assert all("can't be read" in problem for problem in problems)
    assert "3/1.png" in problems[0]
    assert "4/2.png" in problems[1]


def test_a_picture_too_small_to_be_read_is_an_error(characters: Path) -> None:
    """One pixel carries no character."""
    cv2.imwrite(str(characters / "5" / "1.png"), noise(0, (1, 1)))
    assert "5/1.png: is 1×1 pixels, and the least is 8×8" in _only_problem(check_folder(characters, NEPAL))


def test_an_empty_picture_is_an_error(characters: Path) -> None:
    """One single colour carries no character either."""
    cv2.imwrite(str(characters / "5" / "1.png"), np.full((20, 20, 3), 128, np.uint8))
    assert "5/1.png: is of one single colour" in _only_problem(check_folder(characters, NEPAL))


def test_grey_deep_and_transparent_pictures_are_sound(characters: Path) -> None:
    """Training reads 16 bits, grey and alpha; they aren't faults."""
    cv2.imwrite(str(characters / "0" / "1.png"), noise(901)[..., 0])
    cv2.imwrite(str(characters / "0" / "2.png"), noise(902).astype(np.uint16) * 257)
    cv2.imwrite(str(characters / "0" / "3.png"), np.dstack([noise(903), noise(904)[..., :1]]))
    assert check_folder(characters, NEPAL).findings == []


def test_a_missing_or_empty_class_is_an_error(characters: Path) -> None:
    """A network can't learn what has no picture."""
    shutil.rmtree(characters / "7")
    for path in (characters / "8").iterdir():
        path.unlink()
    problems = _problems(check_folder(characters, NEPAL))
    assert ["the class '7' has no pictures" in problems[0], "the class '8' has no pictures" in problems[1]] == [
        True
    ] * 2


def test_a_folder_that_is_no_class_is_an_error(characters: Path) -> None:
    """Pictures under a name outside the alphabet would silently be left out."""
    (characters / "ko").mkdir()
    assert "ko: is no class of nepal" in _only_problem(check_folder(characters, NEPAL))


def test_the_same_picture_under_two_classes_is_an_error(characters: Path) -> None:
    """One of the labels is wrong."""
    shutil.copy(characters / "1" / "2.png", characters / "9" / "2.png")
    problem = _only_problem(check_folder(characters, NEPAL))
    assert "9/2.png: is the same picture as" in problem
    assert "under another class" in problem


def test_copies_within_a_class_are_only_told(characters: Path) -> None:
    """Within training they weigh twice; across the split the loader leaves them out, and the line says so."""
    shutil.copy(characters / "1" / "2.png", characters / "1" / "3.png")
    shutil.copy(characters / "6" / "0.png", characters / "6" / "3.png")
    report = check_folder(characters, NEPAL)
    assert report.errors == 0
    within, across = _problems(report, is_error=False)
    assert within.endswith("1/2.png")
    assert across.endswith("6/0.png in validation: training leaves it out")


def test_stray_files_are_told(characters: Path) -> None:
    """Files that no one reads are named, but spoil nothing."""
    (characters / "1" / "notes.txt").write_text("x")
    (characters / "9.png").write_bytes(b"x")
    first, second = _problems(check_folder(characters, NEPAL), is_error=False)
    assert "9.png: lies outside the classes' folders" in first
    assert "notes.txt: is no picture by its name" in second


@pytest.mark.parametrize(
    ("plate", "message"),
    [
        ({"rows": ["বা৭৯"]}, "'ব' at its 1. place, which is no label of nepal"),
        ({"rows": ["बा७?प"]}, r"is called fully legible, and its text is 'बा७?प'"),
        ({"rows": []}, "is called fully legible, and its text is ''"),
        ({"legible": "maybe"}, "is legible 'maybe', and it must be full, partial, none"),
        ({"quad": [[10, 10], [90, 50], [90, 12], [10, 48]]}, "its corners cross or lie on a line"),
        ({"quad": [[10, 10], [900, 12], [900, 50], [10, 48]]}, "its corners lie far outside the picture"),
    ],
)
def test_a_faulty_plate_is_named_by_line_and_picture(plates: Path, plate: dict[str, Any], message: str) -> None:
    """Text outside the alphabet, contradictions and impossible corners are errors at their line."""
    _write_labels(plates, [_line(0), _line(1, **plate), _line(2, "test")])
    problem = _only_problem(check_folder(plates, NEPAL))
    assert "labels.jsonl:2 (1.png, plate 1)" in problem
    assert message in problem


@pytest.fixture
def crops(tmp_path: Path) -> Path:
    """Two sound crops, one with a box for each character."""
    root = tmp_path / "crops"
    (root / "images").mkdir(parents=True)
    for number in range(2):
        cv2.imwrite(str(root / "images" / f"{number}.png"), noise(100 + number, (80, 120)))
    _write_labels(root, [_line(0, character_boxes=BOXES), _line(1, split="test")])
    return root


BOXES = [[[10 * i, 10, 9, 15] for i in range(4)], [[10 * i, 30, 9, 15] for i in range(4)]]
"""Of the four labels of each row of `_line`."""


def test_crops_are_counted_apart(plates: Path, crops: Path) -> None:
    """The folder that holds both tells of photographs and of crops, and how corners and characters are known."""
    counts = check_folder(plates.parent, NEPAL).counts
    assert counts["photographs"] == {"train": 2, "test": 1}
    assert counts["crops"] == {"train": 1, "test": 1}
    assert counts["plates of crops with each character's box"] == {"train": 1, "test": 0}
    assert counts["plates by corners"] == {"hand": 3}
    assert check_folder(crops, NEPAL).counts.keys().isdisjoint({"photographs", "plates"})


@pytest.mark.parametrize(
    ("boxes", "message"),
    [
        ([BOXES[0][:3], BOXES[1]], "has 3+4 boxes of characters in its rows, and 4+4 labels"),
        ([BOXES[0]], "has 4 boxes of characters in its rows, and 4+4 labels"),
        ([BOXES[0], [*BOXES[1][:3], [1, 2, 0, 4]]], "has a character's box without width or height"),
    ],
)
def test_boxes_that_fit_no_label_are_an_error(crops: Path, boxes: list[Any], message: str) -> None:
    """They would teach the reader wrong labels."""
    _write_labels(crops, [_line(0, character_boxes=boxes), _line(1)])
    problem = _only_problem(check_folder(crops, NEPAL))
    assert "labels.jsonl:1 (0.png, plate 1)" in problem
    assert message in problem


def test_a_misspelling_in_the_alphabet_is_only_told(plates: Path) -> None:
    """Painters misspell; such a plate is left out of training, and the line says so."""
    _write_labels(plates, [_line(0, rows=["पदेश२"]), _line(1), _line(2, "test")])
    assert "a misspelling? Training the reader leaves the plate out" in _only_problem(
        check_folder(plates, NEPAL), False
    )


def test_a_plate_too_small_to_read_is_told(plates: Path) -> None:
    """It can still be found, so it is no error."""
    _write_labels(plates, [_line(0, quad=[[10, 10], [30, 10], [30, 15], [10, 15]]), _line(1), _line(2, "test")])
    assert "is 20×5 pixels: too small to be read" in _only_problem(check_folder(plates, NEPAL), False)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (_line(7), "7.png: isn't there"),
        (_line(1) | {"split": "tset"}, "is of the split 'tset', and only train and test are used"),
        (_line(1) | {"width": 640}, "states 640×80 pixels, and the picture has 120×80"),
        (_line(0), "lists 0.png again"),
    ],
)
def test_a_faulty_line_is_named(plates: Path, line: dict[str, Any], message: str) -> None:
    """A missing picture, an unknown split, a wrong size and a second listing are errors."""
    _write_labels(plates, [_line(0), line, _line(2, "test")])
    (problem,) = _problems(check_folder(plates, NEPAL))
    assert message in problem


def test_a_broken_line_is_named_and_the_rest_is_checked(plates: Path) -> None:
    """Checking goes on behind a line that is no JSON."""
    with (plates / "labels.jsonl").open("a", encoding="utf-8") as file:
        file.write('\n{"image": "9.png", \n' + json.dumps(_line(9)))
    first, second = _problems(check_folder(plates, NEPAL))
    assert "labels.jsonl:4" in first
    assert "9.png: isn't there" in second


def test_the_same_photograph_in_both_splits_is_an_error(plates: Path) -> None:
    """What is trained on can't be measured on; within a split a copy is only told."""
    shutil.copy(plates / "images" / "0.png", plates / "images" / "2.png")
    shutil.copy(plates / "images" / "0.png", plates / "images" / "1.png")
    report = check_folder(plates, NEPAL)
    assert "2.png: of test is the same picture as 0.png of train" in "".join(_problems(report))
    assert "1.png: is the same picture as 0.png" in _problems(report, is_error=False)[0]


def test_an_unlisted_photograph_is_told(plates: Path) -> None:
    """It is in nobody's way, but it was perhaps meant to be used."""
    cv2.imwrite(str(plates / "images" / "8.png"), noise(8))
    assert "8.png: has no line in labels.jsonl" in _only_problem(check_folder(plates, NEPAL), is_error=False)


def test_the_command_passes_sound_data(characters: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Counts on stdout, exit 0."""
    assert main(["check", "--data", str(characters)]) == 0
    out = capsys.readouterr().out
    assert "characters, train: ० 3, १ 3" in out
    assert out.endswith("0 errors, 0 warnings\n")


def test_the_command_fails_on_an_error(characters: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line a finding, errors first, exit 1."""
    (characters / "4" / "2.png").write_text("no picture")
    (characters / "9.png").write_bytes(b"x")
    assert main(["check", "--data", str(characters)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-3].startswith("error: ")
    assert lines[-2].startswith("warning: ")
    assert lines[-1] == "1 error, 1 warning"


def test_the_command_prints_json(characters: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One object with counts and findings."""
    (characters / "4" / "2.png").write_text("no picture")
    assert main(["check", "--data", str(characters), "--json"]) == 1
    values = json.loads(capsys.readouterr().out)
    assert values["errors"] == 1
    assert values["findings"][0]["path"].endswith("2.png")
    assert values["counts"]["characters, train"]["४"] == 2

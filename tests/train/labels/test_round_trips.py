"""Labels that go out as COCO or YOLO come back as they were."""

import json
import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.crops_on_disk import noise

from lpr_edge.contract.base.errors import DataError
from lpr_edge.contract.countries import load_country
from lpr_train.app.cli import main
from lpr_train.labels.export_labels import export_labels
from lpr_train.labels.import_labels import ImportOptions, import_labels
from lpr_train.labels.splits import SplitRule

NEPAL = load_country("nepal")
WIDTH, HEIGHT = 96, 64
Values = dict[str, Any]

SIGNS = st.sampled_from([*NEPAL.groups["digits"], *NEPAL.groups["letters"], "?"])
ROWS = st.lists(st.lists(SIGNS, min_size=1, max_size=5).map("".join), min_size=1, max_size=3)
HUNDREDTHS = st.integers(-150, 150).map(lambda number: number / 100)


@st.composite
def quads(draw: st.DrawFn) -> list[list[float]]:
    """Four corners clockwise from any of them, some a little outside the picture."""
    left, top = draw(st.integers(-3, 55)), draw(st.integers(-3, 40))
    right, bottom = left + draw(st.integers(8, 40)), top + draw(st.integers(8, 24))
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    first = draw(st.integers(0, 3))
    turned = corners[first:] + corners[:first]
    return [[round(x + draw(HUNDREDTHS), 2), round(y + draw(HUNDREDTHS), 2)] for x, y in turned]


@st.composite
def plates(draw: st.DrawFn) -> Values:
    """A plate as labels.jsonl has it, with everything that it may have."""
    rows = draw(ROWS)
    text = "".join(rows)
    values = {
        "quad": draw(quads()),
        "rows": rows,
        "legible": "full" if "?" not in text else "partial" if text.strip("?") else "none",
        "kind": draw(st.sampled_from(["devanagari", "latin", "both", "foreign"])),
        "vehicle": draw(st.sampled_from(["", "motorbike", "bus"])),
        "number_rows": draw(st.sampled_from([[], rows[-1:]])),
        "corners": draw(st.sampled_from(["hand", "box"])),
        "character_boxes": draw(st.sampled_from([[], [[[1.5, 2, 3, 4]] * len(row) for row in rows]])),
    }
    return {key: value for key, value in values.items() if value}


PHOTOGRAPHS = st.lists(
    st.tuples(st.sampled_from(["train", "test"]), st.lists(plates(), max_size=3)), min_size=1, max_size=4
)


def _write(folder: Path, photographs: list[tuple[str, list[Values]]], suffix: str = ".png") -> list[Values]:
    """Write a data folder; the test split keeps the vehicles that both have."""
    (folder / "images").mkdir(parents=True)
    lines = []
    for number, (split, found) in enumerate(photographs):
        name = f"gate {number}{suffix}"
        cv2.imwrite(str(folder / "images" / name), noise(number, (HEIGHT, WIDTH)))
        about = {"image": name, "width": WIDTH, "height": HEIGHT, "split": split, "source": "gate"}
        lines.append(about | {"plates": found})
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    (folder / "labels.jsonl").write_text(text, encoding="utf-8")
    return lines


def _back(data: Path, name: str, folder: Path) -> dict[str, list[Values]]:
    """Out and in again: each set's lines."""
    export_labels(data, folder / "out", name)
    import_labels(folder / "out", folder / "back", ImportOptions(NEPAL, split=SplitRule("train"), name="gate"))
    found = (folder / "back").glob("*/labels.jsonl")
    return {path.parent.name: [json.loads(line) for line in path.read_text().splitlines()] for path in found}


@settings(max_examples=40)
@given(PHOTOGRAPHS)
def test_coco_holds_everything(photographs: list[tuple[str, list[Values]]]) -> None:
    """Corners, rows, legibility, kind, vehicle, number rows and characters' boxes survive COCO."""
    with tempfile.TemporaryDirectory() as place:
        lines = _write(Path(place, "plates"), photographs)
        back = _back(Path(place), "coco", Path(place, "x"))
    assert back == {"plates": [line | {"split": "train"} for line in lines]}


@settings(max_examples=40)
@given(PHOTOGRAPHS)
def test_yolo_holds_corners(photographs: list[tuple[str, list[Values]]]) -> None:
    """Hand-marked corners survive YOLO; a box comes back as the upright box around it, cut at the picture's edges."""
    with tempfile.TemporaryDirectory() as place:
        lines = _write(Path(place, "plates"), photographs)
        back = _back(Path(place), "yolo", Path(place, "x"))
    assert [line["image"] for line in back["plates"]] == [line["image"] for line in lines]
    for line, own in zip(back["plates"], lines, strict=True):
        assert [plate["corners"] for plate in line["plates"]] == [plate["corners"] for plate in own["plates"]]
        expected = [plate["quad"] if plate["corners"] == "hand" else _around(plate["quad"]) for plate in own["plates"]]
        assert np.allclose([plate["quad"] for plate in line["plates"]], expected, atol=0.011)


def _around(quad: list[list[float]]) -> list[list[float]]:
    low = np.clip(np.min(quad, axis=0), 0, (WIDTH, HEIGHT))
    high = np.clip(np.max(quad, axis=0), 0, (WIDTH, HEIGHT))
    return [[low[0], low[1]], [high[0], low[1]], [high[0], high[1]], [low[0], high[1]]]


@pytest.mark.parametrize("name", ["coco", "yolo"])
def test_splits_survive(name: str, tmp_path: Path) -> None:
    """Without --split, the split that was written is kept."""
    quad = [[10.0, 10.0], [50.0, 12.0], [50.0, 30.0], [10.0, 28.0]]
    found = [("train", f"बा१प{number}") for number in "१२३"] + [("test", "बा१प४")]
    _write(tmp_path / "plates", [(split, [{"quad": quad, "rows": [text]}]) for split, text in found])
    export_labels(tmp_path, tmp_path / "out", name)
    import_labels(tmp_path / "out", tmp_path / "back", ImportOptions(NEPAL))
    text = (tmp_path / "back" / "plates" / "labels.jsonl").read_text(encoding="utf-8")
    assert [json.loads(line)["split"] for line in text.splitlines()] == ["train", "train", "train", "test"]


def test_photographs_and_crops_of_one_name_stay_apart(tmp_path: Path) -> None:
    """COCO takes both sets, each in a folder of its own, and they come back as two."""
    quad = [[0.0, 0.0], [96.0, 0.0], [96.0, 64.0], [0.0, 64.0]]
    plate = {"quad": [[10.0, 10.0], [50.0, 12.0], [50.0, 30.0], [10.0, 28.0]], "rows": ["बा१प", "१२"]}
    _write(tmp_path / "data" / "plates", [("train", [plate])])
    _write(tmp_path / "data" / "crops", [("train", [{"quad": quad, "rows": ["बा१प", "१२"]}])])
    cv2.imwrite(str(tmp_path / "data" / "crops" / "images" / "gate 0.png"), noise(9, (HEIGHT, WIDTH)))
    back = _back(tmp_path / "data", "coco", tmp_path)
    assert {name: [plate["quad"] for line in lines for plate in line["plates"]] for name, lines in back.items()} == {
        "plates": [plate["quad"]],
        "crops": [quad],
    }


def test_yolo_says_what_it_has_no_place_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Crops, whose texts YOLO can't hold, are left out with the reason; photographs are written."""
    plate = {"quad": [[10, 10], [50, 12], [50, 30], [10, 28]], "rows": ["बा१प", "१२"]}
    _write(tmp_path / "plates", [("train", [plate])])
    _write(tmp_path / "crops", [("train", [plate])])
    assert main(["export-labels", str(tmp_path), "--format", "yolo", "--out", str(tmp_path / "out")]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown == [
        "left out: 1 crops: yolo has no place for texts",
        f"1 pictures with 1 plates in {tmp_path / 'out'}",
    ]


def test_two_pictures_that_differ_in_their_ending_have_two_label_files(tmp_path: Path) -> None:
    """`a.png` and `a.jpg` would share a label file in YOLO: one gets another name."""
    plate = {"quad": [[10, 10], [50, 12], [50, 30], [10, 28]], "rows": ["बा१प", "१२"]}
    lines = _write(tmp_path / "plates", [("train", [plate]), ("train", [])])
    (tmp_path / "plates" / "images" / "gate 1.png").rename(tmp_path / "plates" / "images" / "gate 0.bmp")
    lines[1]["image"] = "gate 0.bmp"
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (tmp_path / "plates" / "labels.jsonl").write_text(text, encoding="utf-8")
    export_labels(tmp_path, tmp_path / "out", "yolo")
    labels = {path.name: bool(path.read_text()) for path in (tmp_path / "out" / "labels" / "train").iterdir()}
    assert labels == {"gate 0.txt": True, "gate 0_bmp.txt": False}


def test_a_broken_picture_does_not_end_an_export(tmp_path: Path) -> None:
    """It is named, and the others are written."""
    plate = {"quad": [[10, 10], [50, 12], [50, 30], [10, 28]], "rows": ["बा१प", "१२"]}
    _write(tmp_path / "plates", [("train", [plate]), ("train", [plate])])
    (tmp_path / "plates" / "images" / "gate 0.png").write_bytes(b"no picture")
    exported = export_labels(tmp_path, tmp_path / "out", "coco")
    assert (exported.pictures, len(exported.notes.omissions)) == (1, 1)
    assert "gate 0.png" in exported.notes.omissions[0].where


def test_an_export_of_nothing_leaves_nothing(tmp_path: Path) -> None:
    """Where no picture can be read, the error says so and no folder is there."""
    _write(tmp_path / "plates", [("train", [])])
    (tmp_path / "plates" / "images" / "gate 0.png").unlink()
    with pytest.raises(DataError, match="nothing to export"):
        export_labels(tmp_path, tmp_path / "out", "coco")
    assert [path.name for path in tmp_path.iterdir()] == ["plates"]

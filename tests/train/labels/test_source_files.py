"""Data sets as they lie on people's disks: hidden files, marks, turned pictures, names of other machines."""

import json
import shutil
import struct
import unicodedata
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tests.support.crops_on_disk import noise
from tests.support.label_formats import PHOTOGRAPHS, Drawn, Labelled

from lpr_edge.contract.base.pictures import upright
from lpr_edge.contract.countries import load_country
from lpr_train.app.cli import main
from lpr_train.labels.formats.named_crops import text_in_name
from lpr_train.labels.formats.source_files import split_word
from lpr_train.labels.image_copies import unique_names
from lpr_train.labels.import_labels import ImportOptions, import_labels
from lpr_train.labels.report import ImportReport
from lpr_train.labels.upright import SCALED, TURNED, turned_point

NEPAL = load_country("nepal")
QUAD = ((10.0, 10.0), (50.5, 12.0), (50.0, 30.0), (10.0, 28.0))


def _labelled(folder: Path, names: list[str], split: str = "train") -> list[Labelled]:
    folder.mkdir(parents=True)
    found = []
    for number, name in enumerate(names):
        path = folder / name
        path.write_bytes(cv2.imencode(path.suffix, noise(number, (64, 96)))[1].tobytes())
        found.append(Labelled(path, (96, 64), split, (Drawn(QUAD, ("बा१प", str(number))),)))
    return found


def _import(folder: Path, out: Path, **options: Any) -> ImportReport:
    return import_labels(folder, out, ImportOptions(NEPAL, **options))


def _lines(out: Path, kind: str = "plates") -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / kind / "labels.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_what_systems_leave_behind_is_passed_over(name: str, tmp_path: Path) -> None:
    """Hidden files and folders are neither labels nor pictures, and aren't reported."""
    PHOTOGRAPHS[name](_labelled(tmp_path / "p", ["a b.jpg", "c.jpg"]), tmp_path / "set")
    for path in [path for path in (tmp_path / "set").rglob("*") if path.is_file()]:
        path.with_name(f"._{path.name}").write_bytes(b"\0\5\x16\7Mac OS X")
    (tmp_path / "set" / "__MACOSX").mkdir()
    shutil.copytree(tmp_path / "p", tmp_path / "set" / "__MACOSX" / "p")
    (tmp_path / "set" / "Thumbs.db").write_bytes(b"\xd0\xcf")
    report = _import(tmp_path / "set", tmp_path / "out")
    assert report.notes.omissions == []
    assert [line["image"] for line in _lines(tmp_path / "out")] == ["a b.jpg", "c.jpg"]


@pytest.mark.parametrize("name", PHOTOGRAPHS)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_byte_order_marks_and_line_ends_of_windows(name: str, encoding: str, tmp_path: Path) -> None:
    """Labels saved by Windows editors read as those saved elsewhere."""
    PHOTOGRAPHS[name](_labelled(tmp_path / "p", ["a.jpg", "b.jpg"]), tmp_path / "set")
    _import(tmp_path / "set", tmp_path / "plain", name="x")
    for path in (tmp_path / "set").rglob("*"):
        if path.is_file() and path.suffix != ".jpg":
            text = path.read_text(encoding="utf-8").replace('encoding="utf-8"', "").replace("\n", "\r\n")
            path.write_bytes(text.encode(encoding))
    _import(tmp_path / "set", tmp_path / "marked", name="x")
    assert _lines(tmp_path / "marked") == _lines(tmp_path / "plain")


@pytest.mark.parametrize(
    "written", ["images/é 1.jpg", "C:\\Users\\ram\\images\\É 1.JPG", "/data/images/é 1.jpg", "./../images/é 1.jpg"]
)
def test_paths_of_other_machines_find_the_picture(written: str, tmp_path: Path) -> None:
    """Its name alone decides, composed or not, in capitals or not; its folders where several have that name."""
    _labelled(tmp_path / "set" / "images", [unicodedata.normalize("NFD", "é 1.jpg")])
    _labelled(tmp_path / "set" / "other", ["é 1.jpg"])
    (tmp_path / "set" / "other" / "é 1.jpg").write_bytes(cv2.imencode(".jpg", noise(7, (64, 96)))[1].tobytes())
    box = {"transcription": "बा१प१", "points": QUAD}
    (tmp_path / "set" / "Label.txt").write_text(f"{written}\t{json.dumps([box])}\n", encoding="utf-8")
    report = _import(tmp_path / "set", tmp_path / "out")
    assert [(note.reason, note.where) for note in report.notes.omissions] == [
        ("the picture has no label", "other/é 1.jpg")
    ]


def test_a_name_of_two_pictures_is_not_guessed(tmp_path: Path) -> None:
    """Where nothing tells which one is meant, neither is taken."""
    _labelled(tmp_path / "set" / "a", ["1.jpg"])
    _labelled(tmp_path / "set" / "b", ["1.jpg"])
    _labelled(tmp_path / "set" / "c", ["2.jpg"])
    (tmp_path / "set" / "Label.txt").write_text("1.jpg\t[]\n2.jpg\t[]\n", encoding="utf-8")
    report = _import(tmp_path / "set", tmp_path / "out")
    assert report.notes.omissions[0].reason == "2 pictures have that name"
    assert [line["image"] for line in _lines(tmp_path / "out")] == ["2.jpg"]


def _with_orientation(jpeg: bytes, orientation: int) -> bytes:
    """Put an EXIF block with that orientation behind a JPEG's first marker."""
    tiff = b"II*\0" + struct.pack("<IHHHII", 8, 1, 274, 3, 1, orientation) + struct.pack("<I", 0)
    block = b"Exif\0\0" + tiff
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + jpeg[2:]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_point_turns_as_its_picture_does(orientation: int) -> None:
    """The pixel at a point of the stored picture is the one at its place in the upright picture."""
    stored = np.zeros((30, 50, 3), np.uint8)
    stored[7, 12] = 255
    turned = upright(stored, orientation)
    x, y = turned_point((12.5, 7.5), orientation, (turned.shape[1], turned.shape[0]))
    assert turned[int(y), int(x)].tolist() == [255, 255, 255]


@pytest.mark.parametrize("name", ["coco", "cvat", "voc", "labelme"])
@pytest.mark.parametrize("is_stored", [True, False])
def test_labels_of_turned_pictures_lie_upright(name: str, is_stored: bool, tmp_path: Path) -> None:
    """The size for which a tool drew tells whether it saw the picture as stored or as EXIF turns it."""
    (one,) = _labelled(tmp_path / "p", ["a.jpg"])
    one.path.write_bytes(_with_orientation(one.path.read_bytes(), 6))  # the upright picture has 64×96 pixels
    on_side = tuple((64 - y, x) for x, y in QUAD)
    drawn = one if is_stored else Labelled(one.path, (64, 96), "train", (Drawn(on_side, one.plates[0].rows),))
    PHOTOGRAPHS[name]([drawn], tmp_path / "set")
    report = _import(tmp_path / "set", tmp_path / "out")
    (line,) = _lines(tmp_path / "out")
    assert (line["width"], line["height"]) == (64, 96)
    assert line["plates"][0]["quad"] == [list(point) for point in on_side]
    assert [note.reason for note in report.notes.guesses] == ([TURNED] if is_stored else [])


def test_labels_of_a_smaller_copy_are_scaled_and_of_another_picture_left_out(tmp_path: Path) -> None:
    """A stated size of the same shape is a copy's; of another shape it isn't this picture."""
    first, second = _labelled(tmp_path / "p", ["a.jpg", "b.jpg"])
    half = Drawn(tuple((x / 2, y / 2) for x, y in QUAD), ("बा१प", "१"))
    PHOTOGRAPHS["coco"](
        [Labelled(first.path, (48, 32), "train", (half,)), Labelled(second.path, (640, 640), "train", (half,))],
        tmp_path / "set",
    )
    report = _import(tmp_path / "set", tmp_path / "out")
    (line,) = _lines(tmp_path / "out")
    assert line["plates"][0]["quad"] == [list(point) for point in QUAD]
    assert [note.reason for note in report.notes.guesses] == [SCALED]
    (note,) = report.notes.omissions
    assert note.detail == "stated 640×640, found 96×64"


def test_pictures_without_labels_and_with_none(tmp_path: Path) -> None:
    """An empty YOLO file says that there is no plate; no file says nothing, so the picture is left out."""
    (tmp_path / "set").mkdir()
    PHOTOGRAPHS["yolo"](_labelled(tmp_path / "p", ["a.jpg", "b.jpg", "c.jpg"]), tmp_path / "yolo")
    labels = tmp_path / "yolo" / "labels" / "train"
    (labels / "b.txt").write_text("")
    (labels / "c.txt").unlink()
    report = _import(tmp_path / "yolo", tmp_path / "out")
    assert [(line["image"], len(line["plates"])) for line in _lines(tmp_path / "out")] == [("a.jpg", 1), ("b.jpg", 0)]
    assert [note.reason for note in report.notes.omissions] == ["the picture has no label"]
    _import(tmp_path / "yolo", tmp_path / "strict", skip_empty=True)
    assert [line["image"] for line in _lines(tmp_path / "strict")] == ["a.jpg"]


def test_labels_without_their_pictures_take_them_from_elsewhere(tmp_path: Path) -> None:
    """CVAT exports annotations alone: --images names the folder with the photographs."""
    PHOTOGRAPHS["cvat"](_labelled(tmp_path / "p", ["a.jpg"]), tmp_path / "set")
    shutil.rmtree(tmp_path / "set" / "images")
    command = ["import", str(tmp_path / "set" / "annotations.xml"), "--images", str(tmp_path / "p")]
    assert main([*command, "--out", str(tmp_path / "out")]) == 0
    assert [line["image"] for line in _lines(tmp_path / "out")] == ["a.jpg"]


def test_other_classes_and_kinds_are_left_out_with_their_reason(tmp_path: Path) -> None:
    """A car is no plate, a HEIC no picture that lpr reads, a second copy no second photograph."""
    names = ["a.jpg", "b.jpg", "copy.jpg"]
    labelled = _labelled(tmp_path / "p", names)
    shutil.copyfile(labelled[0].path, labelled[2].path)
    PHOTOGRAPHS["coco"](labelled, tmp_path / "set")
    path = tmp_path / "set" / "annotations" / "instances_train.json"
    values = json.loads(path.read_text(encoding="utf-8"))
    values["categories"].append({"id": 2, "name": "car"})
    values["annotations"].append({"id": 9, "image_id": 1, "category_id": 2, "bbox": [0, 0, 50, 50]})
    values["images"].append({"id": 9, "file_name": "phone.heic", "width": 96, "height": 64})
    path.write_text(json.dumps(values), encoding="utf-8")
    (tmp_path / "set" / "images" / "phone.heic").write_bytes(b"ftypheic")
    report = _import(tmp_path / "set", tmp_path / "out")
    assert sorted(note.reason for note in report.notes.omissions) == [
        "a class that isn't one of plates",
        "a kind of picture that lpr doesn't read",
        "the same picture as another",
    ]


def test_names_that_are_taken_get_their_folders_in_front() -> None:
    """Two folders' pictures of one name, also where only capitals differ, both find room."""
    root = Path("set")
    paths = [root / "a" / "1.jpg", root / "b" / "1.JPG", root / "c" / "b_1.jpg", root / "b" / "1.jpg"]
    assert unique_names(paths, root) == ["1.jpg", "b_1.JPG", "c_b_1.jpg", "1_2.jpg"]


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("train", "train"),
        ("instances_val2017", "val"),
        ("valid", "val"),
        ("rec_gt_test", "test"),
        ("trained", ""),
        ("", ""),
    ],
)
def test_splits_in_names(name: str, split: str) -> None:
    """A word of its own names a split; a part of a word doesn't."""
    assert split_word(name) == split


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("बा२प१२३४.jpg", "बा२प१२३४"),
        ("बा२प+१२३४_007.jpg", "बा२प+१२३४"),
        ("007_KA01AB1234.png", "KA01AB1234"),
        ("बा २ प १२३४ (2).jpg", "बा २ प १२३४"),
        ("IMG_2024.jpg", ""),
        ("crop12.jpg", ""),
        ("DSC0001.jpg", ""),
        ("0001.jpg", ""),
    ],
)
def test_texts_in_names(name: str, text: str) -> None:
    """Counters, copies' marks and cameras' words are no part of a text."""
    assert text_in_name(Path(name)) == text

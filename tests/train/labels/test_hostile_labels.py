"""Label files that are broken, lie, or mean harm: one line says so, the rest goes on, nothing is left half written."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tests.support.crops_on_disk import noise
from tests.support.label_formats import CROPS, PHOTOGRAPHS, Drawn, Labelled
from tests.support.malformed import damage

from lpr_edge.contract.base.errors import DataError, LprError
from lpr_edge.contract.countries import load_country
from lpr_edge.contract.data.plate_photos import load_crops, load_plates
from lpr_train.app.cli import main
from lpr_train.labels.import_labels import ImportOptions, import_labels
from lpr_train.labels.report import ImportReport

NEPAL = load_country("nepal")
QUAD = ((10.0, 10.0), (50.5, 12.0), (50.0, 30.0), (10.0, 28.0))
PICTURES = (".jpg", ".png")
ROUNDS = 25


@pytest.fixture
def labelled(tmp_path: Path) -> list[Labelled]:
    """Four small pictures with a plate each."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    found = []
    for number in range(4):
        path = folder / f"बा१प+{number}.png"
        cv2.imwrite(str(path), noise(number, (64, 96)))
        found.append(
            Labelled(path, (96, 64), "test" if number == 0 else "train", (Drawn(QUAD, ("बा१प", str(number))),))
        )
    return found


def _import(folder: Path, out: Path, **options: Any) -> ImportReport:
    return import_labels(folder, out, ImportOptions(NEPAL, **options))


def _label_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix not in PICTURES)


def _beside(out: Path) -> list[str]:
    """What lies beside the output's folder and may be a remainder."""
    return [path.name for path in out.parent.iterdir() if path.name.startswith(f".{out.name}")]


def _check_outcome(source: Path, out: Path, name: str) -> None:
    """Either labels that lpr reads, or one line and no folder; never a remainder."""
    problem = ""
    try:
        _import(source, out, format=name)
    except LprError as error:
        problem = str(error)
    assert bool(problem) != out.exists()
    assert "\n" not in problem
    assert _beside(out) == []
    if out.exists():
        assert load_plates(out) if (out / "plates").exists() else load_crops(out)


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_damaged_labels_never_crash(name: str, labelled: Sequence[Labelled], tmp_path: Path) -> None:
    """Whatever happens to a label file, the import ends with labels that lpr reads, or with one line and no folder."""
    rng = np.random.default_rng(7)
    PHOTOGRAPHS[name](labelled, tmp_path / "set")
    files = _label_files(tmp_path / "set")
    sound = {path: path.read_bytes() for path in files}
    for number in range(ROUNDS):
        path = files[number % len(files)]
        path.write_bytes(damage(sound[path], rng))
        out = tmp_path / f"out{number}"
        _check_outcome(tmp_path / "set", out, name)
        path.write_bytes(sound[path])


@pytest.mark.parametrize("name", ["fast-plate-ocr", "paddleocr"])
def test_damaged_tables_of_crops_never_crash(name: str, labelled: Sequence[Labelled], tmp_path: Path) -> None:
    """The same holds for tables of crops."""
    rng = np.random.default_rng(8)
    CROPS[name](labelled, tmp_path / "set")
    path = _label_files(tmp_path / "set")[-1]
    sound = path.read_bytes()
    for number in range(ROUNDS):
        path.write_bytes(damage(sound, rng))
        out = tmp_path / f"out{number}"
        _check_outcome(tmp_path / "set", out, name)


def test_entities_are_refused(labelled: Sequence[Labelled], tmp_path: Path) -> None:
    """An XML file that could grow to gigabytes is refused unread; the other annotations are taken."""
    PHOTOGRAPHS["voc"](labelled, tmp_path / "set")
    bomb = '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><annotation><filename>&b;</filename></annotation>'
    victim = _label_files(tmp_path / "set")[-1]
    victim.write_text(bomb, encoding="utf-8")
    report = _import(tmp_path / "set", tmp_path / "out")
    assert any("declares entities" in note.detail for note in report.notes.omissions)
    assert len(load_plates(tmp_path / "out")) == 3


def test_a_label_cannot_fetch_a_file_from_elsewhere(labelled: Sequence[Labelled], tmp_path: Path) -> None:
    """A path out of the data set finds nothing: only pictures inside it are taken."""
    secret = tmp_path / "secret.png"
    cv2.imwrite(str(secret), noise(99))
    PHOTOGRAPHS["paddleocr"](labelled, tmp_path / "set")
    with (tmp_path / "set" / "Label_train.txt").open("a", encoding="utf-8") as file:
        file.write("../secret.png\t[]\n" + f"{secret}\t[]\n")
    report = _import(tmp_path / "set", tmp_path / "out")
    missing = [note.detail for note in report.notes.omissions if note.reason == "the picture isn't there"]
    assert missing == ["../secret.png", str(secret)]
    assert not (tmp_path / "out" / "plates" / "images" / "secret.png").exists()


@pytest.mark.parametrize(
    ("points", "problem"),
    [
        ([[10, 10], [50, 10], [50, 10], [10, 10]], "it encloses nothing"),
        ([[200, 200], [250, 201], [250, 220], [200, 221]], "it lies outside the picture"),
        ([[10, 10], [20, 20.5], [30, 30], [40, 40]], "make no plate"),
        ([[10, 10], [20, 20]], "2 points, and a plate has four corners"),
        ([[float("nan"), 1], [50, 10], [50, 30], [10, 30]], "no place in a picture"),
        ([["x", 1], [50, 10], [50, 30], [10, 30]], "could not convert"),
    ],
)
def test_impossible_shapes_are_left_out_alone(
    points: list[list[Any]], problem: str, labelled: Sequence[Labelled], tmp_path: Path
) -> None:
    """A shape that can't be a plate is named; the picture's other plates are kept."""
    PHOTOGRAPHS["labelme"](labelled, tmp_path / "set")
    path = _label_files(tmp_path / "set")[0]
    values = json.loads(path.read_text(encoding="utf-8"))
    values["shapes"].append({"label": "plate", "points": points, "shape_type": "polygon"})
    path.write_text(json.dumps(values), encoding="utf-8")
    report = _import(tmp_path / "set", tmp_path / "out")
    (note,) = report.notes.omissions
    assert problem in note.detail
    assert sum(len(photo.plates) for photo in load_plates(tmp_path / "out")) == 4


def test_a_broken_picture_does_not_end_an_import(labelled: Sequence[Labelled], tmp_path: Path) -> None:
    """It is named, and the others are taken."""
    PHOTOGRAPHS["coco"](labelled, tmp_path / "set")
    next((tmp_path / "set" / "images").iterdir()).write_bytes(b"<html>404</html>")
    report = _import(tmp_path / "set", tmp_path / "out")
    assert [note.reason for note in report.notes.omissions] == ["the picture can't be used"]
    assert len(load_plates(tmp_path / "out")) == 3


def test_an_existing_folder_is_never_written_into(labelled: Sequence[Labelled], tmp_path: Path) -> None:
    """A second import names the folder, and leaves it as it is."""
    PHOTOGRAPHS["coco"](labelled, tmp_path / "set")
    _import(tmp_path / "set", tmp_path / "out")
    before = sorted(tmp_path.joinpath("out").rglob("*"))
    with pytest.raises(LprError, match="exists already: give --out a new folder"):
        _import(tmp_path / "set", tmp_path / "out")
    assert sorted(tmp_path.joinpath("out").rglob("*")) == before


def test_a_stopped_import_leaves_nothing(
    labelled: Sequence[Labelled], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C while pictures are copied: status 130, no folder, no remainder."""
    PHOTOGRAPHS["coco"](labelled, tmp_path / "set")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("lpr_train.labels.import_labels.shutil.copyfile", interrupted)
    assert main(["import", str(tmp_path / "set"), "--out", str(tmp_path / "out")]) == 130
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pictures", "set"]


def test_a_full_disk_is_one_line(
    labelled: Sequence[Labelled], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No room while pictures are copied: status 1, one line, no folder, no remainder."""
    PHOTOGRAPHS["coco"](labelled, tmp_path / "set")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "x.png")

    monkeypatch.setattr("lpr_train.labels.import_labels.shutil.copyfile", full)
    assert main(["import", str(tmp_path / "set"), "--out", str(tmp_path / "out")]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "No space left on device" in line
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pictures", "set"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda _: None, "no folder or file"),
        (lambda folder: folder.mkdir(), "has 0 pictures and 0 other files, and labels of no format"),
        (lambda folder: folder.with_suffix(".zip").write_bytes(b"PK"), "is an archive: unpack it"),
        (lambda folder: (folder.mkdir(), (folder / "labels.jsonl").touch()), "lpr's own format"),
    ],
)
def test_a_source_that_is_none(make: Any, message: str, tmp_path: Path) -> None:
    """What can't be imported is said with the next step."""
    make(tmp_path / "set")
    archive = (tmp_path / "set").with_suffix(".zip")
    with pytest.raises(DataError, match=message):
        _import(archive if archive.exists() else tmp_path / "set", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_labels_of_two_tools_need_a_choice(labelled: Sequence[Labelled], tmp_path: Path) -> None:
    """A folder with labels of two formats is not guessed at; --format chooses."""
    PHOTOGRAPHS["coco"](labelled, tmp_path / "set")
    for one in labelled:
        (tmp_path / "set" / "images" / f"{one.path.stem}.txt").write_text("0 0.5 0.5 0.3 0.2\n")
    with pytest.raises(DataError, match="has labels of yolo and coco: choose one by --format"):
        _import(tmp_path / "set", tmp_path / "out")
    assert _import(tmp_path / "set", tmp_path / "out", format="yolo").format == "yolo"


def test_nothing_to_take_names_the_first_reason(labelled: Sequence[Labelled], tmp_path: Path) -> None:
    """Labels without their pictures: the error says which is missing, and how to say where they are."""
    PHOTOGRAPHS["cvat"](labelled, tmp_path / "set")
    for path in (tmp_path / "set" / "images").iterdir():
        path.unlink()
    missing = r"nothing to import from .* \(annotations.xml, image 0: the picture isn't there"
    with pytest.raises(DataError, match=missing + ".*Give --images the folder of the pictures$"):
        _import(tmp_path / "set", tmp_path / "out")

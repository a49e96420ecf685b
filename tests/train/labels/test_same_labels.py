"""The same rendered photographs, written by each tool, give the same labels."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tests.support.label_formats import CROPS, PHOTOGRAPHS, Drawn, Labelled

from lpr_edge.contract.base.pictures import read_picture
from lpr_edge.contract.countries import load_country
from lpr_edge.contract.country import Country
from lpr_edge.contract.geometry import rectify
from lpr_train.app.cli import main
from lpr_train.inspect.check import check_folder
from lpr_train.labels.corners import own_order
from lpr_train.labels.import_labels import ImportOptions, import_labels
from lpr_train.labels.splits import vehicles_of
from lpr_train.render.scene.scenes import SceneRenderer

COUNT = 60


@pytest.fixture(scope="module")
def nepal() -> Country:
    """The country that lpr carries."""
    return load_country("nepal")


@pytest.fixture(scope="module")
def photographs(nepal: Country, tmp_path_factory: pytest.TempPathFactory) -> list[Labelled]:
    """Sixty rendered streets; none with a plate upside down, which a polygon can't tell from one drawn so."""
    folder = tmp_path_factory.mktemp("rendered")
    renderer = SceneRenderer(nepal)
    found: list[Labelled] = []
    seed = 0
    while len(found) < COUNT:
        seed += 1
        scene = renderer.render(np.random.default_rng(seed), (240, 320))
        plates = tuple(
            Drawn(
                tuple((float(x), float(y)) for x, y in np.round(plate.quad_xy.astype(float), 2)),
                tuple("".join(row) for row in plate.rows),
            )
            for plate in scene.plates
        )
        if not plates or any(not _keeps_its_start(plate) for plate in plates):
            continue
        path = folder / f"street {len(found):03}.jpg"
        cv2.imwrite(str(path), scene.image_bgr)
        found.append(Labelled(path, (320, 240), "", plates))
    return _parted(found)


def _keeps_its_start(plate: Drawn) -> bool:
    quad = np.array(plate.quad, np.float32)
    return bool((own_order(quad) == quad).all())


def _parted(labelled: list[Labelled]) -> list[Labelled]:
    """A split in which vehicles don't mix already."""
    vehicles = vehicles_of([["".join(plate.rows) for plate in one.plates] for one in labelled])
    splits = ["test" if vehicle % 4 == 0 else "train" for vehicle in vehicles]
    return [Labelled(one.path, one.size_wh, split, one.plates) for one, split in zip(labelled, splits, strict=True)]


@pytest.fixture(scope="module")
def crops(photographs: list[Labelled], tmp_path_factory: pytest.TempPathFactory) -> list[Labelled]:
    """Their first plates, cut out, named by their texts."""
    folder = tmp_path_factory.mktemp("crops")
    found = []
    for number, one in enumerate(photographs):
        plate = one.plates[0]
        if "".join(plate.rows).isascii():
            continue  # a Latin text and a counter read alike where only a name tells them
        image = rectify(read_picture(one.path), np.array(plate.quad, np.float32), (64, 128))
        path = folder / f"{plate.text.replace('|', '+')}_{number:03}.png"
        cv2.imwrite(str(path), image)
        found.append(Labelled(path, (128, 64), one.split, (plate,)))
    return found


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_each_format_gives_the_same_labels(
    name: str, photographs: list[Labelled], nepal: Country, tmp_path: Path
) -> None:
    """Corners, rows, kinds and splits come out as they were rendered, whatever tool wrote them; nothing is left out."""
    PHOTOGRAPHS[name](photographs, tmp_path / "set")
    report = import_labels(tmp_path / "set", tmp_path / "out", ImportOptions(nepal, name="made"))
    assert (report.format, report.notes.omissions) == (name, [])
    lines = _lines(tmp_path / "out" / "plates" / "labels.jsonl")
    assert [line["image"] for line in lines] == [one.path.name for one in photographs]
    for line, one in zip(lines, photographs, strict=True):
        assert (line["width"], line["height"], line["split"], line["source"]) == (*one.size_wh, one.split, "made")
        expected = [([list(point) for point in plate.quad], list(plate.rows)) for plate in one.plates]
        assert [(plate["quad"], plate["rows"]) for plate in line["plates"]] == expected
        assert {(plate["legible"], plate["corners"]) for plate in line["plates"]} == {("full", "hand")}
    assert check_folder(tmp_path / "out", nepal).errors == 0


def test_the_labels_files_are_equal_byte_for_byte(photographs: list[Labelled], nepal: Country, tmp_path: Path) -> None:
    """No format leaves a trace of its own in labels.jsonl."""
    written = set()
    for name, write in PHOTOGRAPHS.items():
        write(photographs[:12], tmp_path / name)
        import_labels(tmp_path / name, tmp_path / f"{name}-out", ImportOptions(nepal, name="made"))
        written.add((tmp_path / f"{name}-out" / "plates" / "labels.jsonl").read_bytes())
    assert len(written) == 1


@pytest.mark.parametrize("name", CROPS)
def test_each_format_of_crops_gives_the_same_labels(
    name: str, crops: list[Labelled], nepal: Country, tmp_path: Path
) -> None:
    """A crop's plate fills the picture, and its rows are those of the text."""
    CROPS[name](crops, tmp_path / "set")
    report = import_labels(tmp_path / "set", tmp_path / "out", ImportOptions(nepal, name="made"))
    assert (report.format, report.notes.omissions) == (name, [])
    lines = {line["image"]: line for line in _lines(tmp_path / "out" / "crops" / "labels.jsonl")}
    assert set(lines) == {one.path.name for one in crops}
    for one in crops:
        line = lines[one.path.name]
        (plate,) = line["plates"]
        assert (line["split"], plate["rows"]) == (one.split, list(one.plates[0].rows))
        assert plate["quad"] == [[0, 0], [128, 0], [128, 64], [0, 64]]
    assert check_folder(tmp_path / "out", nepal).errors == 0


def test_the_command_says_what_was_taken(
    photographs: list[Labelled], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`lpr-train import` prints counts and the next command, and keeps every note in import.json."""
    PHOTOGRAPHS["cvat"](photographs[:8], tmp_path / "my gate")
    assert main(["import", str(tmp_path / "my gate"), "--out", str(tmp_path / "out")]) == 0
    shown = capsys.readouterr().out
    assert "CVAT for images (XML), from " in shown
    assert f"Next: lpr-train check --data {tmp_path / 'out'}" in shown
    kept = json.loads((tmp_path / "out" / "import.json").read_text(encoding="utf-8"))
    assert sum(kept["taken"]["photographs"].values()) == 8
    assert _lines(tmp_path / "out" / "plates" / "labels.jsonl")[0]["source"] == "my gate"

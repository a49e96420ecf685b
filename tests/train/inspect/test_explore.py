import json
import re
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from lpr_edge.contract.base.pictures import read_picture
from lpr_edge.contract.countries import load_country
from lpr_train.app.cli import main
from lpr_train.inspect.explore import explore
from lpr_train.inspect.explore_plots import picture_tile, plot_counts, spread

NEPAL = load_country("nepal")


@pytest.fixture
def characters(tmp_path: Path) -> Path:
    """Ten pictures a class, but seven of the first and eight of the second."""
    root = tmp_path / "characters"
    for number, name in enumerate(NEPAL.characters):
        (root / name).mkdir(parents=True)
        for place in range({0: 7, 1: 8}.get(number, 10)):
            crop = np.random.default_rng((number, place)).integers(0, 255, (24, 20, 3), np.uint8)
            cv2.imwrite(str(root / name / f"{place}.png"), crop)
    return root


def test_rare_classes_are_those_below_four_fifths(characters: Path, tmp_path: Path) -> None:
    """Measured against the median class; four fifths themselves are enough."""
    found = explore(characters, NEPAL, tmp_path / "out")
    assert found.counts == {"०": 7, "१": 8} | dict.fromkeys(list(NEPAL.characters.values())[2:], 10)
    assert found.rare == ("०",)


def test_copies_and_faults_are_named_and_the_rest_is_shown(
    characters: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A copy across classes, a broken picture and an empty class don't end the look; all are on stdout."""
    shutil.copy(characters / "3" / "1.png", characters / "4" / "1.png")
    (characters / "5" / "2.png").write_text("no picture")
    for path in (characters / "pa").iterdir():
        path.unlink()
    assert main(["explore", "--data", str(tmp_path), "--out", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    assert "copies of another picture, byte for byte: 1" in printed
    assert "5/2.png: can't be read" in printed
    assert "the class 'pa' has no pictures" in printed
    assert "under-represented, below 80% of the median class: ०, प" in printed


def test_pictures_and_a_page_that_holds_them(characters: Path, tmp_path: Path) -> None:
    """Four PNGs that show something, and one HTML file that needs no other."""
    explore(characters, NEPAL, tmp_path / "out")
    for name in ("counts.png", "samples.png", "sizes.png"):
        assert read_picture(tmp_path / "out" / name).std() > 5
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == 4
    assert re.findall(r'(?:src|href)="(?!data:)', page) == []
    assert "under-represented, below 80% of the median class: ०" in page


def test_plates_are_counted_and_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Training plates of each source with their texts, without any characters beside; loose boxes aren't drawn."""
    images = tmp_path / "plates" / "images"
    images.mkdir(parents=True)
    lines = []
    for number, corners in enumerate(("hand", "box")):
        picture = np.random.default_rng(number).integers(0, 255, (80, 120, 3), np.uint8)
        cv2.imwrite(str(images / f"{number}.png"), picture)
        plate = {
            "quad": [[10, 10], [90, 12], [90, 50], [10, 48]],
            "rows": ["बा१प"],
            "legible": "full",
            "corners": corners,
        }
        about = {"image": f"{number}.png", "width": 120, "height": 80, "split": "train", "source": "road"}
        lines.append(json.dumps(about | {"plates": [plate | {"kind": "devanagari"}]}))
    (tmp_path / "plates" / "labels.jsonl").write_text("\n".join(lines), encoding="utf-8")
    assert main(["explore", "--data", str(tmp_path), "--out", str(tmp_path / "out")]) == 0
    assert "plates by corners: hand 1, box 1" in capsys.readouterr().out
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["index.html", "plates.png"]
    sheet = read_picture(tmp_path / "out" / "plates.png")
    assert sheet[:72, 160:280].std() > 20
    assert sheet[:, 320:].min() == 255
    assert (tmp_path / "out" / "index.html").read_text(encoding="utf-8").count("data:image/png;base64,") == 1


def test_a_folder_of_nothing_readable_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line that names the command that lists the faults."""
    (tmp_path / "0").mkdir()
    (tmp_path / "0" / "a.png").write_text("no picture")
    assert main(["explore", "--data", str(tmp_path), "--out", str(tmp_path / "out")]) == 1
    assert "can be read: lpr-train check --data" in capsys.readouterr().err


def test_a_rare_class_is_red(tmp_path: Path) -> None:
    """The other bars are green, each as long as its count."""
    plot_counts({"०": 5, "१": 10}, ["०"], tmp_path / "counts.png")
    picture = read_picture(tmp_path / "counts.png").astype(int)
    red, green = picture[20, 95], picture[64, 95]
    assert red[2] > red[1] + 50
    assert green[1] > green[2] + 50
    assert (picture[64, 90 + 630] == green).all()


def test_samples_are_spread_over_the_folder() -> None:
    """First and last, and what lies between; all of a few; none of nothing."""
    assert spread(100, 3) == [0, 49, 99]
    assert spread(2, 5) == [0, 1]
    assert spread(0, 5) == []


def test_a_tile_keeps_the_shape() -> None:
    """A wide picture is as wide as the tile and stays wide."""
    tile = picture_tile(np.zeros((10, 40, 3), np.uint8))
    rows, columns = np.nonzero((tile == 0).all(axis=2))
    assert (int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1) == (16, 64)
